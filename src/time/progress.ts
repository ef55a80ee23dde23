import { assert, present } from '../errors/assert.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { combinedWatermark } from './combined-watermark.ts';
import type { Instant, Millis } from './instant.ts';
import { PartitionProgress } from './partition-progress.ts';
import {
  readProgressSnapshot,
  type PartitionSnapshot,
  type PartitionState,
  type ProgressSnapshot,
} from './progress-snapshot.ts';
import { instantToJson } from './snapshot-json.ts';
import type { WatermarkGenerator } from './watermark.ts';

/** Rules by which the partitions of a pipeline are judged. */
export interface ProgressOptions {
  /** How long a partition must be silent, with nothing left to read, to be idle; `Infinity`: it never is. */
  readonly idleTimeoutMs: Millis;
}

/** Progress of one partition as of now. */
export interface PartitionProgressStatus {
  readonly id: string;
  readonly state: PartitionState;
  readonly watermark: Instant;
  readonly caughtUp: boolean;
  /** When its last event came, by the steady clock; when it was added, where none has come. */
  readonly silentSince: Instant;
}

/**
 * Derives the pipeline's watermark W from those of its partitions. Pure: the clock's time is an argument.
 *
 * W is the minimum over active partitions and never falls. A partition that comes back from idleness, or appears
 * later, with a watermark below W is judged by its own watermark, and joins the minimum once it has caught up with
 * W. Without an active partition, W is the maximum over the idle ones; +∞ when all are finished.
 *
 * The idea of progress tracking as a pure core below the dataflow is that of Timely Dataflow (Murray et al.,
 * "Naiad: A Timely Dataflow System", SOSP 2013).
 */
export class ProgressTracker {
  readonly #model: WatermarkGenerator;
  readonly #idleTimeoutMs: Millis;
  readonly #partitions: PartitionProgress[] = [];
  readonly #indexes = new Map<string, number>();
  /** Partitions of the restored snapshot that have not been added; kept, for their source may bring them back. */
  readonly #stored = new Map<string, PartitionSnapshot>();
  #watermark: Instant = -Infinity;
  #stale = false;

  /** `model` gives each partition a generator of its own. */
  constructor(model: WatermarkGenerator, options: ProgressOptions) {
    this.#model = model;
    this.#idleTimeoutMs = options.idleTimeoutMs;
  }

  /**
   * Adds a partition, which goes on from the restored snapshot if it is part of it; returns its index. Add all that
   * are known before asking for the watermark: those that come after cannot lower it.
   * @throws ProcessorError SOURCE_FAILED for an id that is there already.
   */
  add(partitionId: string, now: Instant): number {
    if (this.#indexes.has(partitionId)) {
      throw new ProcessorError('source', 'SOURCE_FAILED', `the source has two partitions "${partitionId}"`);
    }
    const partition = new PartitionProgress(partitionId, this.#model.forPartition(), now);
    const stored = this.#stored.get(partitionId);
    if (stored !== undefined) partition.restore(stored);
    this.#stored.delete(partitionId);
    const index = this.#partitions.push(partition) - 1;
    this.#indexes.set(partitionId, index);
    this.#stale = true;
    return index;
  }

  /**
   * Notes `count` events of a partition, which makes it active. Puts into `watermarks`, for each event, the
   * partition's watermark in force before it.
   * @throws ProcessorError WATERMARK_INVALID if the generator throws or returns what is no instant.
   */
  observe(index: number, timestamps: Float64Array, count: number, watermarks: Float64Array, now: Instant): void {
    if (count === 0) return;
    this.#at(index).observe(timestamps, count, watermarks, now);
    this.#stale = true;
  }

  /** Tells whether a partition has nothing left to read. One that has cannot be idle, and is active again. */
  setCaughtUp(index: number, caughtUp: boolean): void {
    const partition = this.#at(index);
    partition.caughtUp = caughtUp;
    if (caughtUp || partition.state !== 'idle') return;
    partition.state = 'active';
    this.#stale = true;
  }

  /** A partition has come to its end. */
  finish(index: number): void {
    this.#at(index).state = 'finished';
    this.#stale = true;
  }

  /** The clock has moved on: partitions may go idle, and generators hand on what they hold. */
  tick(now: Instant): void {
    for (const partition of this.#partitions) partition.tick(now, this.#idleTimeoutMs);
    this.#stale = true;
  }

  /** The pipeline's watermark; −∞ while nothing is known. */
  watermark(): Instant {
    if (this.#stale) this.#watermark = Math.max(this.#watermark, combinedWatermark(this.#partitions, this.#watermark));
    this.#stale = false;
    return this.#watermark;
  }

  /** A partition's own watermark; −∞ before its first event. */
  partitionWatermark(index: number): Instant {
    return this.#at(index).watermark;
  }

  /** All partitions, in the order in which they were added. */
  states(): readonly PartitionProgressStatus[] {
    return this.#partitions.map(({ id, state, watermark, caughtUp, silentSince }) => ({
      id,
      state,
      watermark,
      caughtUp,
      silentSince,
    }));
  }

  /** All that {@link ProgressTracker.restore} needs, as JSON. */
  snapshot(): ProgressSnapshot {
    const partitions = [...this.#partitions.map((partition) => partition.snapshot()), ...this.#stored.values()];
    return { watermark: instantToJson(this.watermark()), partitions };
  }

  /**
   * Goes on from a {@link ProgressTracker.snapshot}; before the first partition is added.
   * @throws ProcessorError STATE_CORRUPT.
   */
  restore(snapshot: unknown): void {
    assert(this.#partitions.length === 0, 'progress is restored before partitions are added');
    const { watermark, partitions } = readProgressSnapshot(snapshot);
    this.#watermark = watermark;
    this.#stored.clear();
    for (const partition of partitions) this.#stored.set(partition.id, partition);
  }

  #at(index: number): PartitionProgress {
    return present(this.#partitions[index], `partition ${String(index)}`);
  }
}
