import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MetricAccumulator } from './metric-accumulator.ts';
import { parseAggregationSpec } from './parse-aggregation-spec.ts';

const SPEC = parseAggregationSpec({ aggregates: ['count', 'sum', 'average', 'stddev', 'stddev_sample'] });

function accumulatorOf(values: readonly number[]): MetricAccumulator {
  const accumulator = new MetricAccumulator(SPEC);
  for (const value of values) accumulator.add(value);
  return accumulator;
}

/** Latencies, costs and the like: decimals of at most a few digits, whose sums are not exact in binary. */
const measurement = fc.integer({ min: -10_000_000, max: 10_000_000 }).map((n) => n / 1000);

describe('the aggregates of measurements', () => {
  it('are the same to the last digit in any order and any split', () => {
    const cases = fc
      .array(measurement, { minLength: 1, maxLength: 60 })
      .chain((values) =>
        fc.tuple(
          fc.constant(values),
          fc.shuffledSubarray(values, { minLength: values.length }),
          fc.nat({ max: values.length }),
        ),
      );
    fc.assert(
      fc.property(cases, ([values, shuffled, cut]) => {
        const straight = accumulatorOf(values).results();
        expect(accumulatorOf(shuffled).results()).toEqual(straight);
        const merged = accumulatorOf(shuffled.slice(cut));
        merged.merge(accumulatorOf(shuffled.slice(0, cut)));
        expect(merged.results()).toEqual(straight);
      }),
      { numRuns: 2000 },
    );
  });
});
