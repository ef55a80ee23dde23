import { ProcessorError } from '../../errors/processor-error.ts';
import { MAX_RECORD_BYTES, type ByteBlock, type RecordFault, type RecordFormat } from '../../event/record-block.ts';
import type { Instant } from '../../time/instant.ts';
import { BlockColumns } from './block-columns.ts';
import { csvFields } from './csv-splitter.ts';
import type { Splitter } from './splitter.ts';

/** A block is closed once its records span this many bytes. */
const BLOCK_BYTES = 262_144;
/** Pieces smaller than this are gathered in a buffer with room for more of them. */
const GATHER_BYTES = 65_536;
/** Bytes of a record, with a CR that may belong to its end, from which on it is too large for sure. */
const OVERSIZE_BYTES = MAX_RECORD_BYTES + 2;

/** Bytes before a place by which it is known again. */
const RECENT_BYTES = 1024;

const EMPTY = Buffer.alloc(0);
const TOO_LARGE: RecordFault = { reason: 'too_large', message: 'The record has more than 1,048,576 bytes.' };

/** Where a {@link Framer} begins, and how it finds the ends of records. */
export interface FramerOptions {
  readonly splitter: Splitter;
  /** The most records in a block. */
  readonly maxBlockRecords: number;
  /** Offset of the first byte that will be pushed. */
  readonly offset: number;
  /** True if that is the first byte of the stream: a byte order mark is then dropped. */
  readonly atStart: boolean;
  /** How records are to be read; null: CSV whose header row comes first. */
  readonly format: RecordFormat | null;
}

/**
 * Turns a stream of bytes, pushed in pieces, into blocks of records. Synchronous; bounded: it holds the piece
 * pushed last and the one record that has begun, of which no more than its first MiB.
 *
 * Use: `push` a piece, `take` blocks until null, `push` the next; after the last one `end`, and `take` until null.
 * Blocks share memory with the pieces pushed, which must not be written to afterwards.
 */
export class Framer {
  readonly #splitter: Splitter;
  readonly #maxBlockRecords: number;
  readonly #columns = new BlockColumns();
  #format: RecordFormat | null;
  /** Bytes that are still needed, and behind them those not yet looked at. */
  #bytes: Buffer = EMPTY;
  /** The memory of `#bytes`, which may have room behind them. */
  #store: Buffer = EMPTY;
  /** Offset in the stream of the first of `#bytes`. */
  #base: number;
  /** The last bytes before that, {@link RECENT_BYTES} at most. */
  #before: Buffer = EMPTY;
  /** Place and state after the last record found: what follows it may have been looked at already. */
  #nextOffset: number;
  #state: string;
  #markPending: boolean;
  #ended = false;
  /** The first MiB of the record that has begun, once it is known to be too large; the rest is not kept. */
  #oversized: Buffer | null = null;

  constructor(options: FramerOptions) {
    this.#splitter = options.splitter;
    this.#maxBlockRecords = options.maxBlockRecords;
    this.#base = options.offset;
    this.#nextOffset = options.offset;
    this.#state = options.splitter.state;
    this.#markPending = options.atStart;
    this.#format = options.format;
  }

  /** Offset of the byte after the last one pushed. */
  get offset(): number {
    return this.#base + this.#bytes.length;
  }

  /** What a new framer needs, beside the block's `nextOffset`, to go on after the block just taken. */
  get state(): string {
    return this.#state;
  }

  /** The last bytes before the block's `nextOffset` that were pushed, {@link RECENT_BYTES} at most. Right after `take`. */
  get recent(): Buffer {
    return lastOf(this.#before, this.#bytes.subarray(0, this.#nextOffset - this.#base));
  }

  /** How records are to be read; null for CSV whose header row has not been seen yet. */
  get format(): RecordFormat | null {
    return this.#format;
  }

  /** Adds the next bytes of the stream; they belong to the framer from here on. After `take` has given null. */
  push(piece: Uint8Array): void {
    this.#dropUsed();
    const rest = this.#bytes.length;
    const total = rest + piece.length;
    if (rest === 0) {
      this.#store = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    } else if (this.#store.length >= total) {
      // Blocks that share this memory end before: only room that nobody has seen is written to.
      this.#store.set(piece, rest);
    } else {
      // Twice the need, so that a long record in tiny pieces is not copied once per piece.
      const store = Buffer.allocUnsafeSlow(piece.length < GATHER_BYTES ? Math.max(GATHER_BYTES, 2 * total) : total);
      store.set(this.#bytes);
      store.set(piece, rest);
      this.#store = store;
    }
    this.#bytes = this.#store.subarray(0, total);
  }

  /** The stream has ended: what has begun becomes a record. */
  end(): void {
    this.#ended = true;
  }

  /**
   * The next block; null if more bytes are needed, or nothing is left.
   * @throws ProcessorError SOURCE_FAILED for a CSV header row that cannot be read.
   */
  take(receivedAt: Instant): ByteBlock | null {
    if (!this.#pastMark()) return null;
    const splitter = this.#splitter;
    const columns = this.#columns;
    let first = -1;
    while (columns.count < this.#maxBlockRecords) {
      if (!splitter.split(this.#bytes) && !(this.#ended && splitter.finish(this.#bytes))) break;
      this.#nextOffset = this.#base + splitter.next;
      this.#state = splitter.state;
      if (this.#format === null) {
        this.#format = { type: 'csv', header: this.#header() };
        continue;
      }
      if (this.#oversized !== null) return this.#oversizedBlock(this.#format, this.#oversized, receivedAt);
      if (first === -1) first = splitter.start;
      this.#addRecord();
      if (splitter.next - first >= BLOCK_BYTES) break;
    }
    return columns.count === 0 || this.#format === null ? null : this.#block(this.#format, this.#bytes, receivedAt);
  }

  #addRecord(): void {
    const { start, end, fault } = this.#splitter;
    const tooLarge = end - start > MAX_RECORD_BYTES;
    const kept = tooLarge ? start + MAX_RECORD_BYTES : end;
    this.#columns.add(start, kept, this.#base + start, tooLarge ? TOO_LARGE : fault);
  }

  /** A record whose bytes are gone but for its first MiB, on its own: it is the first found since they went. */
  #oversizedBlock(format: RecordFormat, head: Buffer, receivedAt: Instant): ByteBlock {
    this.#oversized = null;
    this.#columns.add(0, head.length, this.#base + this.#splitter.start, TOO_LARGE);
    return this.#block(format, head, receivedAt);
  }

  #block(format: RecordFormat, bytes: Buffer, receivedAt: Instant): ByteBlock {
    return { kind: 'bytes', format, bytes, ...this.#columns.take(), nextOffset: this.#nextOffset, receivedAt };
  }

  /** Lets go of the bytes of records that have been handed over, and of all but the first MiB of one too large. */
  #dropUsed(): void {
    const { begun } = this.#splitter;
    const length = this.#bytes.length;
    if (this.#oversized === null && length - begun > OVERSIZE_BYTES) {
      this.#oversized = Buffer.from(this.#bytes.subarray(begun, begun + MAX_RECORD_BYTES));
    }
    const used = this.#oversized === null ? begun : length;
    this.#before = Buffer.from(lastOf(this.#before, this.#bytes.subarray(0, used)));
    this.#base += used;
    this.#splitter.shift(used);
    this.#store = this.#store.subarray(used);
    this.#bytes = this.#bytes.subarray(used);
  }

  /** True once it is known whether the stream begins with a byte order mark; one is skipped. */
  #pastMark(): boolean {
    if (!this.#markPending) return true;
    const bytes = this.#bytes;
    const undecided = bytes.length < 3 && !this.#ended;
    if (undecided && [0xef, 0xbb].every((byte, index) => index >= bytes.length || bytes[index] === byte)) return false;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#splitter.skipTo(3);
    this.#markPending = false;
    return true;
  }

  #header(): readonly string[] {
    const { start, end, fault } = this.#splitter;
    if (fault === null && end - start <= MAX_RECORD_BYTES) return csvFields(this.#bytes.toString('utf8', start, end));
    throw new ProcessorError(
      'source',
      'SOURCE_FAILED',
      `the header row of the CSV cannot be read: ${fault?.message ?? TOO_LARGE.message}; the first row must name the columns`,
    );
  }
}

/** The last {@link RECENT_BYTES} of one after the other. */
function lastOf(before: Buffer, bytes: Buffer): Buffer {
  if (bytes.length >= RECENT_BYTES) return bytes.subarray(-RECENT_BYTES);
  return before.length === 0 ? bytes : Buffer.concat([before, bytes]).subarray(-RECENT_BYTES);
}
