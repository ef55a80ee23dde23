import type { Instant, Millis } from '../../time/instant.ts';

const DAY_MS = 86_400_000;
/** How far the rate swings about its mean in the course of a day. */
const SWING = 0.25;
/** Hour of the day, in UTC, of the most traffic. */
const PEAK_HOUR = 16;
/** Events between which time runs evenly. */
const STRIDE = 256;

/**
 * When event `k` happens: a stream of so many events a second on average, more by day than by night. The rate is
 * `r·(1 + s·cos(ω(t − peak)))`, so that `k = r·(t + s/ω·(sin ω(t − peak) − sin ω(start − peak)))`, solved for t.
 */
export class TrafficRate {
  readonly #perMs: number;
  readonly #startAt: Instant;
  #stride = -1;
  #from = 0;
  #to = 0;

  /** @param eventsPerSec above 0, finite */
  constructor(eventsPerSec: number, startAt: Instant) {
    this.#perMs = eventsPerSec / 1000;
    this.#startAt = startAt;
  }

  /** Time from the start to event `k`, in ms with fractions. A pure function of k, rising. */
  elapsedAt(k: number): Millis {
    const stride = Math.floor(k / STRIDE);
    if (stride !== this.#stride) {
      this.#from = this.#solve(stride * STRIDE);
      this.#to = this.#solve((stride + 1) * STRIDE);
      this.#stride = stride;
    }
    return this.#from + ((k - stride * STRIDE) / STRIDE) * (this.#to - this.#from);
  }

  #solve(k: number): Millis {
    const omega = (2 * Math.PI) / DAY_MS;
    const phase = omega * ((this.#startAt % DAY_MS) - PEAK_HOUR * 3_600_000);
    const even = k / this.#perMs;
    let elapsed = even;
    // Newton: the slope is the rate, between 1 − s and 1 + s, so that a few steps are plenty.
    for (let step = 0; step < 8; step += 1) {
      const angle = omega * elapsed + phase;
      const error = elapsed + (SWING / omega) * (Math.sin(angle) - Math.sin(phase)) - even;
      elapsed -= error / (1 + SWING * Math.cos(angle));
    }
    return elapsed;
  }
}
