import type { EventBatch } from '../event/event-batch.ts';
import type { RecordBlock } from '../event/record-block.ts';
import type { RejectionReason } from '../results/dead-letter.ts';
import type { Instant } from '../time/instant.ts';

/** A record that could not be used; `record` is its index in the block. */
export interface Rejection {
  readonly record: number;
  readonly code: RejectionReason;
  readonly message: string;
  /** Path of the field at fault, if one is. */
  readonly path: string | null;
}

/** What was counted while decoding. Totals since the decoder was made. `records = decoded + rejected`. */
export interface DecodeCounters {
  /** Records read. */
  records: number;
  /** Records that became at least one event, or were filtered out on purpose. */
  decoded: number;
  rejected: number;
  /** Records that a filter or flatMap left nothing of. */
  filtered: number;
  /** Metrics that were missing or null, counted per event and metric. */
  missingValues: number;
  /** Integers that a double cannot hold exactly, used as the nearest double. */
  inexactIntegers: number;
}

/** What {@link BatchDecoder.decode} gives: valid until the next call. */
export interface Decoded {
  readonly batch: EventBatch;
  readonly rejections: readonly Rejection[];
}

/** Turns blocks of records into batches of columns. Synchronous; one for a run, with one {@link KeyDictionary}. */
export interface BatchDecoder {
  /** `now` is the clock's. The batch's `watermarks` and `partition` are left to the caller. Never throws for bad input. */
  decode(block: RecordBlock, now: Instant): Decoded;
  readonly counters: Readonly<DecodeCounters>;
}
