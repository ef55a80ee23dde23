/** What {@link unlessAborted} gives when the signal came first. */
export const ABORTED: unique symbol = Symbol('aborted');

/**
 * Waits for a promise, but no longer than until the signal aborts. The promise itself goes on: its owner keeps it, and
 * sees to its failure. The listener goes with the wait, so that a long run does not gather them.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | typeof ABORTED> {
  if (signal.aborted) return Promise.resolve(ABORTED);
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(ABORTED);
    const release = (): void => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(release, release);
    promise.then(resolve, reject);
  });
}
