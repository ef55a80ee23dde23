import { KafkaFault } from '../../kafka/kafka-fault.ts';
import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';
import { retryDelay, type RetryDelays } from '../../time/retry-delay.ts';

/** What a broker answers that is still at the last thing it was asked for: soon, and no failure. */
const BUSY: ReadonlySet<string> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'UNSTABLE_OFFSET_COMMIT',
]);

const BUSY_DELAYS: RetryDelays = { initialDelayMs: 5, maxDelayMs: 100 };
const FAILED_DELAYS: RetryDelays = { initialDelayMs: 50, maxDelayMs: 1000 };

/** How requests are repeated. */
export interface RequestRetriesOptions {
  readonly clock: Clock;
  /** Attempts after a failed one. */
  readonly retries: number;
}

/** Sends requests again that have failed by what may pass by itself. Only for what may be asked for twice. */
export class RequestRetries {
  readonly #options: RequestRetriesOptions;

  constructor(options: RequestRetriesOptions) {
    this.#options = options;
  }

  /** @throws what the last attempt threw. */
  async run<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let [failures, busy] = [0, 0];
    for (;;) {
      try {
        return await request();
      } catch (error) {
        if (!(error instanceof KafkaFault) || !error.canRetry) throw error;
        if (error.code !== null && BUSY.has(error.code)) {
          await this.#pause(BUSY_DELAYS, busy, error, signal);
          busy += 1;
        } else {
          if (failures >= this.#options.retries) throw error;
          await this.#pause(FAILED_DELAYS, failures, error, signal);
          failures += 1;
        }
      }
    }
  }

  /** Waits before a repetition. @throws the fault where the signal has aborted. */
  async #pause(delays: RetryDelays, attempt: number, fault: KafkaFault, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const delayMs: Millis = retryDelay(delays, attempt, clock.now());
    if (!signal.aborted) await clock.sleep(delayMs, signal);
    if (signal.aborted) throw fault;
  }
}
