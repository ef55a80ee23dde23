import type { Pipeline } from '../pipeline/pipeline.ts';
import type { DeadLetter, RejectionReason } from '../results/dead-letter.ts';
import type { LateEvent } from '../results/late-event.ts';
import type {
  CheckpointAttempt,
  CommittedEpoch,
  DeliveredEpoch,
  RunObserver,
  RunProblem,
} from '../runtime/run-observer.ts';
import type { OpenSpanStatus, OpenWindowStatus, StatusSnapshot } from '../runtime/status.ts';
import { SystemClock, type Clock } from '../time/clock.ts';
import type { Instant, Millis } from '../time/instant.ts';
import { previewOf, type BytePreview } from './byte-preview.ts';
import { explainWindows, type WindowExplanation } from './explain-windows.ts';
import { Glimpse } from './glimpse.ts';
import { outlineOf, type PipelineOutline } from './pipeline-outline.ts';
import { problemOf, type Problem } from './problem.ts';
import { RateSamples, watermarkLagOf, type FlowRates, type RateStretch } from './rate-samples.ts';
import { RecentList } from './recent-list.ts';
import { ResultStore } from './result-store.ts';
import { ResultStream } from './result-stream.ts';
import { watermarkStanding, type WatermarkStanding } from './watermark-holder.ts';

/** What a monitor asks of a pipeline, whatever its results are like. */
export type MonitoredPipeline = Pick<Pipeline<unknown>, 'plan' | 'status' | 'openWindows' | 'openSpans' | 'observe'>;

/** How much a monitor may hold. */
export interface RunMonitorOptions {
  /** Estimated bytes of results, in all. Default 64 MiB. */
  readonly historyBytes?: number;
  /** Keys whose results are kept, counted once for each window definition. Default 20,000. */
  readonly historyKeys?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** An epoch, and what came of it. */
export interface RecentEpoch extends CommittedEpoch {
  /** Null while the sinks have not taken it. */
  readonly deliveryMs: Millis | null;
}

/** A record that could not be used, without most of its bytes. */
export interface RecentDeadLetter {
  readonly at: Instant;
  readonly reason: RejectionReason;
  readonly message: string;
  readonly path: string | null;
  readonly partition: string;
  readonly offset: number;
  readonly preview: BytePreview;
}

/** An event that came too late for a window, without most of its bytes. */
export interface RecentLateEvent {
  readonly at: Instant;
  readonly eventTime: Instant;
  readonly latenessMs: Millis;
  readonly windowStart: Instant;
  readonly windowEnd: Instant;
  readonly key: string | null;
  readonly partition: string;
  readonly offset: number;
  readonly preview: BytePreview;
}

const KEPT = 200;
const PREVIEW_BYTES = 256;
const LISTED_WINDOWS = 10_000;
const LISTED_SPANS = 1000;
/** To list the open windows looks at all of them: not more often than this. */
const LISTING_MS = 500;
/** Of the bytes, the share of the stream that followers read. */
const STREAM_SHARE = 0.25;

/**
 * Sees what a pipeline does, and keeps what is worth showing of it, within bounds: results by key and in their order,
 * late and rejected events, epochs, checkpoints, problems, rates. It is told at the point of delivery and reads status
 * snapshots; it never touches the engine.
 */
export class RunMonitor implements RunObserver {
  readonly outline: PipelineOutline;
  readonly results: ResultStore;
  readonly stream: ResultStream;
  readonly epochs = new RecentList<RecentEpoch>(KEPT);
  readonly checkpoints = new RecentList<CheckpointAttempt>(KEPT);
  readonly problems = new RecentList<Problem>(KEPT);
  readonly deadLetters = new RecentList<RecentDeadLetter>(KEPT);
  readonly lateEvents = new RecentList<RecentLateEvent>(KEPT);
  readonly #pipeline: MonitoredPipeline;
  readonly #clock: Clock;
  readonly #samples = new RateSamples();
  #delivered = 0;
  #committed: CommittedEpoch | null = null;
  readonly #windows: Glimpse<readonly OpenWindowStatus[]>;
  readonly #spans: Glimpse<readonly OpenSpanStatus[]>;

  /** Sees the runs of the pipeline that begin from now on. */
  constructor(pipeline: MonitoredPipeline, options: RunMonitorOptions = {}) {
    const { historyBytes = 67_108_864, historyKeys = 20_000, clock = new SystemClock() } = options;
    this.#pipeline = pipeline;
    this.#clock = clock;
    this.outline = outlineOf(pipeline.plan);
    this.stream = new ResultStream(historyBytes * STREAM_SHARE);
    this.results = new ResultStore({ maxBytes: historyBytes * (1 - STREAM_SHARE), maxKeys: historyKeys });
    this.#windows = new Glimpse(() => pipeline.openWindows(LISTED_WINDOWS), LISTING_MS, clock);
    this.#spans = new Glimpse(() => pipeline.openSpans(LISTED_SPANS), LISTING_MS, clock);
    pipeline.observe(this);
  }

  /** Tells one process from the next: what is counted by it begins anew with each. */
  get instance(): string {
    return this.#pipeline.status().startedAt.toString(36);
  }

  /** The clock's time. */
  now(): Instant {
    return this.#clock.now();
  }

  status(): StatusSnapshot {
    return this.#pipeline.status();
  }

  /** The earliest open windows, 10,000 at most; as of now, or of half a second ago. */
  openWindows(): readonly OpenWindowStatus[] {
    return this.#windows.now();
  }

  /**
   * Why the open windows have not fired, span by span, and how the watermark stands: the earliest 1,000 that are waited for,
   * then as many that are only kept for late events.
   */
  explain(): { readonly standing: WatermarkStanding; readonly windows: readonly WindowExplanation[] } {
    const status = this.status();
    const run = { ...status, openSpans: this.#spans.now() };
    return { standing: watermarkStanding(status), windows: explainWindows(run, this.outline) };
  }

  /** What flows now, a second; null before it can be told. */
  rates(): FlowRates | null {
    const sample = this.#sample();
    const rates = this.#samples.recent(sample);
    // While nothing is committed, nothing else notes how things stand.
    this.#samples.note(sample);
    return rates;
  }

  /** What has flowed lately. */
  rateHistory(): readonly RateStretch[] {
    return this.#samples.stretches(this.#sample());
  }

  committed(epoch: CommittedEpoch): void {
    this.#committed = epoch;
    if (this.#samples.isDue(this.#clock.monotonic())) this.#samples.note(this.#sample());
  }

  delivered({ epoch, durationMs, results, lateEvents, deadLetters }: DeliveredEpoch): void {
    this.#delivered += results.length;
    this.results.take(results);
    this.stream.append(results);
    this.deadLetters.addAll(deadLetters, shortDeadLetter);
    this.lateEvents.addAll(lateEvents, shortLateEvent);
    // One that an earlier process has committed is delivered again, and was not seen to be committed.
    if (this.#committed?.epoch === epoch) this.epochs.add({ ...this.#committed, deliveryMs: durationMs });
    this.#committed = null;
  }

  checkpointed(attempt: CheckpointAttempt): void {
    this.checkpoints.add(attempt);
  }

  noted(problem: RunProblem): void {
    this.problems.add(problemOf(problem, this.now()));
  }

  #sample(): Parameters<RateSamples['note']>[0] {
    const status = this.status();
    const { read, rejected, acceptedLate, droppedLate } = status.counters;
    const at = this.now();
    return {
      at,
      steadyMs: this.#clock.monotonic(),
      counts: { read, rejected, acceptedLate, droppedLate, delivered: this.#delivered },
      watermarkLagMs: watermarkLagOf(status, at),
    };
  }
}

function shortDeadLetter({ code, timestamp, raw, ...letter }: DeadLetter): RecentDeadLetter {
  const { message, path, partition, offset } = letter;
  return { at: timestamp, reason: code, message, path, partition, offset, preview: previewOf(raw, PREVIEW_BYTES) };
}

function shortLateEvent(event: LateEvent): RecentLateEvent {
  const { timestamp, eventTime, latenessMs, window, partition, offset, raw } = event;
  return {
    at: timestamp,
    eventTime,
    latenessMs,
    windowStart: window.start,
    windowEnd: window.end,
    key: window.key?.toString() ?? null,
    partition,
    offset,
    preview: previewOf(raw, PREVIEW_BYTES),
  };
}
