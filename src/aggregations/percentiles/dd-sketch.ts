import type { ByteReader, ByteWriter } from '../accumulator-bytes.ts';
import type { SketchBins } from './sketch-bins.ts';

/** The most bins that a sketch holds. */
export const MAX_BINS = 2048;
const INITIAL_BINS = 32;
const GUESSES = 512;

/**
 * A histogram with bins of equal relative width, from which any quantile is read within α of itself.
 *
 * C. Masson, J. Rim, H. Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees",
 * PVLDB 12 (2019). Only bins that hold something are kept, sorted: one line of keys from the most negative value
 * to the most positive. Of more than {@link MAX_BINS} distinct keys the highest are kept, and the lowest of
 * these takes the counts of all below. What is held thus depends on the values alone, not on how they came or were merged.
 */
export class DDSketch {
  readonly #bins: SketchBins;
  #keys = new Int32Array(INITIAL_BINS);
  #counts = new Float64Array(INITIAL_BINS);
  #size = 0;
  /** Where bins were last found, by the last bits of their keys: a guess, for bins move as others are inserted. */
  readonly #guesses = new Uint16Array(GUESSES);

  constructor(bins: SketchBins) {
    this.#bins = bins;
  }

  /** Number of bins that hold something. */
  get size(): number {
    return this.#size;
  }

  add(value: number): void {
    this.#count(this.#bins.keyOf(value), 1);
  }

  /** The estimate of the value at a rank, 1 ≤ rank ≤ number of values. */
  valueAt(rank: number): number {
    let at = 0;
    for (let below = this.#counts[0] ?? 0; below < rank && at < this.#size - 1;) {
      at += 1;
      below += this.#counts[at] ?? 0;
    }
    return this.#bins.estimateOf(this.#keys[at] ?? 0);
  }

  merge(other: DDSketch): void {
    for (let at = 0; at < other.#size; at += 1) this.#count(other.#keys[at] ?? 0, other.#counts[at] ?? 0);
  }

  clone(): DDSketch {
    const copy = new DDSketch(this.#bins);
    copy.#keys = this.#keys.slice();
    copy.#counts = this.#counts.slice();
    copy.#size = this.#size;
    return copy;
  }

  sizeBytes(): number {
    return this.#keys.byteLength + this.#counts.byteLength + this.#guesses.byteLength;
  }

  encode(writer: ByteWriter): void {
    writer.whole(this.#size);
    let previous = -this.#bins.maxKey - 1;
    for (let at = 0; at < this.#size; at += 1) {
      const key = this.#keys[at] ?? 0;
      writer.whole(key - previous);
      writer.whole(this.#counts[at] ?? 0);
      previous = key;
    }
  }

  /** Reads the bins of a sketch of `count` values. */
  static decode(reader: ByteReader, bins: SketchBins, count: number): DDSketch {
    const sketch = new DDSketch(bins);
    const size = reader.whole();
    reader.expect(size <= MAX_BINS, `${String(size)} bins`);
    sketch.#keys = new Int32Array(Math.max(size, INITIAL_BINS));
    sketch.#counts = new Float64Array(Math.max(size, INITIAL_BINS));
    sketch.#size = size;
    let key = -bins.maxKey - 1;
    let total = 0;
    for (let at = 0; at < size; at += 1) {
      const step = reader.whole();
      const values = reader.whole();
      key += step;
      total += values;
      reader.expect(step > 0 && key <= bins.maxKey && values > 0, 'an impossible bin');
      sketch.#keys[at] = key;
      sketch.#counts[at] = values;
    }
    reader.expect(total === count, `bins of ${String(total)} values, not ${String(count)}`);
    return sketch;
  }

  /** Adds to the bin of a key. */
  #count(key: number, values: number): void {
    const guess = this.#guesses[key & (GUESSES - 1)] ?? 0;
    const at = this.#keys[guess] === key && guess < this.#size ? guess : this.#placeFor(key);
    this.#counts[at] = (this.#counts[at] ?? 0) + values;
  }

  /** The place of a key's bin, made if there is none. */
  #placeFor(key: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    const found = low < this.#size && this.#keys[low] === key;
    const at = found ? low : this.#insert(low, key);
    this.#guesses[key & (GUESSES - 1)] = at;
    return at;
  }

  #insert(at: number, key: number): number {
    if (this.#size === MAX_BINS) return this.#collapseInto(at, key);
    if (this.#size === this.#keys.length) this.#grow();
    this.#keys.copyWithin(at + 1, at, this.#size);
    this.#counts.copyWithin(at + 1, at, this.#size);
    this.#keys[at] = key;
    this.#counts[at] = 0;
    this.#size += 1;
    return at;
  }

  /** Gives up the lowest bin for a new one that would stand at `at`. */
  #collapseInto(at: number, key: number): number {
    if (at === 0) return 0;
    const lowest = this.#counts[0] ?? 0;
    const place = at - 1;
    this.#keys.copyWithin(0, 1, at);
    this.#counts.copyWithin(0, 1, at);
    this.#keys[place] = key;
    this.#counts[place] = 0;
    this.#counts[0] = (this.#counts[0] ?? 0) + lowest;
    return place;
  }

  #grow(): void {
    const length = Math.min(MAX_BINS, this.#keys.length * 2);
    const keys = new Int32Array(length);
    const counts = new Float64Array(length);
    keys.set(this.#keys);
    counts.set(this.#counts);
    this.#keys = keys;
    this.#counts = counts;
  }
}
