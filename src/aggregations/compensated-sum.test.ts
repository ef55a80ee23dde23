import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompensatedSum } from './compensated-sum.ts';

function sumOf(values: readonly number[]): CompensatedSum {
  const sum = new CompensatedSum();
  for (const value of values) sum.add(value);
  return sum;
}

describe('CompensatedSum', () => {
  it.each([
    [[], 0],
    [[1, 1e100, 1, -1e100], 2],
    [[1e16, 1, -1e16], 1],
    [[0.1, 0.2, -0.3], 2 ** -55],
    [[-0], 0],
  ])('of %j is %d', (values, total) => {
    expect(sumOf(values).total()).toBe(total);
  });

  it('keeps what rounding took away through merges, however the values are split', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 1e100, 1, -1e100], { minLength: 4 }), fc.nat(4), (values, cut) => {
        const left = sumOf(values.slice(0, cut));
        left.merge(sumOf(values.slice(cut)));
        expect(left.total()).toBe(2);
      }),
    );
  });

  it('of multiples of 1/1024 is exact in any split', () => {
    const dyadic = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
    fc.assert(
      fc.property(fc.array(dyadic), fc.nat(100), (parts, cut) => {
        const values = parts.map((part) => part / 1024);
        const right = sumOf(values.slice(cut));
        right.merge(sumOf(values.slice(0, cut)));
        const exact = parts.reduce((total, part) => total + BigInt(part), 0n);
        expect(right.total()).toBe(Number(exact) / 1024);
      }),
    );
  });

  it('doubles when it is merged with itself', () => {
    const sum = sumOf([1e100, 1]);
    sum.merge(sum);
    sum.add(-2e100);
    expect(sum.total()).toBe(2);
  });
});
