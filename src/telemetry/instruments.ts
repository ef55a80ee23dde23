import type { MetricName } from './metric-table.ts';

/** The labels of one series of a metric, by name. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Takes measurements for the metrics of the table, by their names. Synchronous, and never throws for the labels of the table. */
export interface Instruments {
  /** Adds to a counter. */
  count(name: MetricName<'counter'>, labels: MetricLabels, by: number): void;
  /** Sets a gauge; null takes the series away. */
  set(name: MetricName<'gauge'>, labels: MetricLabels, value: number | null): void;
  /** Adds an observation to a histogram. */
  observe(name: MetricName<'histogram'>, labels: MetricLabels, value: number): void;
}
