import type { ByteReader, ByteWriter } from './accumulator-bytes.ts';

/**
 * A sum that carries along what rounding took away from it, so that `1 + 1e100 + 1 − 1e100` is 2.
 *
 * A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54 (1974). The error
 * of each addition is found by D. Knuth's two-sum (TAOCP vol. 2, §4.2.2), which needs no branch.
 */
export class CompensatedSum {
  #sum = 0;
  #lost = 0;

  add(value: number): void {
    const sum = this.#sum + value;
    const added = sum - this.#sum;
    this.#lost += this.#sum - (sum - added) + (value - added);
    this.#sum = sum;
  }

  merge(other: CompensatedSum): void {
    const lost = other.#lost;
    this.add(other.#sum);
    this.#lost += lost;
  }

  /** The sum, rounded once. */
  total(): number {
    return this.#sum + this.#lost;
  }

  /** Multiplies all that was added by a power of two. */
  scale(factor: number): void {
    this.#sum *= factor;
    this.#lost *= factor;
  }

  clone(): CompensatedSum {
    const copy = new CompensatedSum();
    copy.#sum = this.#sum;
    copy.#lost = this.#lost;
    return copy;
  }

  encode(writer: ByteWriter): void {
    writer.float(this.#sum);
    writer.float(this.#lost);
  }

  static decode(reader: ByteReader): CompensatedSum {
    const sum = new CompensatedSum();
    sum.#sum = reader.finite();
    sum.#lost = reader.finite();
    return sum;
  }
}
