import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricResults } from '../results/aggregation-result.ts';
import { MetricAccumulator } from './metric-accumulator.ts';
import { parseAggregationSpec } from './parse-aggregation-spec.ts';

const ALL = parseAggregationSpec({ aggregates: ['count', 'sum', 'average', 'min', 'max', 'stddev', 'stddev_sample'] });

function accumulate(values: readonly number[]): MetricAccumulator {
  const accumulator = new MetricAccumulator(ALL);
  for (const value of values) accumulator.add(value);
  return accumulator;
}

function merged(left: readonly number[], right: readonly number[]): MetricAccumulator {
  const into = accumulate(left);
  into.merge(accumulate(right));
  return into;
}

describe('values near the limits of a double', () => {
  it.each<[number[], MetricResults]>([
    [[1e308, 1e308], { count: 2, sum: null, overflow: true, average: 1e308, min: 1e308, max: 1e308, stddev: 0 }],
    [[-1e308, -1e308], { sum: null, overflow: true, average: -1e308, min: -1e308, max: -1e308, stddev: 0 }],
    [[1e308, 1e308, -1e308], { count: 3, sum: 1e308, min: -1e308, max: 1e308 }],
    [[1e308, -1e308], { sum: 0, average: 0, stddev: 1e308 }],
    [[1e308, 1, -1e308], { sum: 1 }],
    [[Number.MAX_VALUE, Number.MAX_VALUE, Number.MAX_VALUE], { sum: null, average: Number.MAX_VALUE, stddev: 0 }],
    [[Number.MAX_VALUE, -Number.MAX_VALUE], { sum: 0, stddev: Number.MAX_VALUE, stddev_sample: null }],
    [[1e-200, 3e-200], { sum: 4e-200, average: 2e-200, stddev: 1e-200 }],
    [[5e-324, 1.5e-323], { sum: 2e-323, average: 1e-323, stddev: 5e-324 }],
  ])('%j are aggregated without leaving its range, in any order and split', (values, expected) => {
    expect(accumulate(values).results()).toMatchObject(expected);
    fc.assert(
      fc.property(fc.shuffledSubarray(values, { minLength: values.length }), fc.nat(values.length), (shuffled, cut) => {
        expect(merged(shuffled.slice(0, cut), shuffled.slice(cut)).results()).toMatchObject(expected);
      }),
    );
  });

  it('give the same sum and overflow as exact arithmetic, however they are ordered', () => {
    const giants = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(giants, fc.nat(30), (tenths, cut) => {
        const unit = 2 ** 1020;
        const values = tenths.map((part) => part * unit);
        const sum = tenths.reduce((total, part) => total + part, 0) * unit;
        const { overflow, sum: found } = merged(values.slice(cut), values.slice(0, cut));
        expect([overflow, found]).toEqual(Number.isFinite(sum) ? [false, sum] : [true, null]);
      }),
    );
  });

  it('scale the deviation: of values times a power of two it is that many times as large', () => {
    const values = [3.25, -7.5, 11, 0.125];
    const plain = accumulate(values).standardDeviation() ?? 0;
    for (const power of [-1000, -700, -400, -200, 0, 200, 470, 490, 700, 1000]) {
      const scaled = accumulate(values.map((value) => value * 2 ** power)).standardDeviation() ?? 0;
      expect(scaled / 2 ** power).toBe(plain);
    }
  });

  it.each([Number.NaN, Infinity, -Infinity])('do not include %d, which changes nothing', (value) => {
    for (const values of [[], [1], [1e308]]) {
      const accumulator = accumulate(values);
      const before = accumulator.encode();
      expect(() => accumulator.add(value)).toThrow(
        expect.objectContaining({ kind: 'aggregation', code: 'VALUE_NOT_FINITE' }),
      );
      expect(accumulator.encode()).toEqual(before);
    }
  });
});
