/** Numbers that are the same for the same seed, on any machine: all chance in a simulation comes from here. */
export class Random {
  readonly #state: Uint32Array;

  /** `stream` tells generators of one seed apart. */
  constructor(seed: number, stream = 0) {
    this.#state = Uint32Array.of(seed, Math.floor(seed / 2 ** 32), stream, 1);
    for (let i = 0; i < 16; i += 1) this.next();
  }

  /** From 0 up to, not including, 1. The generator is sfc32 of Chris Doty-Humphrey's PractRand. */
  next(): number {
    const [a = 0, b = 0, c = 0, count = 0] = this.#state;
    const sum = (a + b + count) >>> 0;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + sum;
    this.#state[3] = count + 1;
    return sum / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.next() < p;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.int(0, choices.length - 1)] ?? choices[0];
  }

  /** Mostly a fraction of a millisecond, now and then much longer, at most `most` ms. */
  delay(most: number): number {
    const longest = this.pick([0.2, 0.2, 1, 1, 5, 30, most]);
    return this.next() * Math.min(longest, most);
  }
}
