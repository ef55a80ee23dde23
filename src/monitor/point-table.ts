import type { Pane } from '../results/aggregation-result.ts';
import type { Instant } from '../time/instant.ts';

/** The latest result of one window of one key. */
export interface ResultPoint {
  readonly start: Instant;
  readonly end: Instant;
  readonly pane: Pane;
  readonly emittedAt: Instant;
  /** By the places of the store's columns; NaN for null, and where the result has no such number. */
  readonly values: ArrayLike<number>;
}

const TIMINGS: readonly Pane['timing'][] = ['early', 'on_time', 'late', 'retraction'];

/** Where a row has what, before its values. */
const START = 0;
const END = 1;
const EMITTED_AT = 2;
const PANE_INDEX = 3;
/** Twice the place of its timing, and one more where it is final. */
const PANE_KIND = 4;
const HEAD = 5;

const CHUNK_BITS = 10;
const CHUNK_ROWS = 1 << CHUNK_BITS;

/**
 * Points as rows of numbers outside the heap: a hundred thousand of them cost the garbage collector nothing. A row is
 * known by its number, which is given out again once it has been freed.
 */
export class PointTable {
  #chunks: Float64Array[] = [];
  /** Values in a row. */
  #width = 0;
  /** Rows that were freed. */
  readonly #free: number[] = [];
  /** Rows before this one have been in use. */
  #used = 0;

  /** Bytes of a row with so many values. */
  static bytesOf(values: number): number {
    return (HEAD + values) * Float64Array.BYTES_PER_ELEMENT;
  }

  /** Puts a point into a row that is free; gives its number. */
  add(point: ResultPoint): number {
    const row = this.#free.pop() ?? this.#used;
    if (row === this.#used) {
      this.#used += 1;
      if (row >>> CHUNK_BITS === this.#chunks.length) this.#chunks.push(this.#newChunk());
    }
    this.set(row, point);
    return row;
  }

  /** Puts another point into a row. */
  set(row: number, { start, end, emittedAt, pane, values }: ResultPoint): void {
    if (values.length > this.#width) this.#widen(values.length);
    const chunk = this.#chunkOf(row);
    const at = this.#placeOf(row);
    chunk[at + START] = start;
    chunk[at + END] = end;
    chunk[at + EMITTED_AT] = emittedAt;
    chunk[at + PANE_INDEX] = pane.index;
    chunk[at + PANE_KIND] = 2 * TIMINGS.indexOf(pane.timing) + Number(pane.final);
    chunk.set(values, at + HEAD);
    chunk.fill(Number.NaN, at + HEAD + values.length, at + HEAD + this.#width);
  }

  free(row: number): void {
    this.#free.push(row);
  }

  startOf(row: number): Instant {
    return this.#number(row, START);
  }

  endOf(row: number): Instant {
    return this.#number(row, END);
  }

  paneIndexOf(row: number): number {
    return this.#number(row, PANE_INDEX);
  }

  /** One of its values; NaN where it has none in that place. */
  valueOf(row: number, place: number): number {
    return place < this.#width ? this.#number(row, HEAD + place) : Number.NaN;
  }

  /** The point in a row, as an object of its own. */
  point(row: number): ResultPoint {
    const kind = this.#number(row, PANE_KIND);
    const at = this.#placeOf(row) + HEAD;
    return {
      start: this.startOf(row),
      end: this.endOf(row),
      emittedAt: this.#number(row, EMITTED_AT),
      pane: { index: this.paneIndexOf(row), timing: TIMINGS[kind >>> 1] ?? 'on_time', final: (kind & 1) === 1 },
      values: this.#chunkOf(row).slice(at, at + this.#width),
    };
  }

  #number(row: number, place: number): number {
    return this.#chunkOf(row)[this.#placeOf(row) + place] ?? Number.NaN;
  }

  #chunkOf(row: number): Float64Array {
    const chunk = this.#chunks[row >>> CHUNK_BITS];
    if (chunk === undefined) throw new RangeError(`there is no row ${String(row)}`);
    return chunk;
  }

  #placeOf(row: number): number {
    return (row & (CHUNK_ROWS - 1)) * (HEAD + this.#width);
  }

  #newChunk(): Float64Array {
    return new Float64Array(CHUNK_ROWS * (HEAD + this.#width));
  }

  /** Makes room for more values in every row; NaN stands in it. Results of a pipeline hardly ever gain any. */
  #widen(width: number): void {
    const [oldStride, stride] = [HEAD + this.#width, HEAD + width];
    this.#width = width;
    this.#chunks = this.#chunks.map((old) => {
      const chunk = this.#newChunk().fill(Number.NaN);
      for (let row = 0; row < CHUNK_ROWS; row += 1) {
        chunk.set(old.subarray(row * oldStride, (row + 1) * oldStride), row * stride);
      }
      return chunk;
    });
  }
}
