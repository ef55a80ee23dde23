import { ProcessorError, type ProcessorErrorOptions } from '../errors/processor-error.ts';
import type { AggregateName, AggregationSpec, PercentileMethod } from './aggregation-spec.ts';
import { parsePercentile } from './percentiles/nearest-rank.ts';

const AGGREGATE_NAMES: readonly AggregateName[] = [
  'count',
  'sum',
  'average',
  'min',
  'max',
  'percentile',
  'stddev',
  'stddev_sample',
];
const METHODS: readonly PercentileMethod[] = ['exact', 'sketch', 'auto'];
/** Finer than this, 2,048 bins do not cover the range of one doubling. */
const MIN_RELATIVE_ACCURACY = 1e-5;

/** An {@link AggregationSpec} of which any part may be left to its default. */
export interface AggregationOptions {
  /** Default: all but `stddev_sample`. */
  readonly aggregates?: Iterable<AggregateName>;
  /** 0 < p ≤ 100, each once. Default 50, 95, 99. */
  readonly percentiles?: readonly number[];
  /** Default `auto`. */
  readonly percentileMethod?: PercentileMethod;
  /** 0.00001 ≤ α < 1. Default 0.01. */
  readonly relativeAccuracy?: number;
}

/** True for the name of a built-in aggregate. */
export function isAggregateName(name: unknown): name is AggregateName {
  return AGGREGATE_NAMES.some((known) => known === name);
}

/**
 * The checked spec of some options.
 * @throws ProcessorError PERCENTILE_INVALID for percentiles or an accuracy out of range, CONFIG_INVALID for the rest.
 */
export function parseAggregationSpec(options: AggregationOptions = {}): AggregationSpec {
  const aggregates = new Set(options.aggregates ?? AGGREGATE_NAMES.filter((name) => name !== 'stddev_sample'));
  const { percentiles = [50, 95, 99], percentileMethod = 'auto', relativeAccuracy = 0.01 } = options;
  for (const name of aggregates) {
    if (!isAggregateName(name)) {
      throw invalid(`${show(name)} is not an aggregate; allowed are ${AGGREGATE_NAMES.join(', ')}`, 'aggregates');
    }
  }
  if (aggregates.size === 0) {
    throw invalid(`no aggregate is enabled; allowed are ${AGGREGATE_NAMES.join(', ')}`, 'aggregates');
  }
  if (!METHODS.includes(percentileMethod)) {
    throw invalid(
      `${show(percentileMethod)} is not a percentile method; allowed are ${METHODS.join(', ')}`,
      'percentileMethod',
    );
  }
  if (typeof relativeAccuracy !== 'number' || !(relativeAccuracy >= MIN_RELATIVE_ACCURACY && relativeAccuracy < 1)) {
    throw outOfRange(
      `the relative accuracy ${show(relativeAccuracy)} is out of range; use 0.00001 ≤ α < 1, such as 0.01`,
      'relativeAccuracy',
    );
  }
  checkPercentiles(percentiles, aggregates.has('percentile'));
  return Object.freeze({
    aggregates,
    percentiles: Object.freeze([...percentiles]),
    percentileMethod,
    relativeAccuracy,
  });
}

function checkPercentiles(percentiles: readonly number[], enabled: boolean): void {
  const seen = new Set<number>();
  for (const p of percentiles) {
    parsePercentile(p);
    if (seen.has(p)) throw outOfRange(`the percentile ${String(p)} is there twice`, 'percentiles');
    seen.add(p);
  }
  if (enabled && seen.size === 0) {
    throw outOfRange('no percentile is given; use at least one p with 0 < p ≤ 100, such as 95', 'percentiles');
  }
}

function invalid(message: string, path: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message, at(path));
}

function outOfRange(message: string, path: string): ProcessorError {
  return new ProcessorError('configuration', 'PERCENTILE_INVALID', message, at(path));
}

function at(path: string): ProcessorErrorOptions {
  return { path: `aggregation.${path}` };
}

function show(found: unknown): string {
  return typeof found === 'number' ? String(found) : (JSON.stringify(found) ?? typeof found);
}
