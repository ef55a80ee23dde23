import type { RecordBlock } from '../event/record-block.ts';
import type { SourcePosition } from '../event/source-position.ts';
import type { OffsetGroup } from '../kafka/offset-group.ts';
import type { RejectionReason } from '../results/dead-letter.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { PartitionShare } from './partition-share.ts';

export type { SourcePosition };

/** Why the pipeline would refuse a record. */
export interface RecordRefusal {
  readonly reason: RejectionReason;
  readonly message: string;
}

/** What a source is given when it is opened. */
export interface SourceContext {
  /** Name of the pipeline. */
  readonly pipeline: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Committed positions by partition id; a partition that is absent is read from its start. */
  readonly positions: ReadonlyMap<string, SourcePosition>;
  /**
   * Folder for what the source must keep to go on after a crash; the source makes it where it needs one. Absent where
   * the state does not outlive the process.
   */
  readonly directory?: string;
  /** Aborts when the run ends: a read under way must then resolve, with what it has or with null. */
  readonly signal: AbortSignal;
  /** The most records a block may hold. */
  readonly maxBlockRecords: number;
  /**
   * What the pipeline would refuse a JSON record for, null if nothing: for a source that can tell its sender at once.
   * Absent where only running the pipeline's own functions could tell.
   */
  readonly check?: (record: Uint8Array) => RecordRefusal | null;
  /** Takes what the source measures. Absent where nobody looks. */
  readonly instruments?: Instruments;
  /** True where a sink commits the positions under the source's `offsetGroup`, in the transaction of the results. */
  readonly sinkCommitsPositions?: boolean;
}

/**
 * One ordered sequence of records. At most one `read` is under way at a time; not asking is the back-pressure, so a
 * partition holds a bounded amount at any time.
 */
export interface SourcePartition {
  /** Stable across restarts: committed positions are kept under it. */
  readonly id: string;
  /**
   * Where reading begins, where that was decided at opening and would be decided otherwise later ("the newest"). It is
   * committed before anything is read, so that a restart does not leave out what has come since.
   */
  readonly start?: SourcePosition;
  /** The next block; waits until there is one. Null at the end of the partition, and when the run's signal aborts. */
  read(): Promise<RecordBlock | null>;
  /**
   * True while nothing is left to read that the source knows of (lag 0). A partition can go idle only then: a
   * backlog behind a slow or paused source is not idleness.
   */
  readonly caughtUp: boolean;
  /**
   * The furthest position that is as good as the given one, because the source knows of nothing to read between them.
   * Absent where what is read always reaches to the next record.
   */
  beyond?(position: SourcePosition): SourcePosition;
  /** Bytes read and bytes in all, where known; for progress bars. */
  progress?(): { readonly bytesRead: number; readonly bytesTotal: number };
  /** Records that are known of and have not been read, where the source can tell; else null. For people to see. */
  lag?(): number | null;
}

/** A source that has been opened. */
export interface OpenSource {
  /** The partitions known at opening. */
  readonly partitions: readonly SourcePartition[];
  /** Partitions that have appeared since the last call, for sources that can grow. */
  newPartitions?(): readonly SourcePartition[];
  /** An epoch is committed, durably where the state is durable: a restart goes on from these positions. */
  committed?(positions: ReadonlyMap<string, SourcePosition>): void;
  /**
   * The oldest checkpoint kept has these positions: nothing that is before them will ever be asked for again, whatever
   * is restored.
   */
  released?(positions: ReadonlyMap<string, SourcePosition>): void;
  /** What keeps the source from reading, and may pass: for `/health`, where a person reads it. Null when nothing does. */
  fault?(): string | null;
  close(): Promise<void>;
}

/**
 * Where events come from. A source is a description until it is opened; opening it twice gives two independent
 * readers. `T` is the type of its events where it hands over JavaScript values; a source of bytes leaves it at `never`,
 * for the pipeline says what is in them.
 */
export interface EventSource<T = never> {
  /** Short name for logs, metrics and health, such as `file`. */
  readonly name: string;
  /** Only for the type: a source of `T`. */
  readonly __event?: T;
  /** The consumer group that its offsets stand under, for a source of Kafka. */
  readonly offsetGroup?: OffsetGroup;
  /**
   * The part of the source that is read, for one whose partitions several processes can share. The ids of its partitions
   * then end in their numbers. Absent where one process reads them all.
   */
  readonly share?: PartitionShare;
  /** @throws ProcessorError of kind `source`. */
  open(context: SourceContext): Promise<OpenSource>;
}
