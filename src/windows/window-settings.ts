import { ProcessorError } from '../errors/processor-error.ts';
import { formatDuration, MAX_DURATION, parseDuration, type Duration } from '../time/duration.ts';
import type { Millis } from '../time/instant.ts';
import type { WindowOptions } from './window-assigner.ts';

/**
 * A size, slide or gap in ms: more than nothing.
 * @throws ProcessorError DURATION_INVALID for what is no duration, WINDOW_INVALID for 0.
 */
export function windowLength(length: Duration, what: string): Millis {
  const ms = parseDuration(length, what);
  if (ms === 0) throw new ProcessorError('window-assignment', 'WINDOW_INVALID', `${what} must be longer than 0`);
  return ms;
}

/**
 * An offset in ms. Text is a duration and so never negative; a number may be.
 * @throws ProcessorError DURATION_INVALID for text that is no duration, WINDOW_INVALID for a number out of range.
 */
export function windowOffset(offset: Duration): Millis {
  if (typeof offset !== 'number') return parseDuration(offset, 'window offset');
  if (!Number.isInteger(offset) || Math.abs(offset) > MAX_DURATION) {
    throw new ProcessorError(
      'window-assignment',
      'WINDOW_INVALID',
      `window offset: ${String(offset)} is not a whole number of milliseconds within ±${String(MAX_DURATION)}`,
    );
  }
  return offset + 0;
}

/** Allowed lateness in ms; undefined where none was set. @throws ProcessorError DURATION_INVALID. */
export function windowLateness(lateness: Duration | undefined): Millis | undefined {
  return lateness === undefined ? undefined : parseDuration(lateness, 'allowed lateness');
}

/** Options again, without those that are not set. */
export function windowOptions(offset: Duration, allowedLateness: Duration | undefined): WindowOptions {
  return allowedLateness === undefined ? { offset } : { offset, allowedLateness };
}

/** `, offset=-3ms`; nothing where there is no offset. */
export function describeOffset(offsetMs: Millis): string {
  if (offsetMs === 0) return '';
  return `, offset=${offsetMs < 0 ? '-' : ''}${formatDuration(Math.abs(offsetMs))}`;
}
