import type { Instant } from '../../time/instant.ts';

/** The first instant that a `timestamptz` holds: 4714-11-24 BC. Before it is `-infinity`. */
const FIRST = Date.UTC(-4713, 10, 24);

/** An instant as Postgres reads it, to the millisecond, whatever the session's settings. */
export function timestampText(instant: Instant): string {
  if (instant < FIRST) return '-infinity';
  const date = new Date(instant);
  const year = date.getUTCFullYear();
  const [month, day] = [date.getUTCMonth() + 1, date.getUTCDate()];
  // There is no year 0: the one before 1 is 1 BC.
  const digits = (year > 0 ? year : 1 - year).toString().padStart(4, '0');
  const time = date.toISOString().split('T')[1] ?? '';
  return `${digits}-${twoDigits(month)}-${twoDigits(day)} ${time.slice(0, -1)}+00${year > 0 ? '' : ' BC'}`;
}

function twoDigits(number: number): string {
  return number.toString().padStart(2, '0');
}
