import { assert } from '../errors/assert.ts';
import type { Clock } from './clock.ts';
import type { Instant, Millis } from './instant.ts';

interface Sleeper {
  readonly signal: AbortSignal | undefined;
  readonly abort: () => void;
  readonly wakeAt: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is turned. Sleepers wake, in order, as {@link ManualClock.advance} passes them. */
export class ManualClock implements Clock {
  #now: Instant;
  #monotonic = 0;
  readonly #sleepers: Sleeper[] = [];

  constructor(now: Instant = 0) {
    this.#now = now;
  }

  now(): Instant {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(delay: Millis, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true || delay <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const abort = (): void => this.#drop(sleeper);
      const sleeper: Sleeper = { wakeAt: this.#monotonic + delay, wake: resolve, signal, abort };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  /** Lets `by` ≥ 0 milliseconds pass. Whoever wakes sees the clock where it then stands. */
  advance(by: Millis): void {
    assert(by >= 0, 'time does not run backward; jumpTo sets the wall clock');
    this.#now += by;
    this.#monotonic += by;
    const due = this.#sleepers.filter((sleeper) => sleeper.wakeAt <= this.#monotonic);
    due.sort((a, b) => a.wakeAt - b.wakeAt);
    for (const sleeper of due) this.#drop(sleeper);
  }

  /** Sets the wall clock, forward or back, as an administrator or NTP would; no time passes. */
  jumpTo(now: Instant): void {
    this.#now = now;
  }

  /** How many sleeps are under way. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  #drop(sleeper: Sleeper): void {
    const index = this.#sleepers.indexOf(sleeper);
    if (index === -1) return;
    this.#sleepers.splice(index, 1);
    sleeper.signal?.removeEventListener('abort', sleeper.abort);
    sleeper.wake();
  }
}
