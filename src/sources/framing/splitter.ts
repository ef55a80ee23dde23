import type { RecordFault } from '../../event/record-block.ts';

/**
 * Finds where records begin and end, in bytes that arrive piece by piece. Only syntax: a splitter keeps no bytes and
 * makes no text, and the same bytes give the same records however they are cut into pieces.
 *
 * Indexes are into the bytes of the call at hand. The caller may drop bytes from the front between calls and says so
 * by {@link Splitter.shift}; of a record whose first bytes are gone, `start` is negative.
 */
export abstract class Splitter {
  /** First byte of the record found. */
  start = 0;
  /** After the last byte of the record found. */
  end = 0;
  /** Where to look on from. After a record was found, reading can be taken up here, with {@link Splitter.state}. */
  next = 0;
  /** Why the record found is not whole. */
  fault: RecordFault | null = null;
  #found = false;

  /**
   * What a new splitter needs, beside the place, to go on after the record just found: a few characters. Empty
   * at the start of the input.
   */
  abstract get state(): string;

  /** First byte that is still needed: of the record that has begun, else where to look on from. */
  get begun(): number {
    return this.#found ? this.next : this.start;
  }

  /** Looks on from `next`. True: a record was found. False: all bytes were looked at, and more are needed. */
  split(bytes: Buffer): boolean {
    this.#forget();
    this.#found = this.scan(bytes);
    return this.#found;
  }

  /** After `split` has given false at the end of the input: true if what has begun is a record all the same. */
  finish(bytes: Buffer): boolean {
    this.#forget();
    this.#found = this.scanEnd(bytes);
    return this.#found;
  }

  /** Begins at an index that is not 0, such as behind a byte order mark. Before the first `split`. */
  skipTo(index: number): void {
    this.start = index;
    this.next = index;
  }

  /** The first `by` bytes are gone. */
  shift(by: number): void {
    this.start -= by;
    this.end -= by;
    this.next -= by;
  }

  /** Scans from `next`; keeps `start` at the first byte that is still needed. */
  protected abstract scan(bytes: Buffer): boolean;

  /** The input ends with `bytes`, all of them scanned. */
  protected abstract scanEnd(bytes: Buffer): boolean;

  #forget(): void {
    if (!this.#found) return;
    this.#found = false;
    this.start = this.next;
    this.fault = null;
  }
}

/** Bytes that splitters look for. */
export const BYTE = {
  TAB: 0x09,
  LF: 0x0a,
  CR: 0x0d,
  SPACE: 0x20,
  QUOTE: 0x22,
  COMMA: 0x2c,
  COLON: 0x3a,
  OPEN_BRACKET: 0x5b,
  BACKSLASH: 0x5c,
  CLOSE_BRACKET: 0x5d,
  OPEN_BRACE: 0x7b,
  CLOSE_BRACE: 0x7d,
} as const;

/** True for the white space of JSON: space, tab, line feed, carriage return. */
export function isWhiteSpace(byte: number | undefined): boolean {
  return byte === BYTE.SPACE || byte === BYTE.LF || byte === BYTE.CR || byte === BYTE.TAB;
}
