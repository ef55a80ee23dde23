import { AbortedTransactions, type AbortedTransaction } from '../../kafka/records/aborted-transactions.ts';
import { readInt64 } from '../../kafka/records/record-batch.ts';
import type { Instant } from '../../time/instant.ts';

/** Where the length of a batch stands, and what it does not count. */
const LENGTH_AT = 8;
const BEFORE_LENGTH = 12;
const EPOCH_AT = 12;
const LAST_DELTA_AT = 23;

/** Batches of one partition, as they came in one answer. */
export class FetchedRecords {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly receivedAt: Instant;
  /** Null where the records of open and aborted transactions are wanted too. */
  readonly aborted: AbortedTransactions | null;
  /** Where the next batch begins. */
  at = 0;
  /** Offset behind the last batch that came whole; undefined if none did. */
  readonly nextOffset: number | undefined;
  /** Epoch of the leader that wrote the last batch; −1 if there is none. */
  readonly leaderEpoch: number;

  constructor(bytes: Uint8Array, receivedAt: Instant, aborted: readonly AbortedTransaction[] | null) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let end = 0;
    let last = -1;
    // A broker may cut the last batch short.
    while (end + BEFORE_LENGTH <= bytes.length) {
      const next = end + BEFORE_LENGTH + view.getInt32(end + LENGTH_AT);
      if (next > bytes.length || next <= end) break;
      last = end;
      end = next;
    }
    this.bytes = bytes.subarray(0, end);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, end);
    this.receivedAt = receivedAt;
    this.aborted = aborted === null ? null : new AbortedTransactions(aborted);
    const isWhole = last >= 0 && end - last >= LAST_DELTA_AT + 4;
    this.nextOffset = isWhole ? readInt64(view, last) + view.getInt32(last + LAST_DELTA_AT) + 1 : undefined;
    this.leaderEpoch = isWhole ? view.getInt32(last + EPOCH_AT) : -1;
  }

  /** Bytes that have not been taken. */
  get left(): number {
    return this.bytes.length - this.at;
  }
}
