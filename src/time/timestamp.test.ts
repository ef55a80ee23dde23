import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantOfDecimal, instantOfNumber, instantOfText, type TimestampUnit } from './timestamp.ts';

describe('instantOfNumber', () => {
  it.each<[number, TimestampUnit, number | undefined]>([
    [0, 'ms', 0],
    [-0, 'ms', 0],
    [-0, 's', 0],
    [-0.5, 'ms', -1],
    [1.5, 's', 1500],
    [1_700_158_503.979, 's', 1_700_158_503_979],
    [-1.0001, 's', -1001],
    [1_700_158_503_979_999, 'us', 1_700_158_503_979],
    [-1, 'us', -1],
    [-1000, 'us', -1],
    [1e18, 'ns', 1e12],
    [1.7e18, 'ns', 1.7e12],
    [8.64e15, 'ms', 8.64e15],
    [8.64e15 + 2, 'ms', undefined],
    [8.64e12, 's', 8.64e15],
    [8_640_000_000_001, 's', undefined],
    [8.64e21, 'ns', 8.64e15],
    [1e300, 'us', undefined],
    [5e-324, 's', 0],
    [-5e-324, 's', -1],
    [Number.NaN, 'ms', undefined],
    [Infinity, 's', undefined],
  ])('%d %s is %d ms', (value, unit, expected) => {
    expect(instantOfNumber(value, unit)).toBe(expected);
  });

  it('reads back whole milliseconds written as seconds, over all years', () => {
    const millis = fc.integer({ min: -253_402_300_799_999, max: 253_402_300_799_999 });
    fc.assert(
      fc.property(millis, (ms) => {
        expect(instantOfNumber(ms / 1000, 's')).toBe(ms);
      }),
    );
  });
});

describe('instantOfDecimal', () => {
  const shifts = { s: 3n, ms: 0n, us: -3n, ns: -6n } as const;

  it('floors exactly, for any number of digits', () => {
    const digits = fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: 1, maxLength: 24 });
    const exponent = fc.integer({ min: -30, max: 20 });
    const unit = fc.constantFrom<TimestampUnit>('s', 'ms', 'us', 'ns');
    fc.assert(
      fc.property(digits, digits, exponent, unit, fc.boolean(), (whole, fraction, power, scale, isNegative) => {
        const text = `${isNegative ? '-' : ''}${whole}.${fraction}e${String(power)}`;
        // The value times 10^80, so that all that is below is whole; then the floor.
        const places = BigInt(power) + shifts[scale] - BigInt(fraction.length) + 80n;
        const scaled = BigInt(whole + fraction) * 10n ** places * (isNegative ? -1n : 1n);
        const one = 10n ** 80n;
        const floor = scaled / one - (scaled < 0n && scaled % one !== 0n ? 1n : 0n);
        const isInRange = floor >= -8_640_000_000_000_000n && floor <= 8_640_000_000_000_000n;
        expect(instantOfDecimal(text, scale)).toBe(isInRange ? Number(floor) : undefined);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('instantOfText', () => {
  const instant = fc.integer({ min: Date.parse('0000-01-01T00:00:00Z'), max: 253_402_300_799_999 });

  it('reads back what a Date writes, for every year from 0000 to 9999', () => {
    fc.assert(
      fc.property(instant, fc.constantFrom('T', ' ', 't'), fc.constantFrom('Z', 'z', ''), (ms, between, zone) => {
        const text = new Date(ms).toISOString().replace('T', between).replace('Z', zone);
        expect(instantOfText(text)).toBe(ms);
      }),
      { numRuns: 1000 },
    );
  });

  it('agrees with Date.parse on offsets', () => {
    const two = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
    fc.assert(
      fc.property(instant, fc.constantFrom('+', '-'), two(23), two(59), (ms, sign, hours, minutes) => {
        const text = new Date(ms).toISOString().replace('Z', `${sign}${hours}:${minutes}`);
        expect(instantOfText(text)).toBe(Date.parse(text));
      }),
    );
  });

  it('agrees with the calendar on which days there are', () => {
    for (const year of [0, 4, 100, 400, 1900, 1999, 2000, 2023, 2024, 2100, 9999]) {
      for (let month = 0; month <= 13; month += 1) {
        for (let day = 0; day <= 32; day += 1) {
          const date = new Date(Date.UTC(2000, 0, 1));
          date.setUTCFullYear(year, month - 1, day);
          const isDay = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
          const pad = (n: number, length: number): string => String(n).padStart(length, '0');
          const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T00:00:00Z`;
          expect(instantOfText(text), text).toBe(isDay ? date.getTime() : undefined);
        }
      }
    }
  });

  it('takes no text with a byte changed for another form', () => {
    const text = '2023-11-16T18:17:03.979+05:30';
    for (let index = 0; index < text.length; index += 1) {
      const changed = `${text.slice(0, index)}x${text.slice(index + 1)}`;
      expect(instantOfText(changed), changed).toBeUndefined();
    }
  });
});
