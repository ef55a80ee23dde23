import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { retryDelay, type RetryDelays } from '../time/retry-delay.ts';
import { KafkaFault } from './kafka-fault.ts';

/** Between attempts at something that Kafka may be able to do shortly, in ms. */
const DELAYS: RetryDelays = { initialDelayMs: 50, maxDelayMs: 1000 };

/** How long to go on, and who is told. */
export interface RetryingOptions {
  readonly clock: Clock;
  /** No attempt is begun after this long, in ms; `Infinity` to go on until the signal aborts. */
  readonly limitMs: Millis;
  readonly signal?: AbortSignal;
  /** Told of each fault that is tried again after. */
  readonly onFault?: (fault: KafkaFault, attempt: number) => void;
}

/**
 * Tries until it succeeds, as long as what goes wrong may pass by itself.
 *
 * @throws what the last attempt threw, when it cannot pass, the time is up, or the signal has aborted.
 */
export async function retrying<T>(attempt: () => Promise<T>, options: RetryingOptions): Promise<T> {
  const { clock, limitMs, signal, onFault } = options;
  const startedAt = clock.monotonic();
  for (let count = 0; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      const isOver = signal?.aborted === true || clock.monotonic() - startedAt >= limitMs;
      if (!(error instanceof KafkaFault) || !error.canRetry || isOver) throw error;
      onFault?.(error, count);
      await clock.sleep(retryDelay(DELAYS, count, clock.now()), signal);
    }
  }
}
