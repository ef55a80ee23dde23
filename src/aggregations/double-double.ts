/**
 * A number as the sum of two doubles: about 106 significant bits. Sums of what it holds come out the same to the last
 * bit of a double in any order, but for one in many millions of millions.
 *
 * Two-sum: D. Knuth, TAOCP vol. 2, §4.2.2. Products: T. J. Dekker, "A floating-point technique for extending the
 * available precision", Numerische Mathematik 18 (1971).
 */
export class DoubleDouble {
  high: number;
  low: number;

  constructor(high = 0, low = 0) {
    this.high = high;
    this.low = low;
  }

  /** left − right, exactly. */
  static difference(left: number, right: number): DoubleDouble {
    const high = left - right;
    const subtracted = high - left;
    return new DoubleDouble(high, left - (high - subtracted) - (right + subtracted));
  }

  /** left · right, exactly. */
  static product(left: number, right: number): DoubleDouble {
    const high = left * right;
    const leftHigh = upperHalf(left);
    const rightHigh = upperHalf(right);
    const leftLow = left - leftHigh;
    const rightLow = right - rightHigh;
    const low = leftHigh * rightHigh - high + leftHigh * rightLow + leftLow * rightHigh + leftLow * rightLow;
    return new DoubleDouble(high, low);
  }

  /** Adds high + low. */
  add(high: number, low: number): void {
    const sum = this.high + high;
    const added = sum - this.high;
    this.low += this.high - (sum - added) + (high - added) + low;
    this.high = sum;
  }

  times(other: DoubleDouble): DoubleDouble {
    const product = DoubleDouble.product(this.high, other.high);
    product.low += this.high * other.low + this.low * other.high;
    return product;
  }

  /** The quotient by a double. */
  over(divisor: number): DoubleDouble {
    const high = (this.high + this.low) / divisor;
    const taken = DoubleDouble.product(high, divisor);
    return new DoubleDouble(high, (this.high - taken.high - taken.low + this.low) / divisor);
  }

  /** Multiplies by a power of two. */
  scale(factor: number): void {
    this.high *= factor;
    this.low *= factor;
  }

  value(): number {
    return this.high + this.low;
  }

  clone(): DoubleDouble {
    return new DoubleDouble(this.high, this.low);
  }
}

/** The upper 26 bits of a double, whose square is exact. */
function upperHalf(value: number): number {
  const shifted = 134_217_729 * value;
  return shifted - (shifted - value);
}
