import type { ByteReader, ByteWriter } from './accumulator-bytes.ts';

/**
 * Mean and sum of squared deviations, without ever subtracting two large sums.
 *
 * B. Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4 (1962);
 * merged by T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample
 * variances" (1979). Deviations are counted from the first value: data that lie close together far from 0 keep
 * the digits in which they differ. The number of values is its owner's to keep.
 */
export class Moments {
  #origin = 0;
  /** Mean less the origin. */
  #mean = 0;
  #squares = 0;

  /** Adds the value that makes the number of values `count`. */
  add(value: number, count: number): void {
    if (count === 1) {
      this.#origin = value;
      return;
    }
    const shifted = value - this.#origin;
    const before = shifted - this.#mean;
    this.#mean += before / count;
    this.#squares += before * (shifted - this.#mean);
  }

  /** Adds another's values, `otherCount` ≥ 1 of them, to `count` of this one's. */
  merge(other: Moments, count: number, otherCount: number): void {
    if (count === 0) {
      this.#origin = other.#origin;
      this.#mean = other.#mean;
      this.#squares = other.#squares;
      return;
    }
    const apart = other.#origin - this.#origin + (other.#mean - this.#mean);
    const share = otherCount / (count + otherCount);
    this.#mean += apart * share;
    this.#squares += other.#squares + apart * apart * (count * share);
  }

  /** √(squared deviations / divisor). */
  deviation(divisor: number): number {
    return Math.sqrt(this.#squares / divisor);
  }

  /** Multiplies all that was added by a power of two. */
  scale(factor: number): void {
    this.#origin *= factor;
    this.#mean *= factor;
    // Twice, for the square of the factor may be beyond a double.
    this.#squares = this.#squares * factor * factor;
  }

  clone(): Moments {
    const copy = new Moments();
    copy.#origin = this.#origin;
    copy.#mean = this.#mean;
    copy.#squares = this.#squares;
    return copy;
  }

  encode(writer: ByteWriter): void {
    writer.float(this.#origin);
    writer.float(this.#mean);
    writer.float(this.#squares);
  }

  static decode(reader: ByteReader): Moments {
    const moments = new Moments();
    moments.#origin = reader.finite();
    moments.#mean = reader.finite();
    moments.#squares = reader.finite();
    reader.expect(moments.#squares >= 0, 'a negative sum of squares');
    return moments;
  }
}
