import { formatInstant, type Instant } from '../../time/instant.ts';

const FINE_BELOW_MS = 60_000;

/** The day of an instant in UTC, `2023-11-16`; the whole number where it is beyond the calendar. */
export function formatDay(at: Instant): string {
  return formatInstant(at).split('T')[0] ?? '';
}

/** A window's times of day in UTC: `18:15:00 – 18:15:05`. Milliseconds only where the window is short and has some. */
export function formatSpan(start: Instant, end: Instant): string {
  const fine = end - start < FINE_BELOW_MS && (start % 1000 !== 0 || end % 1000 !== 0);
  return `${formatTime(start, fine)} – ${formatTime(end, fine)}`;
}

/** The days of a window: one, or two with "to" between them. A window that ends at midnight is of one day. */
export function formatDays(start: Instant, end: Instant): string {
  const first = formatDay(start);
  const last = formatDay(end - 1);
  return first === last ? first : `${first} to ${last}`;
}

function formatTime(at: Instant, fine: boolean): string {
  const time = formatInstant(at).split('T')[1];
  return time === undefined ? String(at) : time.slice(0, fine ? 12 : 8);
}
