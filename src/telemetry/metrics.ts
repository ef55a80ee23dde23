import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { present } from '../errors/assert.ts';
import type { ProcessorErrorKind } from '../errors/processor-error.ts';
import type { Instruments, MetricLabels } from './instruments.ts';
import { METRICS, type MetricDefinition, type MetricName } from './metric-table.ts';

/** What only ever rises, as the engine and the decoder count it: totals, mirrored by {@link ProcessorMetrics.mirror}. */
export interface EventTotals {
  readonly processed: number;
  readonly filtered: number;
  readonly unassigned: number;
  readonly acceptedLate: number;
  readonly droppedLate: number;
  readonly valuesMissing: number;
  readonly valuesInexact: number;
}

/** What the metrics tell of beyond the counts that they are handed. */
export interface ProcessorMetricsOptions {
  /** The wall clock in ms, for the lag of the watermark; without it there is no lag. */
  readonly now?: () => number;
  /** What is running; without it `build_info` has no sample. */
  readonly build?: { readonly version: string; readonly node: string };
  /** Adds the metrics of the Node process (CPU, memory, event loop), as prom-client names them. Default false. */
  readonly processMetrics?: boolean;
}

const MIRRORED: Readonly<
  Record<keyof EventTotals, readonly [MetricName<'counter'>, Readonly<Record<string, string>>]>
> = {
  processed: ['events_processed_total', {}],
  filtered: ['events_filtered_total', {}],
  unassigned: ['events_unassigned_total', {}],
  acceptedLate: ['events_late_total', { outcome: 'accepted' }],
  droppedLate: ['events_late_total', { outcome: 'dropped' }],
  valuesMissing: ['values_missing_total', {}],
  valuesInexact: ['values_inexact_total', {}],
};
const TOTALS = Object.keys(MIRRORED) as (keyof EventTotals)[];

/** Gauges of which 0 would say something that is not so. */
const ABSENT_AT_FIRST = [
  'watermark_seconds',
  'last_commit_timestamp_seconds',
  'last_checkpoint_timestamp_seconds',
  'last_checkpoint_size_bytes',
] as const satisfies readonly MetricName<'gauge'>[];

/**
 * The processor's own metrics, in a registry of their own: two pipelines in one process do not mix, and the host's
 * default registry stays as it is. Recording is synchronous and never throws for what the processor hands over.
 */
export class ProcessorMetrics implements Instruments {
  /** The registry behind it, so that a sink or the host can add metrics to the same page. */
  readonly registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #mirrored = new Map<keyof EventTotals, number>();
  #watermarkMs = -Infinity;

  constructor(options: ProcessorMetricsOptions = {}) {
    const { now, build } = options;
    for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
      if (name === 'watermark_lag_seconds') this.#registerLag(now);
      else this.#register(name, definition);
    }
    if (build !== undefined) this.#gauge('build_info').set({ version: build.version, node: build.node }, 1);
    for (const name of ABSENT_AT_FIRST) this.#gauge(name).remove();
    if (options.processMetrics === true) collectDefaultMetrics({ register: this.registry });
  }

  /** Value of the `Content-Type` header that belongs to {@link ProcessorMetrics.export}. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** All metrics in the text format of Prometheus. */
  export(): Promise<string> {
    return this.registry.metrics();
  }

  count(name: MetricName<'counter'>, labels: MetricLabels, by: number): void {
    this.#counter(name).inc(labels, by);
  }

  set(name: MetricName<'gauge'>, labels: MetricLabels, value: number | null): void {
    if (value === null) this.#gauge(name).remove(labels);
    else this.#gauge(name).set(labels, value);
  }

  observe(name: MetricName<'histogram'>, labels: MetricLabels, value: number): void {
    this.#histogram(name).observe(labels, value);
  }

  /** Time from a block's receipt to its aggregation, in ms; once for each block. */
  recordProcessingLatency(latencyMs: number): void {
    this.#histogram('processing_latency_seconds').observe(latencyMs / 1000);
  }

  /** Events read and decoded. Not for a caller that mirrors `processed`. */
  recordEventProcessed(count = 1): void {
    this.#counter('events_processed_total').inc(count);
  }

  /** Records sent to the dead letters, by reason. */
  recordRejected(reason: string, count = 1): void {
    this.#counter('events_rejected_total').inc({ reason }, count);
  }

  recordError(kind: ProcessorErrorKind = 'internal'): void {
    this.#counter('errors_total').inc({ kind });
  }

  recordStateSize(sizeBytes: number): void {
    this.#gauge('state_size_bytes').set(sizeBytes);
  }

  /** How many windows are in the state backend only, and how many entries have gone out and come back since last told. */
  recordSpilled(windows: number, spilled: number, reloaded: number): void {
    this.#gauge('windows_spilled').set(windows);
    this.#counter('state_entries_spilled_total').inc(spilled);
    this.#counter('state_entries_reloaded_total').inc(reloaded);
  }

  /** Panes fired. */
  recordFired(timing: 'early' | 'on_time' | 'late' | 'retraction', count = 1): void {
    this.#counter('windows_fired_total').inc({ timing }, count);
  }

  recordActiveWindows(count: number): void {
    this.#gauge('windows_active').set(count);
  }

  /** The pipeline's watermark, in ms since 1970, ±∞ included. */
  recordWatermark(watermarkMs: number): void {
    this.#watermarkMs = watermarkMs;
    const gauge = this.#gauge('watermark_seconds');
    if (Number.isFinite(watermarkMs)) gauge.set(watermarkMs / 1000);
    else gauge.remove();
  }

  recordPartitions(counts: { readonly active: number; readonly idle: number; readonly finished: number }): void {
    const gauge = this.#gauge('partitions');
    gauge.set({ state: 'active' }, counts.active);
    gauge.set({ state: 'idle' }, counts.idle);
    gauge.set({ state: 'finished' }, counts.finished);
  }

  /** An epoch was committed, in `durationMs`; `committedAt` in ms since 1970. */
  recordCommit(durationMs: number, committedAt: number): void {
    this.#counter('epochs_committed_total').inc();
    this.#histogram('epoch_commit_seconds').observe(durationMs / 1000);
    this.#gauge('last_commit_timestamp_seconds').set(committedAt / 1000);
  }

  /** Whether a commit waits for room on the disk. */
  recordStateFull(isFull: boolean): void {
    this.#gauge('state_full').set(isFull ? 1 : 0);
  }

  /** The state was found damaged, and a checkpoint took its place. */
  recordRepair(): void {
    this.#counter('state_repairs_total').inc();
  }

  /** How much of the state of an earlier run is taken up, 0 to 1. */
  recordRecovery(ratio: number): void {
    this.#gauge('recovery_progress_ratio').set(ratio);
  }

  /** There is a newest checkpoint; `createdAt` in ms since 1970. `durationMs` where it has just been made. */
  recordCheckpoint(checkpoint: { readonly createdAt: number; readonly sizeBytes: number }, durationMs?: number): void {
    this.#gauge('last_checkpoint_timestamp_seconds').set(checkpoint.createdAt / 1000);
    this.#gauge('last_checkpoint_size_bytes').set(checkpoint.sizeBytes);
    if (durationMs !== undefined) this.#histogram('checkpoint_seconds').observe(durationMs / 1000);
  }

  recordCheckpointFailure(): void {
    this.#counter('checkpoint_failures_total').inc();
  }

  /** A sink took a delivery, in `durationMs`. */
  recordDelivery(sink: string, durationMs: number): void {
    this.#histogram('sink_delivery_seconds').observe({ sink }, durationMs / 1000);
  }

  /** There is a sink of that name: what has not happened to it yet is 0, so that the first time is seen as a rise. */
  knowSink(sink: string): void {
    this.#counter('sink_retries_total').inc({ sink }, 0);
    this.#counter('items_skipped_total').inc({ sink }, 0);
  }

  recordRetry(sink: string): void {
    this.#counter('sink_retries_total').inc({ sink });
  }

  recordSkipped(sink: string, count = 1): void {
    this.#counter('items_skipped_total').inc({ sink }, count);
  }

  /**
   * Brings the counters to totals that are kept elsewhere. A total that falls (a run went back to its last committed
   * epoch) leaves its counter where it is until the total has passed it again: nothing is counted twice.
   */
  mirror(totals: Partial<EventTotals>): void {
    for (const name of TOTALS) {
      const total = totals[name];
      const seen = this.#mirrored.get(name) ?? 0;
      if (total === undefined || total <= seen) continue;
      const [counter, labels] = MIRRORED[name];
      this.#counter(counter).inc(labels, total - seen);
      this.#mirrored.set(name, total);
    }
  }

  /** The totals that a run begins with, restored from its state: counted by an earlier process, so not again here. */
  startFrom(totals: EventTotals): void {
    for (const name of TOTALS) this.#mirrored.set(name, totals[name]);
  }

  #register(name: string, { type, help, labels, buckets }: MetricDefinition): void {
    const config = { name, help, labelNames: Object.keys(labels), registers: [this.registry] };
    if (type === 'counter') this.#counters.set(name, new Counter(config));
    else if (type === 'gauge') this.#gauges.set(name, new Gauge(config));
    else this.#histograms.set(name, new Histogram({ ...config, buckets: [...(buckets ?? [])] }));
    // A series that appears with its first event cannot be rated over that event: known ones start at 0.
    for (const [label, values] of Object.entries(labels)) {
      if (typeof values === 'string') continue;
      for (const value of values) {
        this.#counters.get(name)?.inc({ [label]: value }, 0);
        this.#gauges.get(name)?.set({ [label]: value }, 0);
      }
    }
  }

  /** The lag grows while nothing happens, which is when it matters: it is worked out at the scrape. */
  #registerLag(now: (() => number) | undefined): void {
    const name = 'watermark_lag_seconds';
    const watermark = (): number => this.#watermarkMs;
    const lag = new Gauge({
      name,
      help: METRICS[name].help,
      registers: [this.registry],
      collect() {
        const behindMs = now === undefined ? Number.NaN : now() - watermark();
        if (Number.isFinite(behindMs)) this.set(behindMs / 1000);
        else this.remove();
      },
    });
    this.#gauges.set(name, lag);
  }

  #counter(name: MetricName<'counter'>): Counter {
    return present(this.#counters.get(name), name);
  }

  #gauge(name: MetricName<'gauge'>): Gauge {
    return present(this.#gauges.get(name), name);
  }

  #histogram(name: MetricName<'histogram'>): Histogram {
    return present(this.#histograms.get(name), name);
  }
}
