import { readDecimalInstant } from './decimal-instant.ts';
import { isInstant, type Instant } from './instant.ts';
import { readRfc3339 } from './rfc3339.ts';

/** What a number in the place of a timestamp counts, since 1970. */
export type TimestampUnit = 's' | 'ms' | 'us' | 'ns';

const SHIFTS: Readonly<Record<TimestampUnit, number>> = { s: 3, ms: 0, us: -3, ns: -6 };

const encoder = new TextEncoder();
const cell = new Float64Array(1);

/** How many places right the decimal point moves from this unit to ms: 3 for `s`, −6 for `ns`. */
export function decimalShiftOf(unit: TimestampUnit): number {
  return SHIFTS[unit];
}

/**
 * The instant that a number stands for, rounded toward −∞ to ms; undefined for NaN, infinities and what is out of
 * range. The number is taken as the decimal that it prints as: 1700158503.979 s is 1700158503979 ms.
 */
export function instantOfNumber(value: number, unit: TimestampUnit): Instant | undefined {
  if (!Number.isFinite(value)) return undefined;
  if (unit === 'ms') return rangeChecked(Math.floor(value));
  if (unit === 's' && Number.isInteger(value)) return rangeChecked(value * 1000);
  return instantOfDecimal(String(value), unit);
}

/** The instant of a decimal number's text, exact for any number of digits; undefined where it is out of range. */
export function instantOfDecimal(text: string, unit: TimestampUnit): Instant | undefined {
  const bytes = encoder.encode(text);
  return readDecimalInstant(bytes, 0, bytes.length, SHIFTS[unit], cell, 0) ? cell[0] : undefined;
}

/** The instant of an RFC 3339 text by the rules of {@link readRfc3339}; undefined where it is none. */
export function instantOfText(text: string): Instant | undefined {
  const bytes = encoder.encode(text);
  return readRfc3339(bytes, 0, bytes.length, cell, 0) ? cell[0] : undefined;
}

function rangeChecked(at: number): Instant | undefined {
  // Adding 0 turns −0 into 0.
  return isInstant(at) ? at + 0 : undefined;
}
