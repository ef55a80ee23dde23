import { present } from '../errors/assert.ts';
import type { ByteBlock, ObjectBlock, RecordBlock, RecordFormat } from '../event/record-block.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { AggregationResult, Results } from '../results/aggregation-result.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { LateEvent } from '../results/late-event.ts';
import type { DecodeCounters } from '../decode/batch-decoder.ts';
import type { EngineCounters, OpenWindow } from '../engine/window-engine.ts';
import { emptyOutbox } from '../runtime/outbox.ts';
import { StreamCore } from '../runtime/stream-core.ts';
import { parseDuration, type Duration } from '../time/duration.ts';
import { toInstant, type Instant } from '../time/instant.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { DrivenWatermark } from './driven-watermark.ts';

/** How a {@link TestDriver} begins. */
export interface TestDriverOptions {
  /** What the clock shows at first, in ms. Default 0. */
  readonly now?: Instant | Date;
  /**
   * `generated` (default): by the pipeline's generator, and by hand on top. `manual`: only by hand.
   */
  readonly watermarks?: 'generated' | 'manual';
  /** Partitions that are there from the start, each holding the watermark back until its first event. */
  readonly partitions?: readonly string[];
}

/** Name of the partition that is meant where none is given. */
const DEFAULT_PARTITION = '0';

interface DrivenPartition {
  readonly index: number;
  readonly watermark: DrivenWatermark;
  offset: number;
}

/**
 * Drives a pipeline by hand, synchronously: feed events and watermarks, turn the clock, and look at what comes out.
 * The pipeline's source and sinks are not touched; decoding, transforms, windows and lateness are the real ones.
 *
 * ```ts
 * const driver = new TestDriver(pipeline);
 * driver.send({ timestamp: 1000, model: 'a', latencyMs: 12 });
 * driver.watermark(300_000);
 * expect(driver.takeResults()[0]?.results.count).toBe(1);
 * ```
 */
export class TestDriver<R = Results> {
  readonly clock: ManualClock;
  readonly #core: StreamCore;
  readonly #outbox = emptyOutbox();
  readonly #partitions = new Map<string, DrivenPartition>();
  #made: DrivenWatermark | undefined;

  constructor(pipeline: Pipeline<R> | PipelinePlan, options: TestDriverOptions = {}) {
    const plan = 'plan' in pipeline ? pipeline.plan : pipeline;
    this.clock = new ManualClock(toInstant(options.now ?? 0));
    const base = options.watermarks === 'manual' ? null : plan.watermark;
    const watermark = new DrivenWatermark(base, (generator) => {
      this.#made = generator;
    });
    this.#core = new StreamCore({ ...plan, watermark }, this.clock);
    for (const partition of options.partitions ?? []) this.#partition(partition);
  }

  /** Makes a partition known before its first event: from here on it holds the watermark back. */
  addPartition(partition: string): void {
    this.#partition(partition);
  }

  /** Feeds one event, as a batch of its own. */
  send(event: unknown, partition = DEFAULT_PARTITION): void {
    this.sendBatch([event], partition);
  }

  /** Feeds events as one batch: windows fire behind the last. */
  sendBatch(events: readonly unknown[], partition = DEFAULT_PARTITION): void {
    if (events.length === 0) return;
    const target = this.#partition(partition);
    const block: ObjectBlock = { kind: 'objects', objects: events, ...this.#header(target, events.length) };
    this.#process(target, block);
  }

  /** Feeds records as a source would deliver them: as bytes, JSON unless told otherwise; as one batch. */
  sendRecords(
    records: readonly (string | Uint8Array)[],
    partition = DEFAULT_PARTITION,
    format: RecordFormat = { type: 'json' },
  ): void {
    if (records.length === 0) return;
    const target = this.#partition(partition);
    const encoder = new TextEncoder();
    const parts = records.map((record) => (typeof record === 'string' ? encoder.encode(record) : record));
    const starts = new Int32Array(parts.length);
    const ends = new Int32Array(parts.length);
    let length = 0;
    for (const [i, part] of parts.entries()) {
      starts[i] = length;
      length += part.length;
      ends[i] = length;
    }
    const bytes = new Uint8Array(Buffer.concat(parts));
    const block: ByteBlock = { kind: 'bytes', format, bytes, starts, ends, ...this.#header(target, parts.length) };
    this.#process(target, block);
  }

  /** Sets the watermark of a partition; a lower one than it has is ignored. */
  watermark(at: Instant | Date, partition = DEFAULT_PARTITION): void {
    this.#partition(partition).watermark.set(at === Infinity ? Infinity : toInstant(at));
    this.#tick();
  }

  /** Lets time pass: idleness, periodic watermarks and triggers see it. */
  advanceClock(by: Duration): void {
    this.clock.advance(parseDuration(by, 'time to pass'));
    this.#tick();
  }

  /** Says whether a partition has something left to read: it goes idle only if not. True at first. */
  setCaughtUp(caughtUp: boolean, partition = DEFAULT_PARTITION): void {
    this.#core.progress.setCaughtUp(this.#partition(partition).index, caughtUp);
    this.#tick();
  }

  /** A partition comes to its end; without a name, all do, and every open window fires. */
  finish(partition?: string): void {
    const targets = partition === undefined ? [...this.#partitions.values()] : [this.#partition(partition)];
    for (const { index } of targets) this.#core.finish(index);
    this.#collect();
  }

  /** Results since the last call, in the order of firing. */
  takeResults(): AggregationResult<R>[] {
    // The pipeline's builder has set R by the settings that shape the results.
    return this.#outbox.results.splice(0) as AggregationResult<R>[];
  }

  /** Events dropped as too late since the last call. */
  takeLateEvents(): LateEvent[] {
    return this.#outbox.lateEvents.splice(0);
  }

  /** Rejected records since the last call. */
  takeDeadLetters(): DeadLetter[] {
    return this.#outbox.deadLetters.splice(0);
  }

  /** The pipeline's watermark: −∞ at first, +∞ at the end. */
  get currentWatermark(): Instant {
    return this.#core.progress.watermark();
  }

  get counters(): Readonly<EngineCounters & DecodeCounters> {
    return { ...this.#core.engineCounters, ...this.#core.decodeCounters };
  }

  /** Windows that hold state, earliest first, at most `limit`. */
  openWindows(limit = 1000): readonly OpenWindow[] {
    return this.#core.engine.openWindows(limit);
  }

  #partition(id: string): DrivenPartition {
    const known = this.#partitions.get(id);
    if (known !== undefined) return known;
    const index = this.#core.addPartition(id);
    const partition = { index, watermark: present(this.#made, 'generator of a partition'), offset: 0 };
    this.#core.progress.setCaughtUp(index, true);
    this.#partitions.set(id, partition);
    return partition;
  }

  #header(
    target: DrivenPartition,
    count: number,
  ): Pick<RecordBlock, 'count' | 'offsets' | 'nextOffset' | 'receivedAt'> {
    const first = target.offset;
    target.offset += count;
    const offsets = Float64Array.from({ length: count }, (_, i) => first + i);
    return { count, offsets, nextOffset: target.offset, receivedAt: this.clock.now() };
  }

  #process(target: DrivenPartition, block: RecordBlock): void {
    this.#core.process(target.index, block, this.#outbox);
    this.#collect();
  }

  #tick(): void {
    this.#core.tick();
    this.#collect();
  }

  #collect(): void {
    while (!this.#core.drain(1000, this.#outbox));
  }
}
