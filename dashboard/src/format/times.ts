const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** `2 Mar 2026`, in the reader's time zone. */
export function formatDay(instant: string | number): string {
  return date.format(new Date(instant));
}

/** `14:05:09`, in the reader's time zone. */
function formatTime(instant: string | number): string {
  return time.format(new Date(instant));
}

/** `14:05:09`, with the day before it where that is not the day of `now`. */
export function formatMoment(instant: string | number, now: number): string {
  const day = formatDay(instant);
  return day === formatDay(now) ? formatTime(instant) : `${day}, ${formatTime(instant)}`;
}

/** A span of time: `14:05:00 – 14:05:05`, with the day before it where that is not the day of `now`. */
export function formatWindow(start: string | number, end: string | number, now: number): string {
  return `${formatMoment(start, now)} – ${formatTime(end)}`;
}

/** The reader's time zone, as people know it. */
export function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
