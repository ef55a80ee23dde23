import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { OpenSource, SourcePosition } from '../sources/event-source.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { PartitionReader } from './partition-reader.ts';
import { retryDelay } from '../time/retry-delay.ts';
import type { ComponentStatus } from './status.ts';
import type { StreamCore } from './stream-core.ts';

/** How long a stopped run waits for reads that do not heed the signal, in ms. */
const STOP_GRACE_MS = 1000;

/** What a reader is made from. */
export interface SourceReaderOptions {
  readonly plan: PipelinePlan;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  /** Aborts when reading is to end. */
  readonly stopping: AbortSignal;
  /** Called whenever a read has settled. */
  readonly onSettled: () => void;
}

/** All partitions of an open source: keeps a block of each ready, and hands out that of the lowest watermark. */
export class SourceReader {
  readonly readers: PartitionReader[] = [];
  readonly #source: OpenSource;
  readonly #core: StreamCore;
  readonly #options: SourceReaderOptions;
  readonly #positions: ReadonlyMap<string, SourcePosition>;
  readonly #finished = new Set<PartitionReader>();
  /** By the monotonic clock: when a failed partition is read again. */
  readonly #retryAt = new Map<PartitionReader, number>();
  readonly #faults = new Map<PartitionReader, string>();
  #stoppedAt: number | undefined;
  /** True while there is nothing that an earlier run had not read to its end. */
  #isAtEnd: boolean;
  #hasBegun = false;

  constructor(
    source: OpenSource,
    core: StreamCore,
    positions: ReadonlyMap<string, SourcePosition>,
    options: SourceReaderOptions,
  ) {
    this.#source = source;
    this.#core = core;
    this.#positions = positions;
    this.#options = options;
    this.#isAtEnd = core.progress.watermark() === Infinity;
    for (const partition of source.partitions) this.#add(partition);
  }

  /** True where a partition begins at a place that nothing but this run knows of. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** True when there is nothing more to take, now or later. */
  get isDone(): boolean {
    if (this.readers.some((reader) => reader.isReady)) return false;
    if (!this.#options.stopping.aborted) {
      if (!this.readers.every((reader) => this.#finished.has(reader))) return false;
      return this.readers.length > 0 || this.#source.newPartitions === undefined;
    }
    if (!this.readers.some((reader) => reader.isReading)) return true;
    const now = this.#options.clock.monotonic();
    this.#stoppedAt ??= now;
    return now - this.#stoppedAt >= STOP_GRACE_MS;
  }

  /** Starts reads where there is room for a block, and takes note of partitions that are new, at their end, or failed. */
  advance(): void {
    // Nothing more is begun, and a read that ends or fails because the run was stopped says nothing of its partition.
    if (this.#options.stopping.aborted) return;
    for (const partition of this.#source.newPartitions?.() ?? []) this.#add(partition);
    for (const reader of this.readers) {
      if (reader.failure !== undefined) this.#recover(reader, reader.failure.error);
      else if (reader.attempts === 0 && !reader.ended) this.#faults.delete(reader);
      if (reader.ended && !reader.isReady && !this.#finished.has(reader)) this.#finish(reader);
      reader.prefetch();
    }
  }

  /** Milliseconds until {@link SourceReader.advance} has to be called though nothing has settled. */
  untilRetry(): number {
    const { clock, stopping } = this.#options;
    if (stopping.aborted)
      return Math.max(0, (this.#stoppedAt ?? clock.monotonic()) + STOP_GRACE_MS - clock.monotonic());
    let earliest = Infinity;
    for (const at of this.#retryAt.values()) earliest = Math.min(earliest, at);
    return Math.max(0, earliest - clock.monotonic());
  }

  /** Of the partitions with a block ready, the one with the lowest watermark: no partition runs ahead of the others. */
  next(): PartitionReader | undefined {
    let lowest: PartitionReader | undefined;
    let lowestWatermark = Infinity;
    for (const reader of this.readers) {
      if (!reader.isReady) continue;
      const watermark = this.#core.progress.partitionWatermark(reader.index);
      if (lowest !== undefined && watermark >= lowestWatermark) continue;
      lowest = reader;
      lowestWatermark = watermark;
    }
    if (this.#isAtEnd && lowest !== undefined) this.#warnOfMore(lowest.partition.id);
    return lowest;
  }

  /** Tells the progress tracker which partitions have nothing left to read. */
  noteLag(): void {
    for (const reader of this.readers) {
      this.#core.progress.setCaughtUp(reader.index, reader.partition.caughtUp && !reader.isReady);
    }
  }

  /** Where each partition goes on; what an epoch commits. */
  positions(): ReadonlyMap<string, SourcePosition> {
    const positions = new Map(this.#positions);
    for (const { partition, position } of this.readers) {
      if (position !== undefined) positions.set(partition.id, position);
    }
    return positions;
  }

  committed(positions: ReadonlyMap<string, SourcePosition>): void {
    this.#source.committed?.(positions);
  }

  /** Nothing before these positions will be asked for again. */
  released(positions: ReadonlyMap<string, SourcePosition>): void {
    this.#source.released?.(positions);
  }

  status(): ComponentStatus {
    const fault = [...this.#faults.values()][0] ?? this.#source.fault?.() ?? null;
    return fault === null ? { status: 'ok', message: null } : { status: 'degraded', message: fault };
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  #add(partition: OpenSource['partitions'][number]): void {
    const index = this.#core.addPartition(partition.id);
    const position = this.#positions.get(partition.id);
    if (position === undefined && partition.start !== undefined) this.#hasBegun = true;
    this.readers.push(new PartitionReader(partition, index, position, this.#options.onSettled));
  }

  #finish(reader: PartitionReader): void {
    this.#finished.add(reader);
    this.#core.finish(reader.index);
  }

  /** Once. */
  #warnOfMore(partition: string): void {
    this.#isAtEnd = false;
    this.#options.logger.warn(
      { partition },
      'an earlier run came to the end of the input and fired all windows, and now there is more: it is judged as late. A source that follows its input comes to no end',
    );
  }

  #recover(reader: PartitionReader, error: unknown): void {
    const { plan, clock, logger, metrics } = this.#options;
    const { errorHandler } = plan;
    const { id } = reader.partition;
    const now = clock.monotonic();
    const retryAt = this.#retryAt.get(reader);
    if (retryAt !== undefined) {
      if (now < retryAt) return;
      this.#retryAt.delete(reader);
      reader.failure = undefined;
      return;
    }
    metrics.recordError('source');
    const reason = messageOf(error);
    if (reader.attempts < errorHandler.maxAttempts && !isLost(error)) {
      const delay = retryDelay(errorHandler, reader.attempts, clock.now());
      reader.attempts += 1;
      this.#retryAt.set(reader, now + delay);
      this.#faults.set(reader, `partition ${id}: ${reason}`);
      logger.warn(
        { partition: id, attempt: reader.attempts, delayMs: delay, error: reason },
        'read failed; will retry',
      );
      return;
    }
    if (errorHandler.policy === 'retry') throw sourceError(plan.source.name, id, error);
    logger.error({ partition: id, policy: errorHandler.policy, error: reason }, 'partition given up');
    this.#faults.set(reader, `partition ${id} was given up: ${reason}`);
    reader.failure = undefined;
    reader.ended = true;
  }
}

/** True where what was to be read is gone: no attempt brings it back. */
function isLost(error: unknown): boolean {
  return ProcessorError.is(error) && (error.code === 'SOURCE_CHANGED' || error.code === 'KAFKA_OFFSET_LOST');
}

function sourceError(source: string, partition: string, cause: unknown): ProcessorError {
  if (ProcessorError.is(cause)) return cause;
  const reason = messageOf(cause);
  return new ProcessorError('source', 'SOURCE_FAILED', `source "${source}", partition ${partition}: ${reason}`, {
    cause,
  });
}
