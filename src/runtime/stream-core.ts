import type { BatchDecoder, DecodeCounters, Rejection } from '../decode/batch-decoder.ts';
import { createBatchDecoder } from '../decode/create-batch-decoder.ts';
import { Journal } from '../engine/journal.ts';
import { ReferenceEngine } from '../engine/reference/reference-engine.ts';
import type { DroppedEvent, EngineCounters, FiredPane, StateDelta, WindowEngine } from '../engine/window-engine.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { EventBatch } from '../event/event-batch.ts';
import { KeyDictionary } from '../event/key-dictionary.ts';
import { rawBytesOf, type RecordBlock } from '../event/record-block.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import { AggregationResult } from '../results/aggregation-result.ts';
import { DeadLetter } from '../results/dead-letter.ts';
import { LateEvent } from '../results/late-event.ts';
import { partitionNumber } from '../sources/partition-share.ts';
import type { Clock } from '../time/clock.ts';
import type { Instant } from '../time/instant.ts';
import { ProgressTracker } from '../time/progress.ts';
import { windowStatePrefix } from './epoch-store.ts';
import type { Outbox } from './outbox.ts';

/** How long a journal may become: what a restart has to do again, some hundred thousand events. */
const MOST_JOURNAL_BYTES = 8 << 20;

/** Keys held beyond one and a half times the windows in memory before the dead are dropped. */
const KEY_SLACK = 4096;

/** A block that has been decoded, and not yet gone into the windows. */
export interface DecodedBlock {
  readonly partition: string;
  readonly batch: EventBatch;
  readonly now: Instant;
}

/**
 * The synchronous heart of a pipeline: decoder, progress and window engine, put together. Blocks go in, an outbox
 * fills. Nothing in it waits; the runtime around it, and the test driver, decide what comes when. Silence and
 * the intervals of watermarks are measured by the clock's steady time, so that setting the wall clock changes no
 * watermark.
 */
export class StreamCore {
  readonly engine: WindowEngine;
  readonly progress: ProgressTracker;
  readonly #plan: PipelinePlan;
  readonly #clock: Clock;
  readonly #decoder: BatchDecoder;
  readonly #keys = new KeyDictionary();
  readonly #partitions: string[] = [];
  /** Their numbers, where state is kept by partition; else 0. */
  readonly #numbers: number[] = [];
  readonly #byPartition: boolean;
  /** Null where the same input might give other windows, or nothing is kept. */
  readonly #journal: Journal | null;

  constructor(plan: PipelinePlan, clock: Clock) {
    this.#plan = plan;
    this.#clock = clock;
    this.#byPartition = isByPartition(plan);
    this.#decoder = createBatchDecoder(plan.decode, this.#keys);
    this.progress = new ProgressTracker(plan.watermark, { idleTimeoutMs: plan.idleTimeoutMs });
    this.engine = createEngine(plan, this.#keys);
    this.#journal = isRepeatable(plan) ? new Journal(this.#keys, MOST_JOURNAL_BYTES) : null;
  }

  /** Goes on from the progress of an epoch, when all of its window state is loaded and before partitions are added. */
  restore(progress: unknown): void {
    this.progress.restore(progress);
    // Else the first batch would be judged as if no window had ever closed.
    this.#advance();
  }

  /**
   * Adds a partition; returns its index.
   * @throws ProcessorError SOURCE_FAILED for an id that is there already, or that has no number where one is needed.
   */
  addPartition(id: string): number {
    const number = this.#byPartition ? partitionNumber(id) : 0;
    if (number === undefined) {
      const message = `state is kept by the numbers of partitions, and "${id}" does not end in one`;
      throw new ProcessorError('source', 'SOURCE_FAILED', message);
    }
    const index = this.progress.add(id, this.#clock.monotonic());
    this.#partitions[index] = id;
    this.#numbers[index] = number;
    return index;
  }

  /**
   * Takes a block of a partition through decoding and into the windows, where all that it needs is in memory. Leaves what
   * is due to {@link drain}.
   */
  process(partition: number, block: RecordBlock, outbox: Outbox): void {
    this.ingest(this.decode(partition, block, outbox), outbox);
  }

  /** Decodes a block of a partition. Its batch is the next that is ingested. */
  decode(partition: number, block: RecordBlock, outbox: Outbox): DecodedBlock {
    const now = this.#clock.now();
    const { batch, rejections } = this.#decoder.decode(block, now);
    batch.partition = this.#numbers[partition] ?? 0;
    const id = this.#partitions[partition] ?? '';
    for (const rejection of rejections) outbox.deadLetters.push(deadLetterOf(rejection, block, id, now));
    this.progress.observe(partition, batch.timestamps, batch.count, batch.watermarks, this.#clock.monotonic());
    return { partition: id, batch, now };
  }

  /** Takes a decoded block into the windows, once the engine has no request for it. */
  ingest({ partition, batch, now }: DecodedBlock, outbox: Outbox): void {
    for (const dropped of this.engine.ingest(batch, now)) {
      outbox.lateEvents.push(lateEventOf(dropped, batch, partition, now));
    }
    const watermark = this.progress.watermark();
    this.engine.advance(watermark);
    this.#journal?.ingested(batch, now, watermark);
  }

  /** A partition has come to its end. */
  finish(partition: number): void {
    this.progress.finish(partition);
    this.#advance();
  }

  /** The clock has moved on: idleness, periodic watermarks, triggers. */
  tick(): void {
    this.progress.tick(this.#clock.monotonic());
    const now = this.#clock.now();
    this.engine.tick(now);
    this.#journal?.ticked(now);
    this.#advance();
  }

  /** The windows that have changed since the last call; what is read from now on goes into a new journal. */
  takeDelta(): StateDelta {
    const delta = this.engine.takeDelta();
    this.#journal?.begin();
    return delta;
  }

  /**
   * What has gone into the windows since the last call, or since the last delta: with what was stored then, all that is
   * needed to have them again, and the results too. Null where that cannot be had: the delta must then be stored. Only while
   * nothing is due. Valid until the next call of either.
   */
  takeJournal(): Uint8Array | null {
    return this.#journal?.take() ?? null;
  }

  /**
   * Takes fired panes into the outbox, about `limit` of them (see {@link WindowEngine.takeFired}). True when none is
   * left, or the engine has a request; else call again before going on.
   */
  drain(limit: number, outbox: Outbox): boolean {
    const now = this.#clock.now();
    const fired = this.engine.takeFired(limit);
    for (const pane of fired) outbox.results.push(resultOf(pane, this.#plan.name, now));
    this.#journal?.fired(fired.length, now);
    return fired.length < limit;
  }

  /** Drops keys that no window holds any more, now and then. Only between batches. */
  dropDeadKeys(): void {
    const { activeWindows, residence } = this.engine;
    if (this.#keys.size <= KEY_SLACK + 1.5 * (activeWindows - residence.spilledWindows)) return;
    this.#keys.retain((id) => this.engine.isLive(id));
  }

  get decodeCounters(): Readonly<DecodeCounters> {
    return this.#decoder.counters;
  }

  get engineCounters(): Readonly<EngineCounters> {
    return this.engine.counters;
  }

  #advance(): void {
    const watermark = this.progress.watermark();
    this.engine.advance(watermark);
    this.#journal?.advanced(watermark);
  }
}

/** What a pipeline delivers of a pane. */
export function resultOf(
  { windowName, windowType, window, results, pane }: FiredPane,
  pipeline: string,
  timestamp: Instant,
): AggregationResult {
  return new AggregationResult({ pipeline, windowName, windowType, window, results, pane, timestamp });
}

/** The engine of a plan, with nothing in it. */
export function createEngine(plan: PipelinePlan, keys: KeyDictionary): WindowEngine {
  return new ReferenceEngine({
    windows: plan.windows,
    lateRule: plan.lateRule,
    metrics: plan.decode.metrics.map((metric) => metric.name),
    flatResults: plan.flatResults,
    aggregation: plan.aggregation,
    aggregators: plan.aggregators,
    keys,
    entryPrefix: windowStatePrefix(plan.name),
    byPartition: isByPartition(plan),
    trackChanges: plan.state.recoverable,
    residentBytesLimit: plan.state.recoverable ? plan.stateMemoryLimitBytes : Infinity,
  });
}

/** True where state is kept by the partitions of the source. */
function isByPartition({ source }: PipelinePlan): boolean {
  return source.share?.partitionedByKey === true;
}

/** True if the same input gives the same windows: functions of the user's are asked but once. */
function isRepeatable(plan: PipelinePlan): boolean {
  const { state, windows, aggregators } = plan;
  // A journal does not say which partition a batch is of.
  return (
    state.recoverable &&
    !isByPartition(plan) &&
    !deliversInTransaction(plan) &&
    aggregators.length === 0 &&
    windows.every(({ trigger }) => trigger === undefined)
  );
}

/** True where a sink holds what it was given against the epochs of the state: a journal is not tried with that yet. */
function deliversInTransaction({ sinks, lateSink, deadLetterSink, errorHandler }: PipelinePlan): boolean {
  return [...sinks, lateSink, deadLetterSink, errorHandler.sink].some((sink) => sink?.transaction !== undefined);
}

function deadLetterOf(rejection: Rejection, block: RecordBlock, partition: string, now: Instant): DeadLetter {
  return new DeadLetter({
    code: rejection.code,
    message: rejection.message,
    path: rejection.path,
    partition,
    offset: block.offsets[rejection.record] ?? Number.NaN,
    raw: rawBytesOf(block, rejection.record),
    timestamp: now,
  });
}

function lateEventOf(dropped: DroppedEvent, batch: EventBatch, partition: string, now: Instant): LateEvent {
  const record = batch.records[dropped.index] ?? 0;
  return new LateEvent({
    window: dropped.window,
    eventTime: batch.timestamps[dropped.index] ?? Number.NaN,
    watermark: dropped.watermark,
    partition,
    offset: batch.block.offsets[record] ?? Number.NaN,
    raw: rawBytesOf(batch.block, record),
    data: batch.data[dropped.index],
    timestamp: now,
  });
}
