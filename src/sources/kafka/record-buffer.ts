import { CorruptRecordsError } from '../../kafka/records/corrupt-records-error.ts';
import { decompress } from '../../kafka/records/compression.ts';
import { DecompressionSpace, type Content } from '../../kafka/records/decompression-space.ts';
import { BATCH_HEADER_BYTES, CHECKED_FROM, isAbortMarker, RecordBatch } from '../../kafka/records/record-batch.ts';
import { emptyColumns, RecordWalker, type RecordColumns } from '../../kafka/records/record-columns.ts';
import type { Instant } from '../../time/instant.ts';
import type { FetchedRecords } from './fetched-records.ts';

/** Batches that do not lie in the same bytes are put together in one block, by copying, up to so many bytes. */
const MERGED_BYTES = 262_144;

/** Records that are handed on together. */
export interface TakenRecords {
  readonly columns: RecordColumns;
  readonly bytes: Uint8Array;
  readonly receivedAt: Instant;
}

/**
 * What has been fetched of a partition and not yet handed on. Batches are checked, decompressed and walked over one at a
 * time, when records are taken; those of aborted transactions, and markers, are left out.
 */
export class RecordBuffer {
  /** Offset of the next record to hand on: all before it are handed on or left out. */
  next: number;
  /** Leader's epoch of the last batch before {@link next}, whether its records were handed on or left out. */
  leaderEpoch: number;
  /** Bytes that wait, compressed as they came. */
  bytes = 0;
  readonly #fetched: FetchedRecords[] = [];
  readonly #batch = new RecordBatch();
  readonly #walker = new RecordWalker();
  readonly #space = new DecompressionSpace();
  readonly #checksum: (bytes: Uint8Array) => number;
  #receivedAt: Instant = 0;
  /** What is wrong with the next batch. */
  #broken: CorruptRecordsError | undefined;

  /** `checksum` is CRC-32C. */
  constructor(next: number, leaderEpoch: number, checksum: (bytes: Uint8Array) => number) {
    this.next = next;
    this.leaderEpoch = leaderEpoch;
    this.#checksum = checksum;
  }

  /** True if there is nothing to take, as far as can be told without looking into the batches. */
  get isEmpty(): boolean {
    return this.#fetched.length === 0 && this.#walker.left === 0;
  }

  add(records: FetchedRecords): void {
    this.#fetched.push(records);
    this.bytes += records.left;
  }

  /** Lets go of everything that waits, so that it is fetched again from {@link next}. */
  clear(): void {
    this.#fetched.length = 0;
    this.#walker.clear();
    this.#broken = undefined;
    this.bytes = 0;
  }

  /**
   * The next records, at most so many; null if there are none.
   *
   * @throws CorruptRecordsError once those before it are taken, and then until a {@link clear}.
   */
  take(most: number): TakenRecords | null {
    while (this.#walker.left > 0 || this.#open()) {
      const taken = this.#collect(most);
      if (taken.columns.count > 0) return taken;
      if (this.#broken !== undefined) break;
    }
    if (this.#broken !== undefined) throw this.#broken;
    return null;
  }

  /** Fills a block from the open batch on, and from those after it if they are small. */
  #collect(most: number): TakenRecords {
    const walker = this.#walker;
    const receivedAt = this.#receivedAt;
    const pieces = [walker.bytes];
    let total = walker.bytes.length;
    let base = 0;
    const columns = emptyColumns(this.#fetched.length > 0 ? most : Math.min(most, walker.left));
    while (this.#fill(columns, base)) {
      this.leaderEpoch = this.#batch.leaderEpoch;
      if (walker.left > 0) {
        // Full: the columns have at least one entry then.
        this.next = (columns.offsets[columns.count - 1] ?? this.next) + 1;
        break;
      }
      this.next = Math.max(this.next, this.#batch.lastOffset + 1);
      if (!this.#open() || columns.count === columns.offsets.length) break;
      if (walker.bytes === pieces.at(-1)) continue;
      if (total + walker.bytes.length > MERGED_BYTES) break;
      base = total;
      total += walker.bytes.length;
      pieces.push(walker.bytes);
    }
    const [first = walker.bytes] = pieces;
    return { columns, bytes: pieces.length === 1 ? first : Buffer.concat(pieces, total), receivedAt };
  }

  /** False if the rest of the batch cannot be walked over. */
  #fill(columns: RecordColumns, base: number): boolean {
    return this.#unlessBroken(() => {
      this.#walker.fill(columns, this.next, base);
      return true;
    });
  }

  /** Goes on to the next batch with records to hand on; false if there is none. */
  #open(): boolean {
    return this.#unlessBroken(() => this.#openNext());
  }

  /** Records before what is broken are handed on first. */
  #unlessBroken(step: () => boolean): boolean {
    if (this.#broken !== undefined) return false;
    try {
      return step();
    } catch (error) {
      if (!(error instanceof CorruptRecordsError)) throw error;
      this.#broken = error;
      return false;
    }
  }

  #openNext(): boolean {
    for (let fetched = this.#fetched[0]; fetched !== undefined; fetched = this.#fetched[0]) {
      if (!this.#batch.read(fetched.view, fetched.at)) {
        this.bytes -= fetched.left;
        this.#fetched.shift();
        continue;
      }
      const batch = this.#batch;
      fetched.at = batch.end;
      this.bytes -= batch.end - batch.start;
      this.#receivedAt = fetched.receivedAt;
      this.#check(fetched);
      if (this.#isLeftOut(fetched)) {
        this.#passOver(batch);
        continue;
      }
      const { bytes, start, end } = this.#contentOf(fetched);
      this.#walker.begin(bytes, start, end, batch.baseOffset, batch.recordCount);
      if (fetched.left === 0) this.#fetched.shift();
      return true;
    }
    // Whoever took the last records may hold on to the bytes; here nobody needs them.
    this.#walker.clear();
    this.#space.release();
    return false;
  }

  /** The position behind it is told apart by the epoch that it was written in, as it is behind records. */
  #passOver({ lastOffset, leaderEpoch }: RecordBatch): void {
    if (lastOffset < this.next) return;
    this.next = lastOffset + 1;
    this.leaderEpoch = leaderEpoch;
  }

  /** The records of the batch: where it lies, unless it is compressed. */
  #contentOf({ bytes }: FetchedRecords): Content {
    const { compression, start, end } = this.#batch;
    if (compression === 0) return { bytes, start: start + BATCH_HEADER_BYTES, end };
    return decompress(compression, bytes.subarray(start + BATCH_HEADER_BYTES, end), this.#space);
  }

  #check({ bytes }: FetchedRecords): void {
    const { start, end, checksum, baseOffset } = this.#batch;
    if (this.#checksum(bytes.subarray(start + CHECKED_FROM, end)) === checksum) return;
    throw new CorruptRecordsError(`the checksum of the batch at offset ${baseOffset} is not that of its bytes`);
  }

  #isLeftOut({ view, aborted }: FetchedRecords): boolean {
    const batch = this.#batch;
    if (batch.isControl) {
      if (isAbortMarker(view, batch)) aborted?.end(batch.producerId, batch.lastOffset);
      return true;
    }
    if (batch.isTransactional && aborted?.includes(batch.producerId, batch.lastOffset) === true) return true;
    return batch.recordCount === 0 || batch.lastOffset < this.next;
  }
}
