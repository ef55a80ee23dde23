import type { AggregateName, AggregationSpec, PercentileMethod } from './aggregation-spec.ts';
import type { Aggregator } from './aggregator.ts';
import { MetricAccumulator } from './metric-accumulator.ts';
import { parseAggregationSpec } from './parse-aggregation-spec.ts';

/** What the built-in aggregators share: one kind of accumulator, holding what the one aggregate needs. */
abstract class BuiltinAggregator<R> implements Aggregator<number, MetricAccumulator, R> {
  abstract readonly name: AggregateName;
  readonly #spec: AggregationSpec;

  constructor(spec: AggregationSpec) {
    this.#spec = spec;
  }

  createAccumulator(): MetricAccumulator {
    return new MetricAccumulator(this.#spec);
  }

  /** @throws ProcessorError VALUE_NOT_FINITE for NaN and infinities. */
  add(accumulator: MetricAccumulator, value: number): void {
    accumulator.add(value);
  }

  /** A new accumulator of the values of both. */
  merge(left: MetricAccumulator, right: MetricAccumulator): MetricAccumulator {
    const merged = left.clone();
    merged.merge(right);
    return merged;
  }

  abstract getResult(accumulator: MetricAccumulator): R;

  encode(accumulator: MetricAccumulator): Uint8Array {
    return accumulator.encode();
  }

  /** @throws ProcessorError ACCUMULATOR_CORRUPT for bytes that `encode` did not make. */
  decode(bytes: Uint8Array): MetricAccumulator {
    return MetricAccumulator.decode(bytes, this.#spec);
  }
}

const COUNT = parseAggregationSpec({ aggregates: ['count'] });
const SUM = parseAggregationSpec({ aggregates: ['sum'] });
const AVERAGE = parseAggregationSpec({ aggregates: ['average'] });
const MIN = parseAggregationSpec({ aggregates: ['min'] });
const MAX = parseAggregationSpec({ aggregates: ['max'] });
const STDDEV = parseAggregationSpec({ aggregates: ['stddev'] });

/** Number of values. */
export class CountAggregator extends BuiltinAggregator<{ readonly count: number }> {
  readonly name = 'count';

  constructor() {
    super(COUNT);
  }

  getResult(accumulator: MetricAccumulator): { readonly count: number } {
    return { count: accumulator.count };
  }
}

/** Compensated sum (see {@link MetricAccumulator}). */
export class SumAggregator extends BuiltinAggregator<{ readonly sum: number | null; readonly overflow?: true }> {
  readonly name = 'sum';

  constructor() {
    super(SUM);
  }

  getResult(accumulator: MetricAccumulator): { readonly sum: number | null; readonly overflow?: true } {
    const { sum, overflow } = accumulator;
    return overflow ? { sum, overflow } : { sum };
  }
}

/** Sum divided by count; null for no values. */
export class AverageAggregator extends BuiltinAggregator<{ readonly average: number | null }> {
  readonly name = 'average';

  constructor() {
    super(AVERAGE);
  }

  getResult(accumulator: MetricAccumulator): { readonly average: number | null } {
    return { average: accumulator.average() };
  }
}

/** Smallest value; null for no values. */
export class MinAggregator extends BuiltinAggregator<{ readonly min: number | null }> {
  readonly name = 'min';

  constructor() {
    super(MIN);
  }

  getResult(accumulator: MetricAccumulator): { readonly min: number | null } {
    return { min: accumulator.min };
  }
}

/** Largest value; null for no values. */
export class MaxAggregator extends BuiltinAggregator<{ readonly max: number | null }> {
  readonly name = 'max';

  constructor() {
    super(MAX);
  }

  getResult(accumulator: MetricAccumulator): { readonly max: number | null } {
    return { max: accumulator.max };
  }
}

/** Options of a {@link PercentileAggregator}. */
export interface PercentileOptions {
  /** 0 < p ≤ 100. Default 50, 95, 99. */
  readonly percentiles?: readonly number[];
  /** Default `auto`: exact up to 1,024 values, then a sketch. */
  readonly method?: PercentileMethod;
  /** Of the sketch, 0.00001 ≤ α < 1. Default 0.01. */
  readonly relativeAccuracy?: number;
}

/** Percentiles by nearest rank: exact, or from a DDSketch. */
export class PercentileAggregator extends BuiltinAggregator<Readonly<Record<`p${number}`, number | null>>> {
  readonly name = 'percentile';

  /** @throws ProcessorError PERCENTILE_INVALID or CONFIG_INVALID. */
  constructor({ percentiles, method, relativeAccuracy }: PercentileOptions = {}) {
    super(
      parseAggregationSpec({
        aggregates: ['percentile'],
        ...(percentiles !== undefined && { percentiles }),
        ...(method !== undefined && { percentileMethod: method }),
        ...(relativeAccuracy !== undefined && { relativeAccuracy }),
      }),
    );
  }

  /** A field for each percentile, `p50` and so on; null for no values. */
  getResult(accumulator: MetricAccumulator): Readonly<Record<`p${number}`, number | null>> {
    return accumulator.percentiles();
  }
}

/** Standard deviation of the population and, on request, of a sample. */
export class StdDevAggregator extends BuiltinAggregator<{
  readonly stddev: number | null;
  readonly stddev_sample?: number | null;
}> {
  readonly name = 'stddev';
  readonly #sample: boolean;

  /** `sample`: also report `stddev_sample`, which divides by n − 1. */
  constructor({ sample = false }: { readonly sample?: boolean } = {}) {
    super(STDDEV);
    this.#sample = sample;
  }

  getResult(accumulator: MetricAccumulator): {
    readonly stddev: number | null;
    readonly stddev_sample?: number | null;
  } {
    const stddev = accumulator.standardDeviation();
    return this.#sample ? { stddev, stddev_sample: accumulator.sampleStandardDeviation() } : { stddev };
  }
}
