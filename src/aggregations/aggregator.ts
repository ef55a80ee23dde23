/**
 * An aggregate function over values of type `V`, by way of an accumulator `A`, giving `R`.
 *
 * `merge` must be associative and commutative up to rounding, with a fresh accumulator as its neutral element:
 * adding values in one go, or in any split and merge order, gives the same result. `add` changes the accumulator
 * in place; `merge` changes neither of its arguments.
 *
 * As in the reference, one aggregator is stateless and serves any number of accumulators.
 */
export interface Aggregator<V = number, A = unknown, R = unknown> {
  /** Name of the field of `results`. A plain word, not that of a built-in aggregate. */
  readonly name: string;
  createAccumulator(): A;
  add(accumulator: A, value: V): void;
  merge(left: A, right: A): A;
  /** The aggregate as a JSON value. Must not change the accumulator: a window may fire many times. */
  getResult(accumulator: A): R;
  /** Bytes of an accumulator, where JSON does not do. */
  encode?(accumulator: A): Uint8Array;
  decode?(bytes: Uint8Array): A;
}
