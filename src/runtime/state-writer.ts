import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { StateBackend, StateOperation } from '../state/state-backend.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { retryDelay, type RetryDelays } from '../time/retry-delay.ts';

const DELAYS: RetryDelays = { initialDelayMs: 100, maxDelayMs: 5000 };
/** How often a write is repeated that failed for another reason than a full disk. */
const MAX_RETRIES = 3;
/** How long a run that is to end waits for room on the disk, in ms. */
const STOP_GRACE_MS = 5000;

/** What a writer is made from. */
export interface StateWriterOptions {
  readonly backend: StateBackend;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  /** Aborts when the run is to end: a full disk is then waited for a few seconds longer, and no more. */
  readonly stopping: AbortSignal;
  /** Aborts when the run must end at once; never before `stopping`. */
  readonly failing: AbortSignal;
}

/**
 * All writes of a run to its state, one at a time, in order. What cannot be written is tried again, the same as it was:
 * writing a batch twice does no harm, even where it had been written and nobody knew.
 */
export class StateWriter {
  readonly #options: StateWriterOptions;
  #last: Promise<void> = Promise.resolve();
  #fault: string | null = null;
  #isFull = false;
  /** By the monotonic clock: when a write first failed after the run was to end. */
  #endingSince: number | undefined;

  constructor(options: StateWriterOptions) {
    this.#options = options;
  }

  /** What is wrong with the write under way, for a person; null if nothing is. */
  get fault(): string | null {
    return this.#fault;
  }

  /** True while a write waits for room on the disk. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Writes all or nothing; resolves when it is durable. @throws what the backend throws, for good. */
  write(operations: readonly StateOperation[]): Promise<void> {
    const written = this.#last.then(() => this.#writeInTurn(operations));
    // A failure is its caller's; the next write is tried all the same.
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #writeInTurn(operations: readonly StateOperation[]): Promise<void> {
    let retriesLeft = MAX_RETRIES;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#options.backend.batch(operations);
        this.#healed();
        return;
      } catch (error) {
        const isFull = ProcessorError.is(error, 'state') && error.code === 'STATE_FULL';
        this.#failed(error, isFull);
        if (!isFull) retriesLeft -= 1;
        if (!this.#mayRepeat(error, isFull, retriesLeft)) throw error;
        this.#options.metrics.recordError('state');
        await this.#pause(attempt);
      }
    }
  }

  #mayRepeat(error: unknown, isFull: boolean, retriesLeft: number): boolean {
    const { clock, stopping, failing } = this.#options;
    if (failing.aborted || !ProcessorError.is(error, 'state')) return false;
    if (!isFull) return error.code === 'STATE_FAILED' && retriesLeft >= 0;
    if (!stopping.aborted) return true;
    this.#endingSince ??= clock.monotonic();
    return clock.monotonic() - this.#endingSince < STOP_GRACE_MS;
  }

  #pause(attempt: number): Promise<void> {
    const { clock, stopping, failing } = this.#options;
    const delay = retryDelay(DELAYS, attempt, clock.now());
    // Who is asked to stop tries at once, and from then on watches its time.
    if (!stopping.aborted) return clock.sleep(delay, stopping);
    const left = this.#endingSince === undefined ? delay : this.#endingSince + STOP_GRACE_MS - clock.monotonic();
    return clock.sleep(Math.max(0, Math.min(delay, left)), failing);
  }

  #failed(error: unknown, isFull: boolean): void {
    const { backend, logger, metrics } = this.#options;
    const reason = messageOf(error);
    const isNew = this.#fault === null || this.#isFull !== isFull;
    this.#isFull = isFull;
    this.#fault = isFull ? `disk full: ${reason}` : `a write failed: ${reason}`;
    metrics.recordStateFull(isFull);
    if (isNew)
      logger.warn({ backend: backend.name, error: reason }, isFull ? 'disk full' : 'a write of the state failed');
  }

  #healed(): void {
    if (this.#fault === null) return;
    const { backend, logger, metrics } = this.#options;
    logger.info({ backend: backend.name }, 'the state can be written again');
    this.#fault = null;
    this.#isFull = false;
    metrics.recordStateFull(false);
  }
}
