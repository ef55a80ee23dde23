import { ProcessorError } from '../errors/processor-error.ts';

/**
 * An instant: a whole number of milliseconds since 1970-01-01T00:00:00Z, |t| ≤ 8.64e15, or ±∞ for watermarks.
 * A flavoured number: plain numbers fit, a {@link Millis} does not.
 */
export type Instant = number & { readonly __unit?: 'instant' };

/** A length of time in milliseconds. */
export type Millis = number & { readonly __unit?: 'millis' };

/** The furthest instant from 1970 that a `Date` can hold, in ms. */
export const MAX_INSTANT = 8.64e15;

/** True for a whole number of milliseconds that a `Date` can hold. */
export function isInstant(value: number): value is Instant {
  return Number.isInteger(value) && value >= -MAX_INSTANT && value <= MAX_INSTANT;
}

/**
 * The instant of a `Date` or of milliseconds; never −0.
 * @throws ProcessorError TIMESTAMP_INVALID where there is none.
 */
export function toInstant(value: Date | number): Instant {
  const at = typeof value === 'number' ? value : value.getTime();
  if (!isInstant(at)) {
    throw new ProcessorError(
      'configuration',
      'TIMESTAMP_INVALID',
      `not an instant: ${String(at)}; expected a whole number of milliseconds within ±8.64e15`,
    );
  }
  return at + 0;
}

/** Most results share their instants with the ones before: texts made lately, by instant. */
const recentTexts = new Map<Instant, string>();
const MAX_RECENT_TEXTS = 256;

/** ISO 8601 in UTC with milliseconds; `-infinity` and `+infinity` for the two ends of a watermark. */
export function formatInstant(at: Instant): string {
  if (at === Infinity) return '+infinity';
  if (at === -Infinity) return '-infinity';
  // The window around the very first or last instant reaches beyond what a calendar can write.
  if (!isInstant(at)) return String(at);
  const known = recentTexts.get(at);
  if (known !== undefined) return known;
  if (recentTexts.size >= MAX_RECENT_TEXTS) recentTexts.clear();
  const text = new Date(at).toISOString();
  recentTexts.set(at, text);
  return text;
}
