import type { AggregationSpec } from './aggregation-spec.ts';
import { parsePercentile, type Percentile } from './percentiles/nearest-rank.ts';
import { SketchBins } from './percentiles/sketch-bins.ts';

/** An {@link AggregationSpec} made ready: what accumulators hold, and what is read from them. */
export interface AccumulatorLayout {
  readonly spec: AggregationSpec;
  /** Equal for specs that say the same. */
  readonly text: string;
  readonly holdsSum: boolean;
  readonly holdsExtremes: boolean;
  readonly holdsMoments: boolean;
  /** Null where no percentiles are held. */
  readonly bins: SketchBins | null;
  readonly percentiles: readonly Percentile[];
}

const layouts = new WeakMap<AggregationSpec, AccumulatorLayout>();

/** The layout of a spec, made once. */
export function layoutOf(spec: AggregationSpec): AccumulatorLayout {
  const known = layouts.get(spec);
  if (known !== undefined) return known;
  const { aggregates, percentiles, percentileMethod, relativeAccuracy } = spec;
  const enabled = aggregates.has('percentile');
  const layout: AccumulatorLayout = {
    spec,
    text: JSON.stringify([[...aggregates].sort(), enabled ? [percentiles, percentileMethod, relativeAccuracy] : []]),
    holdsSum: aggregates.has('sum') || aggregates.has('average'),
    // Estimates of percentiles are kept within the extremes.
    holdsExtremes: aggregates.has('min') || aggregates.has('max') || enabled,
    holdsMoments: aggregates.has('stddev') || aggregates.has('stddev_sample'),
    bins: enabled ? new SketchBins(relativeAccuracy) : null,
    percentiles: enabled ? percentiles.map(parsePercentile) : [],
  };
  layouts.set(spec, layout);
  return layout;
}
