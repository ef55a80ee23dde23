import type { ByteReader, ByteWriter } from '../accumulator-bytes.ts';
import type { PercentileMethod } from '../aggregation-spec.ts';
import { DDSketch } from './dd-sketch.ts';
import type { SketchBins } from './sketch-bins.ts';

/** The most values that `auto` holds one by one. */
const MAX_EXACT_VALUES = 1024;

const EXACT_LIMITS: Readonly<Record<PercentileMethod, number>> = {
  exact: Infinity,
  auto: MAX_EXACT_VALUES,
  sketch: 0,
};

/** Values are sorted here, for one that asks at a time: a new array for each of very many windows costs more than its sorting. */
let sorting = new Float64Array(MAX_EXACT_VALUES);

const EXACT = 0;
const SKETCH = 1;

/** What percentiles are read from: each value, up to the limit of the method, and a sketch of them beyond it. */
export class PercentileValues {
  readonly #method: PercentileMethod;
  readonly #limit: number;
  readonly #bins: SketchBins;
  // A plain array: of few values it takes a fraction of a typed array's memory, and its growth is the engine's.
  #values: number[] = [];
  #sketch: DDSketch | null = null;

  constructor(method: PercentileMethod, bins: SketchBins) {
    this.#method = method;
    this.#limit = EXACT_LIMITS[method];
    this.#bins = bins;
    if (method === 'sketch') this.#sketch = new DDSketch(bins);
  }

  add(value: number): void {
    if (this.#sketch !== null) {
      this.#sketch.add(value);
      return;
    }
    this.#values.push(value);
    if (this.#values.length > this.#limit) this.#toSketch();
  }

  /** Looks up the value at a rank, 1 ≤ rank ≤ number of values; valid until the next call, of whichever instance. */
  byRank(): (rank: number) => number {
    const sketch = this.#sketch;
    if (sketch !== null) return (rank) => sketch.valueAt(rank);
    const values = this.#values;
    if (values.length > sorting.length) sorting = new Float64Array(values.length * 2);
    sorting.set(values);
    const sorted = sorting.subarray(0, values.length).sort();
    return (rank) => sorted[rank - 1] ?? Number.NaN;
  }

  merge(other: PercentileValues): void {
    if (other.#sketch !== null) {
      this.#toSketch().merge(other.#sketch);
      return;
    }
    // Held on to, with its length: another that is this very one may let go of its values, and grows meanwhile.
    const values = other.#values;
    const count = values.length;
    for (let index = 0; index < count; index += 1) this.add(values[index] ?? 0);
  }

  clone(): PercentileValues {
    const copy = new PercentileValues(this.#method, this.#bins);
    copy.#values = this.#values.slice();
    copy.#sketch = this.#sketch?.clone() ?? null;
    return copy;
  }

  sizeBytes(): number {
    return this.#values.length * 8 + (this.#sketch?.sizeBytes() ?? 0);
  }

  encode(writer: ByteWriter): void {
    if (this.#sketch !== null) {
      writer.byte(SKETCH);
      this.#sketch.encode(writer);
      return;
    }
    writer.byte(EXACT);
    writer.floats(this.#values);
  }

  /** Reads what is held of `count` values. */
  static decode(reader: ByteReader, method: PercentileMethod, bins: SketchBins, count: number): PercentileValues {
    const held = new PercentileValues(method, bins);
    const form = reader.byte();
    if (form === SKETCH) {
      reader.expect(count > held.#limit || method === 'sketch', 'a sketch of few values');
      held.#sketch = DDSketch.decode(reader, bins, count);
      return held;
    }
    reader.expect(form === EXACT && method !== 'sketch' && count <= held.#limit, 'an unknown form of percentiles');
    reader.expect(reader.left >= count * 8, 'it ends too early');
    for (let index = 0; index < count; index += 1) held.#values.push(reader.finite());
    return held;
  }

  #toSketch(): DDSketch {
    if (this.#sketch !== null) return this.#sketch;
    const sketch = new DDSketch(this.#bins);
    for (const value of this.#values) sketch.add(value);
    this.#values = [];
    this.#sketch = sketch;
    return sketch;
  }
}
