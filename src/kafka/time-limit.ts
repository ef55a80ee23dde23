import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { KafkaFault } from './kafka-fault.ts';

/** Why a timer is ended that is no longer needed. Without a reason an error would be made for each. */
const OVER = 'over';

/**
 * Waits for a promise, but not longer than `limit`, and not beyond `signal`. The promise itself goes on, and its failure
 * is seen to.
 *
 * @throws KafkaFault of kind `lost` with `message` when the time is up; of kind `closed` when the signal aborts.
 */
export async function withinLimit<T>(
  promise: Promise<T>,
  limit: { readonly clock: Clock; readonly ms: Millis; readonly message: string; readonly signal?: AbortSignal },
): Promise<T> {
  const { clock, ms, message, signal } = limit;
  const timer = new AbortController();
  const abort = (): void => timer.abort(OVER);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  try {
    return await Promise.race([promise, giveUp()]);
  } finally {
    signal?.removeEventListener('abort', abort);
    abort();
  }

  async function giveUp(): Promise<never> {
    await clock.sleep(ms, timer.signal);
    if (signal?.aborted === true) throw new KafkaFault('closed', `${message}: given up`);
    throw new KafkaFault('lost', `${message} within ${ms} ms`);
  }
}
