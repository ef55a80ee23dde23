import { ProcessorError } from '../errors/processor-error.ts';

/** Writes what is stored of windows and their accumulators: little-endian, growing as needed. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  /** `sizeBytes`: how many bytes to expect. */
  constructor(sizeBytes = 64) {
    this.#bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written since it last began. */
  get length(): number {
    return this.#length;
  }

  /** What was written since it last began; changes with the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew. */
  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  float(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Each as {@link ByteWriter.float} writes it. */
  floats(values: readonly number[]): void {
    this.#reserve(8 * values.length);
    let at = this.#length;
    for (let i = 0; i < values.length; i += 1, at += 8) this.#view.setFloat64(at, values[i] ?? 0, true);
    this.#length = at;
  }

  /** A whole number, 0 ≤ value < 2^53, in as few groups of seven bits as it needs. */
  whole(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length] = (rest % 0x80) | 0x80;
      this.#length += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** All that was written, and begins anew. The array is the caller's, who may give room for it. */
  finish(allocate?: (sizeBytes: number) => Uint8Array): Uint8Array {
    const { written } = this;
    const bytes = allocate === undefined ? written.slice() : allocate(written.length);
    if (allocate !== undefined) bytes.set(written);
    this.#length = 0;
    return bytes;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Reads what {@link ByteWriter} wrote. Every method throws ACCUMULATOR_CORRUPT where the bytes cannot be that. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    this.expect(this.left >= 1, 'it ends too early');
    const value = this.#view.getUint8(this.#at);
    this.#at += 1;
    return value;
  }

  float(): number {
    this.expect(this.left >= 8, 'it ends too early');
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  finite(): number {
    const value = this.float();
    this.expect(Number.isFinite(value), 'a number that is not finite');
    return value;
  }

  whole(): number {
    let value = 0;
    let unit = 1;
    for (let group = 0; group < 8; group += 1) {
      const byte = this.byte();
      value += (byte % 0x80) * unit;
      if (byte < 0x80) {
        this.expect(Number.isSafeInteger(value), 'a whole number beyond 2^53');
        return value;
      }
      unit *= 0x80;
    }
    throw corrupt('a whole number that does not end');
  }

  raw(length: number): Uint8Array {
    this.expect(this.left >= length, 'it ends too early');
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  /** Makes sure that all was read. */
  end(): void {
    this.expect(this.left === 0, `${String(this.left)} bytes too many`);
  }

  expect(sound: boolean, found: string): asserts sound {
    if (!sound) throw corrupt(found);
  }
}

function corrupt(found: string): ProcessorError {
  return new ProcessorError('aggregation', 'ACCUMULATOR_CORRUPT', `a stored accumulator cannot be read: ${found}`);
}
