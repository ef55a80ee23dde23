import type { AggregationSpec } from '../../aggregations/aggregation-spec.ts';
import type { CustomAggregate } from '../../aggregations/custom-aggregate.ts';
import { MetricAccumulator } from '../../aggregations/metric-accumulator.ts';
import type { EventColumns } from '../../event/event-batch.ts';
import type { MetricResults, Results } from '../../results/aggregation-result.ts';
import { present } from '../../errors/assert.ts';

/** What every cell of a pipeline has in common. */
export interface CellShape {
  /** Names of the metrics, in the order of the batch's value columns. Empty: events are only counted. */
  readonly metrics: readonly string[];
  /** True if `results` is that of the one metric, not of each metric by name. */
  readonly flat: boolean;
  readonly aggregation: AggregationSpec;
  readonly custom: readonly CustomAggregate<number, unknown, unknown>[];
}

/** The accumulators of one window (or slice) of one key: for each metric the built-in ones and the custom ones. */
export class Cell {
  readonly shape: CellShape;
  /** Events added, whether or not they had values. */
  events = 0;
  readonly metrics: readonly MetricAccumulator[];
  /** By metric, then by custom aggregator; empty where there are none. */
  readonly custom: unknown[][];

  constructor(shape: CellShape, metrics?: readonly MetricAccumulator[], custom?: unknown[][]) {
    this.shape = shape;
    this.metrics = metrics ?? shape.metrics.map(() => new MetricAccumulator(shape.aggregation));
    this.custom =
      custom ??
      (shape.custom.length === 0 ? [] : shape.metrics.map(() => shape.custom.map((aggregator) => aggregator.create())));
  }

  /** Adds event `i` of a batch. */
  add(batch: EventColumns, i: number): void {
    this.events += 1;
    const { metrics } = this;
    const { values } = batch;
    for (let m = 0; m < metrics.length; m += 1) {
      const value = values[m]?.[i];
      // NaN stands for a value that is not there.
      if (value === undefined || Number.isNaN(value)) continue;
      metrics[m]?.add(value);
      if (this.custom.length > 0) this.#addCustom(m, value);
    }
  }

  /** Takes in what `other` holds, which stays as it is. */
  merge(other: Cell): void {
    this.events += other.events;
    for (const [m, metric] of this.metrics.entries()) {
      metric.merge(present(other.metrics[m], 'metric of a merged cell'));
      const mine = this.custom[m];
      const theirs = other.custom[m];
      if (mine === undefined || theirs === undefined) continue;
      for (const [c, aggregator] of this.shape.custom.entries()) mine[c] = aggregator.merge(mine[c], theirs[c]);
    }
  }

  results(): Results {
    const { metrics, flat } = this.shape;
    if (metrics.length === 0) return { count: this.events };
    if (flat) return this.#resultsOf(0);
    // Without a prototype, so that a metric called __proto__ is one like any other.
    const results = Object.create(null) as Record<string, MetricResults>;
    for (const [m, name] of metrics.entries()) results[name] = this.#resultsOf(m);
    return results;
  }

  sizeBytes(): number {
    let size = 64;
    for (const metric of this.metrics) size += metric.sizeBytes();
    return size;
  }

  #addCustom(m: number, value: number): void {
    const accumulators = this.custom[m];
    if (accumulators === undefined) return;
    for (const [c, aggregator] of this.shape.custom.entries()) aggregator.add(accumulators[c], value);
  }

  #resultsOf(m: number): MetricResults {
    const results = present(this.metrics[m], 'metric of a cell').results();
    const accumulators = this.custom[m];
    if (accumulators === undefined) return results;
    // Without prototypes, so that an aggregator called __proto__ is one like any other.
    const added = Object.create(null) as Record<string, unknown>;
    for (const [c, aggregator] of this.shape.custom.entries())
      added[aggregator.name] = aggregator.result(accumulators[c]);
    return Object.assign(Object.create(null) as object, results, added);
  }
}
