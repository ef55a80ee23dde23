import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PercentileMethod } from '../aggregation-spec.ts';
import { PercentileValues } from './percentile-values.ts';
import { SketchBins } from './sketch-bins.ts';

const bins = new SketchBins(0.01);

function valuesOf(method: PercentileMethod, added: readonly number[]): PercentileValues {
  const values = new PercentileValues(method, bins);
  for (const value of added) values.add(value);
  return values;
}

/** What is found at each rank. */
function ranks(values: PercentileValues, count: number): number[] {
  const byRank = values.byRank();
  return Array.from({ length: count }, (_, index) => byRank(index + 1));
}

/** Different numbers in no order, not all of them the middle of a bin. */
function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => ((index * 7919) % count) - count / 3 + 0.125);
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

describe('PercentileValues', () => {
  it.each([1, 2, 1023, 1024])('holds %d values exactly', (count) => {
    expect(ranks(valuesOf('auto', numbers(count)), count)).toEqual(sorted(numbers(count)));
  });

  it('holds 1,025 values as a sketch, and every one of them if told so', () => {
    const many = numbers(1025);
    expect(ranks(valuesOf('auto', many), 1025)).toEqual(ranks(valuesOf('sketch', many), 1025));
    expect(ranks(valuesOf('auto', many), 1025)).not.toEqual(sorted(many));
    expect(ranks(valuesOf('exact', many), 1025)).toEqual(sorted(many));
  });

  it('sketches from the first value if told so', () => {
    expect(ranks(valuesOf('sketch', [100]), 1)).toEqual([bins.estimateOf(bins.keyOf(100))]);
  });

  it('stays exact when 300 and 300 values are merged', () => {
    const all = numbers(600);
    const merged = valuesOf('auto', all.slice(0, 300));
    merged.merge(valuesOf('auto', all.slice(300)));
    expect(ranks(merged, 600)).toEqual(sorted(all));
  });

  it.each([
    [600, 600],
    [1, 1024],
    [1024, 1],
    [2000, 3],
    [3, 2000],
    [1500, 1500],
  ])('is as if fed in one go when %d and %d values are merged', (left, right) => {
    const all = numbers(left + right);
    const merged = valuesOf('auto', all.slice(0, left));
    merged.merge(valuesOf('auto', all.slice(left)));
    expect(ranks(merged, all.length)).toEqual(ranks(valuesOf('auto', all), all.length));
  });

  it('is as if fed in one go after any split and merge order', () => {
    const cut = fc.integer({ min: 0, max: 1600 });
    fc.assert(
      fc.property(fc.constantFrom<PercentileMethod>('auto', 'exact', 'sketch'), cut, cut, (method, first, second) => {
        const all = numbers(1600);
        const [low, high] = [Math.min(first, second), Math.max(first, second)];
        const right = valuesOf(method, all.slice(low, high));
        right.merge(valuesOf(method, all.slice(high)));
        right.merge(valuesOf(method, all.slice(0, low)));
        expect(ranks(right, 1600)).toEqual(ranks(valuesOf(method, all), 1600));
      }),
      { numRuns: 30 },
    );
  });

  it.each([5, 600, 1500])('doubles when its %d values are merged with themselves', (count) => {
    const values = valuesOf('auto', numbers(count));
    values.merge(values);
    expect(ranks(values, 2 * count)).toEqual(
      ranks(valuesOf('auto', [...numbers(count), ...numbers(count)]), 2 * count),
    );
  });
});
