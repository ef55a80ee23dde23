/**
 * Reads an answer from front to back where it lies: in the pieces that the socket gave, none of which is put together with
 * the others. Only what is taken is copied, and so outlives the rest.
 */
export class AnswerBytes {
  readonly #pieces: readonly Uint8Array[];
  #piece: Uint8Array;
  #view: DataView;
  #index = 0;
  #at: number;

  /** Begins at byte `position` of the pieces. */
  constructor(pieces: readonly Uint8Array[], position: number) {
    this.#pieces = pieces;
    this.#piece = pieces[0] ?? new Uint8Array();
    this.#view = viewOf(this.#piece);
    this.#at = 0;
    this.skip(position);
  }

  int8(): number {
    return (this.#byte() << 24) >> 24;
  }

  int16(): number {
    return ((this.#byte() << 24) >> 16) | this.#byte();
  }

  int32(): number {
    if (this.#at + 4 <= this.#piece.length) {
      this.#at += 4;
      return this.#view.getInt32(this.#at - 4);
    }
    return (this.#byte() << 24) | (this.#byte() << 16) | (this.#byte() << 8) | this.#byte();
  }

  /** As a double: offsets and ids stay far below 2^53. */
  int64(): number {
    return this.int32() * 4_294_967_296 + (this.int32() >>> 0);
  }

  /** An unsigned varint: of compact arrays and strings it is one more than the length, 0 for null. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a varint of more than five bytes');
  }

  /** A copy of the next bytes. */
  take(length: number): Uint8Array {
    const taken = Buffer.allocUnsafeSlow(length);
    for (let filled = 0; filled < length;) {
      const part = this.#piece.subarray(this.#at, this.#at + length - filled);
      taken.set(part, filled);
      filled += part.length;
      this.#at += part.length;
      if (filled < length) this.#next();
    }
    return taken;
  }

  skip(length: number): void {
    let left = length;
    for (let rest = this.#piece.length - this.#at; left > rest; rest = this.#piece.length) {
      left -= rest;
      this.#next();
    }
    this.#at += left;
  }

  /** Passes over tagged fields, which newer versions may add anywhere. */
  skipTags(): void {
    for (let left = this.varint(); left > 0; left -= 1) {
      this.varint();
      this.skip(this.varint());
    }
  }

  #byte(): number {
    while (this.#at >= this.#piece.length) this.#next();
    this.#at += 1;
    return this.#piece[this.#at - 1] ?? 0;
  }

  #next(): void {
    this.#index += 1;
    const piece = this.#pieces[this.#index];
    if (piece === undefined) throw new RangeError('the answer ends early');
    this.#piece = piece;
    this.#view = viewOf(piece);
    this.#at = 0;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
