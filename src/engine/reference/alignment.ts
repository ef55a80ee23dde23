import type { Instant, Millis } from '../../time/instant.ts';
import { tumblingStart } from '../../windows/window-arithmetic.ts';

/** Where windows that are aligned to the calendar of 1970 lie. Tumbling windows have slide = size. */
export interface Alignment {
  readonly sizeMs: Millis;
  readonly slideMs: Millis;
  readonly offsetMs: Millis;
}

/** Start of the last window that can hold an instant. */
export function lastStartAt(at: Instant, { slideMs, offsetMs }: Alignment): Instant {
  return tumblingStart(at, slideMs, offsetMs);
}

/** Windows that hold an instant besides the one that starts at `lastStart`; −1 if it lies in a gap. */
export function windowsBefore(at: Instant, lastStart: Instant, { sizeMs, slideMs }: Alignment): number {
  const reach = sizeMs - 1 - (at - lastStart);
  return reach < 0 ? -1 : Math.floor(reach / slideMs);
}
