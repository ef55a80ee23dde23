import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SketchBins } from './sketch-bins.ts';

const ACCURACIES = [0.5, 0.1, 0.02, 0.01, 0.001, 0.0001, 0.00001, 0.99];
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

/** The double `steps` representable numbers above a positive one. */
function neighbor(value: number, steps: number): number {
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  return new Float64Array(BigInt64Array.of((bits[0] ?? 0n) + BigInt(steps)).buffer)[0] ?? 0;
}

function within(alpha: number, estimate: number, value: number): boolean {
  // Halved, so that the difference of opposite giants would show and not overflow.
  return Math.abs(estimate / 2 - value / 2) <= (alpha * Math.abs(value)) / 2 || estimate === value;
}

describe.each(ACCURACIES)('bins of relative accuracy %d', (alpha) => {
  const bins = new SketchBins(alpha);

  it('estimate any double within the accuracy', () => {
    fc.assert(
      fc.property(finite, (value) => {
        const estimate = bins.estimateOf(bins.keyOf(value));
        expect(within(alpha, estimate, value)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('estimate the powers of γ and their neighbors within the accuracy', () => {
    const gamma = (1 + alpha) / (1 - alpha);
    for (let power = -1000; power <= 1000; power += 1) {
      const edge = gamma ** power;
      if (edge === 0 || edge > 1e308) continue;
      for (const value of [neighbor(edge, -1), edge, neighbor(edge, 1)]) {
        expect(within(alpha, bins.estimateOf(bins.keyOf(value)), value)).toBe(true);
      }
    }
  });

  it('estimate the first and last value of each bin within the accuracy', () => {
    // The bounds are found by halving, between values of neighboring keys.
    for (const start of [1, 1e-300, 3e300, 2 ** -1040]) {
      let low = start;
      for (let bin = 0; bin < 40 && low < 1e307; bin += 1) {
        let high = low * 8;
        const key = bins.keyOf(low);
        let inside = low;
        for (let steps = 0; steps < 80 && neighbor(inside, 1) !== high; steps += 1) {
          const middle = inside + (high - inside) / 2;
          if (bins.keyOf(middle) === key) inside = middle;
          else high = middle;
        }
        const estimate = bins.estimateOf(key);
        expect([within(alpha, estimate, low), within(alpha, estimate, inside)]).toEqual([true, true]);
        expect(bins.keyOf(high)).toBe(key + 1);
        low = high;
      }
    }
  });

  it('have keys in the order of values, the same on both sides of zero', () => {
    fc.assert(
      fc.property(finite, finite, (a, b) => {
        const [keyA, keyB] = [bins.keyOf(a), bins.keyOf(b)];
        expect(a < b ? keyA <= keyB : keyA >= keyB).toBe(true);
        expect(bins.keyOf(-a) + keyA).toBe(0);
        expect(Math.abs(keyA)).toBeLessThanOrEqual(bins.maxKey);
      }),
    );
  });

  it.each([0, 5e-324, 1e-323, 2.5e-322, 2 ** -1022, neighbor(2 ** -1022, -1), 1e308, Number.MAX_VALUE])(
    'hold %d and its opposite',
    (value) => {
      expect(within(alpha, bins.estimateOf(bins.keyOf(value)), value)).toBe(true);
      expect(within(alpha, bins.estimateOf(bins.keyOf(-value)), -value)).toBe(true);
    },
  );
});

it('the default accuracy divides a doubling into 35 bins, as many as the logarithm would', () => {
  const bins = new SketchBins(0.01);
  expect(bins.keyOf(2) - bins.keyOf(1)).toBe(35);
});
