import type { Instant, Millis } from './instant.ts';

/**
 * Time as an argument. The wall clock and timers are reached through this port only, so that a test turns the
 * clock by hand and a simulation decides what happens when.
 */
export interface Clock {
  /** The wall clock now, in whole milliseconds. May jump either way. */
  now(): Instant;
  /** Milliseconds since an arbitrary start, never falling, with fractions: for measuring lengths of time. */
  monotonic(): number;
  /** Resolves after `delay`, of at most 24 days; early, without error, when `signal` aborts. */
  sleep(delay: Millis, signal?: AbortSignal): Promise<void>;
  /** Resolves on a later turn of the event loop, once I/O and timers that are ready have had theirs. */
  nextTurn(): Promise<void>;
}

/** The longest that a timer of Node can wait, in ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. */
export class SystemClock implements Clock {
  now(): Instant {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  sleep(delay: Millis, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(delay, LONGEST_TIMER_MS));
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
