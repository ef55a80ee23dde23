import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';

/** How often events that have become due are sent. */
const TICK_MS: Millis = 20;

/** Lets events go when they are due. */
export class Pace {
  readonly #clock: Clock;
  readonly #arrivalMs: ((k: number) => Millis) | undefined;
  readonly #startedAt: number;

  /** @param arrivalMs from the start to event `k`; undefined where nobody is to wait. */
  constructor(clock: Clock, arrivalMs: ((k: number) => Millis) | undefined) {
    this.#clock = clock;
    this.#arrivalMs = arrivalMs;
    this.#startedAt = clock.monotonic();
  }

  /** How many may go now, `next` being the first: at least one, for which it waits; 0 when the signal aborts. */
  async due(next: number, limit: number, signal: AbortSignal): Promise<number> {
    const arrivalMs = this.#arrivalMs;
    if (arrivalMs === undefined) return signal.aborted ? 0 : limit;
    while (!signal.aborted) {
      const elapsed = this.#clock.monotonic() - this.#startedAt;
      let count = 0;
      while (count < limit && arrivalMs(next + count) <= elapsed) count += 1;
      if (count > 0) return count;
      await this.#clock.sleep(Math.max(TICK_MS, Math.ceil(arrivalMs(next) - elapsed)), signal);
    }
    return 0;
  }
}
