import type { MetricJson, ResultsJson } from '../oracle/aggregates.ts';
import type { OracleConfig } from '../oracle/model.ts';

/** Aggregates of one metric as they grow, one value at a time. */
export class NaiveAccumulator {
  #sum = 0;
  #mean = 0;
  #squares = 0;
  readonly #values: number[] = [];

  add(value: number): void {
    this.#values.push(value);
    this.#sum += value;
    const delta = value - this.#mean;
    this.#mean += delta / this.#values.length;
    this.#squares += delta * (value - this.#mean);
  }

  addAll(other: NaiveAccumulator): void {
    for (const value of other.#values) this.add(value);
  }

  result(config: OracleConfig, rank: (percent: number, count: number) => number): MetricJson {
    const count = this.#values.length;
    const orNull = (value: number): number | null => (count === 0 ? null : value);
    const all: MetricJson = {
      count,
      sum: this.#sum,
      average: orNull(this.#sum / count),
      min: orNull(Math.min(...this.#values)),
      max: orNull(Math.max(...this.#values)),
      stddev: orNull(Math.sqrt(this.#squares / count)),
      stddev_sample: count < 2 ? null : Math.sqrt(this.#squares / (count - 1)),
    };
    const sorted = this.#values.toSorted((a, b) => a - b);
    const chosen: MetricJson = {};
    for (const name of config.aggregates) {
      if (name !== 'percentile') chosen[name] = all[name] ?? null;
      else for (const p of config.percentiles) chosen[`p${String(p)}`] = sorted[rank(p, count) - 1] ?? null;
    }
    return chosen;
  }
}

/** One accumulator for each metric, put together as `results`. */
export function naiveResults(
  config: OracleConfig,
  elements: number,
  accumulators: readonly NaiveAccumulator[],
  rank: (percent: number, count: number) => number,
): ResultsJson {
  const results = accumulators.map((accumulator) => accumulator.result(config, rank));
  if (config.metrics.length === 0) return { count: elements };
  if (config.flat) return results[0] ?? {};
  return Object.fromEntries(config.metrics.map((metric, index) => [metric, results[index] ?? {}]));
}
