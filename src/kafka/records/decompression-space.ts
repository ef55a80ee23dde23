import { ViewedBytes } from './byte-copies.ts';

const LEAST_BYTES = 16_384;
const MOST_BYTES = 262_144;
/** Batches of the size of one that are made room for at once. */
const BATCHES = 4;

/** Content of a batch: it lies at `[start, end)` of the bytes. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Where batches are decompressed to, one behind the other, so that what is handed on of several need not be copied together.
 * What has been written stays as it is: where there is no more room, other bytes take the place of these.
 */
export class DecompressionSpace {
  #target = new ViewedBytes(new Uint8Array());
  #length = 0;

  /** Bytes with room for so many more behind the first {@link length}. */
  reserve(capacity: number): ViewedBytes {
    if (capacity > this.#target.bytes.length - this.#length) {
      const size = Math.max(capacity, Math.min(MOST_BYTES, Math.max(LEAST_BYTES, capacity * BATCHES)));
      this.#target = new ViewedBytes(Buffer.allocUnsafeSlow(size));
      this.#length = 0;
    }
    return this.#target;
  }

  /** Bytes that are in use. */
  get length(): number {
    return this.#length;
  }

  /** Takes note that they reach to `end` now; what is new is content. */
  fill(end: number): Content {
    const start = this.#length;
    this.#length = end;
    return { bytes: this.#target.bytes, start, end };
  }

  /** Lets go of the bytes. */
  release(): void {
    this.#target = new ViewedBytes(new Uint8Array());
    this.#length = 0;
  }
}
