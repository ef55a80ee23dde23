import { isInstant, type Instant } from './instant.ts';

/** What a number in the place of a timestamp counts. */
export type TimestampUnit = 's' | 'ms' | 'us' | 'ns';

/** Placeholder module: completed with the decoder. */
export function instantOfNumber(value: number, unit: TimestampUnit): Instant | undefined {
  const factor = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 }[unit];
  const at = Math.floor(value * factor);
  return isInstant(at) ? at : undefined;
}
