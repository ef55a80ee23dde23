/**
 * Random numbers by counter: the numbers of event `k` are a pure function of (seed, k), so that a stream can be taken
 * up anywhere. The mixer is the 32-bit finaliser "lowbias32" of Ellis and Wellons; within an event its input advances by
 * the golden ratio, as in SplitMix (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
 */
export class CounterRandom {
  readonly #seed: number;
  #state = 0;

  constructor(seed: number) {
    this.#seed = mix(seed | 0) ^ mix(Math.floor(seed / 0x1_0000_0000) ^ 0x5bf0_3635);
  }

  /** Goes to the numbers of `counter`, a whole number ≥ 0. */
  at(counter: number): void {
    this.#state = mix(this.#seed ^ mix(counter | 0) ^ Math.imul(Math.floor(counter / 0x1_0000_0000), 0x85eb_ca6b));
  }

  /** Whole numbers, 0 ≤ x < 2^32. */
  uint32(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0;
    return mix(this.#state) >>> 0;
  }

  /** Evenly over 0 ≤ x < 1. */
  uniform(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.uniform() < p;
  }

  /** Exponential with mean 1. */
  exponential(): number {
    return -Math.log(1 - this.uniform());
  }

  /** Normal with mean 0 and deviation 1 (Box and Muller). */
  normal(): number {
    return Math.sqrt(2 * this.exponential()) * Math.cos(2 * Math.PI * this.uniform());
  }
}

function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x7feb_352d);
  x = Math.imul(x ^ (x >>> 15), 0x846c_a68b);
  return x ^ (x >>> 16);
}
