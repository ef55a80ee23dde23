import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';

/** Something that costs much to look at, as of now or a little before, however often it is asked for. */
export class Glimpse<T> {
  readonly #look: () => T;
  readonly #freshMs: Millis;
  readonly #clock: Clock;
  #last: { readonly atMs: Millis; readonly seen: T } | null = null;

  /** Looks anew when what was seen is as old as `freshMs`. */
  constructor(look: () => T, freshMs: Millis, clock: Clock) {
    this.#look = look;
    this.#freshMs = freshMs;
    this.#clock = clock;
  }

  now(): T {
    const atMs = this.#clock.monotonic();
    if (this.#last === null || atMs - this.#last.atMs >= this.#freshMs) this.#last = { atMs, seen: this.#look() };
    return this.#last.seen;
  }
}
