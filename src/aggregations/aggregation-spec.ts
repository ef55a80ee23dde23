/** The built-in aggregates, by the names that the configuration and `results` use. */
export type AggregateName = 'count' | 'sum' | 'average' | 'min' | 'max' | 'percentile' | 'stddev' | 'stddev_sample';

/** How percentiles are held: every value, a sketch, or values up to 1,024 and a sketch from there. */
export type PercentileMethod = 'exact' | 'sketch' | 'auto';

/** Which aggregates are computed, and how: the same for every metric of a pipeline. */
export interface AggregationSpec {
  readonly aggregates: ReadonlySet<AggregateName>;
  /** 0 < p ≤ 100, decimals allowed; reported as `p50`, `p99.9`. */
  readonly percentiles: readonly number[];
  readonly percentileMethod: PercentileMethod;
  /** Relative accuracy α of the sketch, 0 < α < 1. */
  readonly relativeAccuracy: number;
}
