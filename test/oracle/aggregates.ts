import type { Aggregate, OracleConfig, OracleEvent } from './model.ts';
import { exactly, nearestDouble, total } from './exact.ts';

/** The aggregates of one metric as they stand in a result. */
export type MetricJson = Record<string, number | boolean | null>;
/** `results` of a result: flat, or by metric. */
export type ResultsJson = Record<string, number | boolean | null | MetricJson>;

/** The `results` of a window that holds these events. */
export function resultsOf(config: OracleConfig, events: readonly OracleEvent[]): ResultsJson {
  if (config.metrics.length === 0) return { count: events.length };
  const byMetric = Object.create(null) as Record<string, MetricJson>;
  config.metrics.forEach((metric, index) => {
    const values = events.flatMap((event) => event.values[index] ?? []);
    byMetric[metric] = aggregate(values, config.aggregates, config.percentiles);
  });
  const [only] = config.metrics;
  return config.flat && only !== undefined ? (byMetric[only] ?? {}) : byMetric;
}

/** Each aggregate by its definition, over all the values. */
export function aggregate(
  values: readonly number[],
  aggregates: readonly Aggregate[],
  percentiles: readonly number[],
): MetricJson {
  const results: MetricJson = {};
  for (const name of aggregates) {
    if (name === 'count') results['count'] = values.length;
    else if (name === 'sum') Object.assign(results, sumResult(values));
    else if (name === 'average') results['average'] = average(values);
    else if (name === 'min') results['min'] = ascending(values)[0] ?? null;
    else if (name === 'max') results['max'] = ascending(values).at(-1) ?? null;
    else if (name === 'stddev') results['stddev'] = deviation(values, values.length);
    else if (name === 'stddev_sample') results['stddev_sample'] = deviation(values, values.length - 1);
    else for (const p of percentiles) results[`p${String(p)}`] = percentile(values, p);
  }
  return results;
}

function ascending(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

function sum(values: readonly number[]): number {
  const { units, exponent } = exactly(values);
  return nearestDouble(total(units), 1n, exponent);
}

function sumResult(values: readonly number[]): MetricJson {
  const result = sum(values);
  return Number.isFinite(result) ? { sum: result } : { sum: null, overflow: true };
}

function average(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const rounded = sum(values);
  if (Number.isFinite(rounded)) return rounded / values.length;
  const { units, exponent } = exactly(values);
  return nearestDouble(total(units), BigInt(values.length), exponent);
}

/** Root of the sum of squared distances from the exact mean, over the divisor; null where that is not positive. */
function deviation(values: readonly number[], divisor: number): number | null {
  if (divisor <= 0) return null;
  const { units, exponent } = exactly(values);
  const n = BigInt(units.length);
  const sumOfUnits = total(units);
  // Distances from the mean times n are whole: n·x − Σx.
  const squares = total(units.map((unit) => (n * unit - sumOfUnits) ** 2n));
  return Math.sqrt(nearestDouble(squares, n * n * BigInt(divisor), 2 * exponent));
}

/** Nearest rank: the value at rank ⌈p · n / 100⌉ of the values in ascending order. */
function percentile(values: readonly number[], p: number): number | null {
  return ascending(values)[percentileRank(p, values.length) - 1] ?? null;
}

/**
 * ⌈p · n / 100⌉ in whole numbers, p taken as the decimal that it is written as.
 * @throws RangeError for a percentile whose text is no plain decimal in (0, 100].
 */
function percentileRank(p: number, n: number): number {
  const [whole = '', fraction = ''] = String(p).split('.');
  if (!/^\d+$/.test(whole + fraction) || p <= 0 || p > 100) throw new RangeError(`not a percentile: ${String(p)}`);
  const numerator = BigInt(whole + fraction) * BigInt(n);
  const denominator = 100n * 10n ** BigInt(fraction.length);
  return Number((numerator + denominator - 1n) / denominator);
}
