import type { ReadableFile } from './resumption.ts';

/** Some bytes of a file, after decompression. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** How far in the file, as it is stored, reading has come. */
  readonly storedBytes: number;
}

/** The bytes of a file from some offset on, in pieces. One call at a time. */
export interface ByteInput {
  /** The next bytes; null at the end. */
  next(): Promise<Piece | null>;
  /** Gives up what it holds, but not the file. Not while a call is under way. */
  close(): void;
}

/** Bytes as they are stored. */
export class PlainInput implements ByteInput {
  readonly #file: ReadableFile;
  readonly #pieceBytes: number;
  #position: number;

  constructor(file: ReadableFile, offset: number, pieceBytes: number) {
    this.#file = file;
    this.#position = offset;
    this.#pieceBytes = pieceBytes;
  }

  async next(): Promise<Piece | null> {
    // Not from the pool of small buffers, and not zeroed: it goes to a block as it is.
    const buffer = Buffer.allocUnsafeSlow(this.#pieceBytes);
    const count = await this.#file.read(buffer, this.#position);
    if (count === 0) return null;
    this.#position += count;
    return { bytes: buffer.subarray(0, count), storedBytes: this.#position };
  }

  close(): void {
    // Holds nothing.
  }
}

/** Reads pieces ahead of whoever takes them, up to a number of them, so that the next one is there when asked for. */
export class ReadAhead {
  readonly #input: ByteInput;
  readonly #depth: number;
  readonly #ahead: Promise<Piece | null>[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(input: ByteInput, depth: number) {
    this.#input = input;
    this.#depth = depth;
  }

  /** The next bytes; null at the end. */
  async next(): Promise<Piece | null> {
    this.#fill();
    const piece = await this.#ahead.shift();
    if (piece === undefined || piece === null) return null;
    this.#fill();
    return piece;
  }

  /** Waits for what is under way, and closes the input: nothing is read after that. */
  async close(): Promise<void> {
    this.#stopped = true;
    await this.#last;
    this.#input.close();
  }

  #fill(): void {
    while (this.#ahead.length < this.#depth && !this.#stopped) {
      const piece = this.#last.then(() => this.#nextUnlessStopped());
      this.#ahead.push(piece);
      // A failure is reported by the `next` that takes the piece; those behind it try again.
      this.#last = piece.catch(ignore);
    }
  }

  async #nextUnlessStopped(): Promise<Piece | null> {
    if (this.#stopped) return null;
    const piece = await this.#input.next();
    if (piece === null) this.#stopped = true;
    return piece;
  }
}

function ignore(): void {
  // Kept in the promise itself.
}
