import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AverageAggregator,
  CountAggregator,
  MaxAggregator,
  MinAggregator,
  PercentileAggregator,
  StdDevAggregator,
  SumAggregator,
} from './builtin-aggregators.ts';
import type { Aggregator } from './aggregator.ts';
import { isAggregateName } from './parse-aggregation-spec.ts';
import type { MetricAccumulator } from './metric-accumulator.ts';

type Builtin = Aggregator<number, MetricAccumulator> &
  Required<Pick<Aggregator<number, MetricAccumulator>, 'encode' | 'decode'>>;

const CASES: readonly (readonly [Builtin, readonly number[], object])[] = [
  [new CountAggregator(), [10, 20, 30], { count: 3 }],
  [new CountAggregator(), [], { count: 0 }],
  [new SumAggregator(), [10, 20, 30], { sum: 60 }],
  [new SumAggregator(), [], { sum: 0 }],
  [new SumAggregator(), [1e308, 1e308], { sum: null, overflow: true }],
  [new AverageAggregator(), [10, 20, 30], { average: 20 }],
  [new AverageAggregator(), [], { average: null }],
  [new MinAggregator(), [10, 50, 30], { min: 10 }],
  [new MinAggregator(), [], { min: null }],
  [new MaxAggregator(), [10, 50, 30], { max: 50 }],
  [new MaxAggregator(), [], { max: null }],
  [new PercentileAggregator(), [10, 20, 30, 40, 50], { p50: 30, p95: 50, p99: 50 }],
  [new PercentileAggregator(), [1, 2, 3, 4], { p50: 2, p95: 4, p99: 4 }],
  [new PercentileAggregator({ percentiles: [99.9] }), [], { 'p99.9': null }],
  [new StdDevAggregator(), [10, 20, 30, 40, 50], { stddev: Math.sqrt(200) }],
  [
    new StdDevAggregator({ sample: true }),
    [10, 20, 30, 40, 50],
    { stddev: Math.sqrt(200), stddev_sample: Math.sqrt(250) },
  ],
  [new StdDevAggregator({ sample: true }), [7], { stddev: 0, stddev_sample: null }],
];

function accumulate(aggregator: Builtin, values: readonly number[]): MetricAccumulator {
  const accumulator = aggregator.createAccumulator();
  for (const value of values) aggregator.add(accumulator, value);
  return accumulator;
}

/** The last digits of deviations may depend on how values were merged. */
function nearly(results: object): object {
  const fields = Object.entries(results).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'number' ? expect.closeTo(value, 10) : value,
  ]);
  return Object.fromEntries(fields);
}

describe.each(CASES)('%o of %j', (aggregator, values, expected) => {
  it(`is ${JSON.stringify(expected)}`, () => {
    expect(aggregator.getResult(accumulate(aggregator, values))).toEqual(expected);
    expect(isAggregateName(aggregator.name)).toBe(true);
  });

  it('is the same when merged from two parts, and leaves both as they were', () => {
    fc.assert(
      fc.property(fc.nat(values.length), (cut) => {
        const left = accumulate(aggregator, values.slice(0, cut));
        const right = accumulate(aggregator, values.slice(cut));
        const before = [aggregator.encode(left), aggregator.encode(right)];
        expect(aggregator.getResult(aggregator.merge(left, right))).toEqual(nearly(expected));
        expect([aggregator.encode(left), aggregator.encode(right)]).toEqual(before);
      }),
    );
  });

  it('is the same after being stored', () => {
    const bytes = aggregator.encode(accumulate(aggregator, values));
    expect(aggregator.getResult(aggregator.decode(bytes))).toEqual(expected);
  });
});

describe('accumulators', () => {
  it('of an average can be read', () => {
    const aggregator = new AverageAggregator();
    const accumulator = accumulate(aggregator, [10, 20, 30]);
    expect([accumulator.average(), accumulator.sum, accumulator.count]).toEqual([20, 60, 3]);
  });

  it('of percentiles can be read', () => {
    const accumulator = accumulate(new PercentileAggregator(), [10, 20, 30, 40, 50]);
    expect([accumulator.p50(), accumulator.p95(), accumulator.p99(), accumulator.percentile(7)]).toEqual([
      30, 50, 50, 10,
    ]);
    expect(() => accumulator.percentile(101)).toThrow(expect.objectContaining({ code: 'PERCENTILE_INVALID' }));
  });

  it('hold nothing of what was not asked for', () => {
    const accumulator = accumulate(new CountAggregator(), [1, 2]);
    expect([accumulator.sum, accumulator.average(), accumulator.min, accumulator.max, accumulator.p50()]).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
    expect([accumulator.overflow, accumulator.standardDeviation(), accumulator.sampleStandardDeviation()]).toEqual([
      false,
      null,
      null,
    ]);
  });

  it('refuse values that are not finite', () => {
    const aggregator = new CountAggregator();
    expect(() => aggregator.add(aggregator.createAccumulator(), Number.NaN)).toThrow(
      expect.objectContaining({ code: 'VALUE_NOT_FINITE' }),
    );
  });
});

describe('PercentileAggregator', () => {
  it('takes method and accuracy', () => {
    const aggregator = new PercentileAggregator({ percentiles: [50], method: 'sketch', relativeAccuracy: 0.1 });
    const { p50 } = aggregator.getResult(accumulate(aggregator, [90, 100, 120]));
    expect(p50).not.toBe(100);
    expect(Math.abs((p50 ?? 0) - 100)).toBeLessThanOrEqual(10);
  });

  it('refuses percentiles out of range', () => {
    expect(() => new PercentileAggregator({ percentiles: [0] })).toThrow(
      expect.objectContaining({ code: 'PERCENTILE_INVALID' }),
    );
  });
});
