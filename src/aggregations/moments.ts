import type { ByteReader, ByteWriter } from './accumulator-bytes.ts';
import { DoubleDouble } from './double-double.ts';

/**
 * The sum of squared deviations from the mean, the same to the last digit whatever the order of values and merges.
 *
 * Deviations d are counted from the first value, and Σd and Σd² are kept to twice the digits of a double; then
 * Σ(x − mean)² = Σd² − (Σd)²/n. The difference is of no danger: the first value is one of the data, so Σd² is at most
 * n + 1 times the result (T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the sample variance", The American
 * Statistician 37 (1983), on shifted data). The number of values is its owner's to keep.
 */
export class Moments {
  #origin = 0;
  #sum: DoubleDouble;
  #squares: DoubleDouble;

  constructor() {
    this.#sum = new DoubleDouble();
    this.#squares = new DoubleDouble();
  }

  /** Adds the value that makes the number of values `count`. */
  add(value: number, count: number): void {
    const origin = count === 1 ? value : this.#origin;
    this.#origin = origin;
    // DoubleDouble.difference and product, without their objects: this is done for every value.
    const d = value - origin;
    const subtracted = d - value;
    const rest = value - (d - subtracted) - (origin + subtracted);
    this.#sum.add(d, rest);
    const square = d * d;
    const shifted = 134_217_729 * d;
    const upper = shifted - (shifted - d);
    const lower = d - upper;
    this.#squares.add(square, upper * upper - square + 2 * upper * lower + lower * lower + 2 * d * rest);
  }

  /** Adds another's values, `otherCount` ≥ 1 of them, to `count` of this one's. */
  merge(other: Moments, count: number, otherCount: number): void {
    if (count === 0) {
      this.#origin = other.#origin;
      this.#sum = other.#sum.clone();
      this.#squares = other.#squares.clone();
      return;
    }
    // With a for the distance of the origins, other's d are d + a here: Σ(d + a)² = Σd² + a·(2·Σd + n·a).
    const apart = DoubleDouble.difference(other.#origin, this.#origin);
    const moved = apart.times(new DoubleDouble(otherCount));
    const twice = other.#sum.clone();
    twice.scale(2);
    twice.add(moved.high, moved.low);
    const grown = apart.times(twice);
    this.#sum.add(other.#sum.high, other.#sum.low);
    this.#sum.add(moved.high, moved.low);
    this.#squares.add(other.#squares.high, other.#squares.low);
    this.#squares.add(grown.high, grown.low);
  }

  /** √(squared deviations of `count` values / divisor). */
  deviation(count: number, divisor: number): number {
    const common = this.#sum.over(count).times(this.#sum);
    const squares = this.#squares.clone();
    squares.add(-common.high, -common.low);
    return Math.sqrt(Math.max(0, squares.value()) / divisor);
  }

  /** Multiplies all that was added by a power of two. */
  scale(factor: number): void {
    this.#origin *= factor;
    this.#sum.scale(factor);
    // Twice, for the square of the factor may be beyond a double.
    this.#squares.scale(factor);
    this.#squares.scale(factor);
  }

  clone(): Moments {
    const copy = new Moments();
    copy.#origin = this.#origin;
    copy.#sum = this.#sum.clone();
    copy.#squares = this.#squares.clone();
    return copy;
  }

  encode(writer: ByteWriter): void {
    writer.float(this.#origin);
    writer.float(this.#sum.high);
    writer.float(this.#sum.low);
    writer.float(this.#squares.high);
    writer.float(this.#squares.low);
  }

  static decode(reader: ByteReader): Moments {
    const moments = new Moments();
    moments.#origin = reader.finite();
    moments.#sum = new DoubleDouble(reader.finite(), reader.finite());
    moments.#squares = new DoubleDouble(reader.finite(), reader.finite());
    reader.expect(moments.#squares.value() >= 0, 'a negative sum of squares');
    return moments;
  }
}
