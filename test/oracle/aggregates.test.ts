import { describe, expect, it } from 'vitest';
import { aggregate } from './aggregates.ts';

describe('aggregates', () => {
  it('a sum does not lose what cancels out', () => {
    expect(aggregate([1, 1e100, 1, -1e100], ['sum'], [])).toEqual({ sum: 2 });
  });

  it.each([
    [[10, 20, 30, 40, 50], { p50: 30, p95: 50, p99: 50 }],
    [[1, 2, 3, 4], { p50: 2, p95: 4, p99: 4 }],
    [[], { p50: null, p95: null, p99: null }],
  ])('percentiles of %j are values of nearest rank', (values, expected) => {
    expect(aggregate(values, ['percentile'], [50, 95, 99])).toEqual(expected);
  });

  it('a rank is not rounded up by binary fractions', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(aggregate(hundred, ['percentile'], [7, 99.9, 0.5, 100])).toEqual({
      p7: 7,
      'p99.9': 100,
      'p0.5': 1,
      p100: 100,
    });
  });

  it('agree with the documented example', () => {
    const all = ['count', 'sum', 'average', 'min', 'max', 'stddev', 'stddev_sample'] as const;
    expect(aggregate([10, 20, 30], all, [])).toEqual({
      count: 3,
      sum: 60,
      average: 20,
      min: 10,
      max: 30,
      stddev: 8.16496580927726,
      stddev_sample: 10,
    });
  });

  it('of nothing are null, but for count and sum', () => {
    const all = ['count', 'sum', 'average', 'min', 'max', 'stddev', 'stddev_sample'] as const;
    const none = { average: null, min: null, max: null, stddev: null, stddev_sample: null };
    expect(aggregate([], all, [])).toEqual({ count: 0, sum: 0, ...none });
  });

  it('a sum beyond the range of a double is null, and says so; the others hold', () => {
    const results = aggregate([1e308, 1e308], ['sum', 'average', 'stddev'], []);
    expect(results).toEqual({ sum: null, overflow: true, average: 1e308, stddev: 0 });
  });

  it.each([
    [[0.1, 0.2, 0.3], 0.6],
    [[5e-324, 5e-324], 1e-323],
    [[-1.5, 0.25], -1.25],
  ])('the sum of %j is the nearest double', (values, sum) => {
    expect(aggregate(values, ['sum'], [])).toEqual({ sum });
  });
});
