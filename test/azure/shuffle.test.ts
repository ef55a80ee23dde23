import fc from 'fast-check';
import { expect, it } from 'vitest';
import { disorderOf, shuffleWithin } from './shuffle.ts';

const rows = (gaps: readonly number[]): { timestamp: number; row: number }[] => {
  let timestamp = -500;
  return gaps.map((gap, row) => ({ timestamp: (timestamp += gap), row }));
};

it('a shuffle keeps every row, and no row more than the disorder behind', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.nat(200), fc.integer(), (gaps, disorderMs, seed) => {
      const original = rows(gaps);
      const shuffled = shuffleWithin(original, disorderMs, seed);
      expect(shuffled.toSorted((a, b) => a.row - b.row)).toEqual(original);
      expect(disorderOf(shuffled)).toBeLessThanOrEqual(disorderMs);
    }),
    { seed: 5 },
  );
});

it('a shuffle is the same for the same seed, and another for another', () => {
  const original = rows(Array.from({ length: 200 }, () => 3));
  expect(shuffleWithin(original, 100, 1)).toEqual(shuffleWithin(original, 100, 1));
  expect(shuffleWithin(original, 100, 1)).not.toEqual(shuffleWithin(original, 100, 2));
  expect(disorderOf(shuffleWithin(original, 100, 1))).toBeGreaterThan(80);
});
