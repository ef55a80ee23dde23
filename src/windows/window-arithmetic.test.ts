import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DURATION } from '../time/duration.ts';
import { MAX_INSTANT } from '../time/instant.ts';
import { firstSlidingStart, lastSlidingStart, tumblingStart } from './window-arithmetic.ts';

const anInstant = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.maxSafeInteger().filter((at) => Math.abs(at) <= MAX_INSTANT),
  fc.integer({ min: 0, max: 1000 }).map((back) => MAX_INSTANT - back),
  fc.integer({ min: 0, max: 1000 }).map((ahead) => ahead - MAX_INSTANT),
);
const aLength = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  fc.maxSafeInteger().map((n) => 1 + (Math.abs(n) % MAX_DURATION)),
  fc.constant(MAX_DURATION),
);
const anOffset = fc.oneof(
  fc.integer({ min: -30, max: 30 }),
  fc.maxSafeInteger().map((n) => n % (MAX_DURATION + 1)),
  fc.constantFrom(MAX_DURATION, -MAX_DURATION),
);

/** The greatest `n·step + offset ≤ at`, in integers without a bound. */
function greatestStart(at: bigint, step: bigint, offset: bigint): bigint {
  const remainder = (at - offset) % step;
  return at - (remainder < 0n ? remainder + step : remainder);
}

describe('window arithmetic', () => {
  it('is exact on every instant, size and offset, as arithmetic without a bound shows', () => {
    fc.assert(
      fc.property(anInstant, aLength, anOffset, (at, size, offset) => {
        const start = tumblingStart(at, size, offset);
        expect(BigInt(start)).toBe(greatestStart(BigInt(at), BigInt(size), BigInt(offset)));
        expect(start).not.toBe(-0);
      }),
      { numRuns: 5000 },
    );
  });

  it('is exact next to a boundary, where a rounded quotient would be off by one', () => {
    const aBoundary = fc.tuple(anInstant, aLength, anOffset, fc.constantFrom(-1, 0, 1));
    fc.assert(
      fc.property(aBoundary, ([near, size, offset, beside]) => {
        const at = Math.trunc(near / size) * size + offset + beside;
        fc.pre(Math.abs(at) <= MAX_INSTANT);
        const expected = greatestStart(BigInt(at), BigInt(size), BigInt(offset));
        expect(BigInt(tumblingStart(at, size, offset))).toBe(expected);
      }),
      { numRuns: 5000 },
    );
  });

  it('gives the first and the last sliding start exactly', () => {
    fc.assert(
      fc.property(anInstant, aLength, aLength, anOffset, (at, size, slide, offset) => {
        const [t, s, d, o] = [BigInt(at), BigInt(size), BigInt(slide), BigInt(offset)];
        expect(BigInt(lastSlidingStart(at, slide, offset))).toBe(greatestStart(t, d, o));
        expect(BigInt(firstSlidingStart(at, size, slide, offset))).toBe(greatestStart(t - s, d, o) + d);
      }),
      { numRuns: 5000 },
    );
  });

  it('never gives −0', () => {
    expect(tumblingStart(-0, 10, 0)).toBe(0);
    expect(tumblingStart(5, 10, -0)).toBe(0);
    expect(tumblingStart(0, 10, 10)).toBe(0);
    expect(firstSlidingStart(-0, 10, 10, 0)).toBe(0);
    expect(firstSlidingStart(9, 10, 5, 0)).toBe(0);
  });
});
