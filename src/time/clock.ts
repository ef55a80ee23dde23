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
  /** Resolves after `delay`; early, without error, when `signal` aborts. */
  sleep(delay: Millis, signal?: AbortSignal): Promise<void>;
  /** Resolves on a later turn of the event loop, once I/O and timers that are ready have had theirs. */
  nextTurn(): Promise<void>;
}

/** The longest delay that a timer of JavaScript can hold; it fires at once for a longer one. */
const MAX_TIMER_MS = 2 ** 31 - 1;

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
      let rest = delay;
      const wait = (): ReturnType<typeof setTimeout> => {
        const part = Math.min(rest, MAX_TIMER_MS);
        rest -= part;
        return setTimeout(() => {
          if (rest > 0) timer = wait();
          else done();
        }, part);
      };
      let timer = wait();
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
