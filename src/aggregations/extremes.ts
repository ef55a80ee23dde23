import type { ByteReader, ByteWriter } from './accumulator-bytes.ts';

/** Smallest and largest value; +∞ and −∞ as long as there is none. */
export class Extremes {
  #min = Infinity;
  #max = -Infinity;

  get min(): number {
    return this.#min;
  }

  get max(): number {
    return this.#max;
  }

  add(value: number): void {
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  merge(other: Extremes): void {
    if (other.#min < this.#min) this.#min = other.#min;
    if (other.#max > this.#max) this.#max = other.#max;
  }

  clone(): Extremes {
    const copy = new Extremes();
    copy.merge(this);
    return copy;
  }

  encode(writer: ByteWriter): void {
    writer.float(this.#min);
    writer.float(this.#max);
  }

  /** `count` is the number of values that the extremes are said to be of. */
  static decode(reader: ByteReader, count: number): Extremes {
    const extremes = new Extremes();
    extremes.#min = reader.float();
    extremes.#max = reader.float();
    const { min, max } = extremes;
    const none = min === Infinity && max === -Infinity;
    const sound = Number.isFinite(min) && Number.isFinite(max) && min <= max;
    reader.expect(count === 0 ? none : sound, 'impossible extremes');
    return extremes;
  }
}
