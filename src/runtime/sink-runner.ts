import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { ErrorHandler } from '../plan/error-handler.ts';
import type { Delivery, EventSink, SinkContext } from '../sinks/event-sink.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import { traced } from '../telemetry/tracing.ts';
import type { Clock } from '../time/clock.ts';
import { formatDuration } from '../time/duration.ts';
import type { ComponentStatus } from './status.ts';
import { retryDelay } from './retry-delay.ts';

/** A delivery that has gone on this long is told of as a fault. */
const SLOW_DELIVERY_MS = 5000;

/** What a runner is made from. */
export interface SinkRunnerOptions<T> {
  readonly sink: EventSink<T>;
  /** Name for logs, metrics and health; unique in the run. */
  readonly name: string;
  readonly handler: ErrorHandler;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  /** Aborts when the process must end at once: retries and waits are given up. */
  readonly signal: AbortSignal;
  /** Takes what could not be delivered, where the policy is `dead_letter`. */
  readonly deadLetter?: (items: readonly T[], reason: string) => Promise<void>;
}

/** Delivers to one sink, by the error policy: with retries and time-outs, in order, nothing left out unless counted. */
export class SinkRunner<T> {
  readonly name: string;
  readonly #options: SinkRunnerOptions<T>;
  #fault: string | null = null;
  #cause: unknown = null;
  #startedAt: number | null = null;
  #opened = false;
  #skipped = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: SinkRunnerOptions<T>) {
    this.name = options.name;
    this.#options = options;
  }

  /** Items refused for good: left out by the policy `skip`, made dead letters by `dead_letter`. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Opens the sink; waits for room where the disk is full, until `stopping` or the run's signal aborts. */
  async open(context: SinkContext, stopping?: AbortSignal): Promise<void> {
    const { sink, handler, clock, logger, metrics, signal } = this.#options;
    for (;;) {
      try {
        await sink.open?.(context);
        this.#opened = true;
        this.#fault = null;
        return;
      } catch (cause) {
        if (!isFull(cause) || signal.aborted || stopping?.aborted === true) {
          throw sinkError(this.name, 'could not be opened', cause);
        }
        this.#fault = messageOf(cause);
      }
      const delayMs = handler.maxDelayMs;
      metrics.recordRetry(this.name);
      logger.warn({ sink: this.name, delayMs, error: this.#fault }, 'no room to open a sink; waiting for it');
      await clock.sleep(delayMs, stopping ?? signal);
    }
  }

  async close(): Promise<void> {
    if (!this.#opened) return;
    this.#opened = false;
    try {
      await this.#options.sink.close?.();
    } catch (cause) {
      throw sinkError(this.name, 'could not be closed', cause);
    }
  }

  /**
   * Resolves when every item has been taken, or has been dealt with by the policy. Deliveries wait for each other: a
   * sink has one call at a time.
   */
  deliver(items: readonly T[], epoch: number): Promise<void> {
    if (items.length === 0) return Promise.resolve();
    const delivery = this.#last.then(() => this.#deliverInTurn(items, epoch));
    // Its failure is its caller's; the next one begins all the same.
    this.#last = delivery.catch(() => undefined);
    return delivery;
  }

  async #deliverInTurn(items: readonly T[], epoch: number): Promise<void> {
    const { clock, metrics, name } = this.#options;
    const startedAt = clock.monotonic();
    this.#startedAt = startedAt;
    const attributes = (): Record<string, string | number> => ({ sink: name, epoch, items: items.length });
    try {
      await traced('processor.delivery', attributes, () => this.#deliverAll(items, epoch));
      metrics.recordDelivery(name, clock.monotonic() - startedAt);
    } finally {
      this.#startedAt = null;
    }
  }

  status(): ComponentStatus {
    if (this.#fault !== null) return { status: 'degraded', message: this.#fault };
    const waiting = this.#startedAt === null ? 0 : this.#options.clock.monotonic() - this.#startedAt;
    if (waiting < SLOW_DELIVERY_MS) return { status: 'ok', message: null };
    const seconds = Math.round(waiting / 1000);
    return { status: 'degraded', message: `a delivery has been under way for ${seconds} s; sources are paused` };
  }

  async #deliverAll(items: readonly T[], epoch: number): Promise<void> {
    const { sink } = this.#options;
    if (sink.sendBatch === undefined) {
      for (const item of items) await this.#deliverOrGiveUp([item], epoch);
    } else if (this.#options.handler.policy === 'retry') {
      await this.#deliverOrGiveUp(items, epoch);
    } else if (!(await this.#attempt(items, epoch))) {
      // Only what the sink really refuses is left out, so the batch is taken apart.
      for (const item of items) await this.#deliverOrGiveUp([item], epoch);
    }
    this.#fault = null;
  }

  async #deliverOrGiveUp(items: readonly T[], epoch: number): Promise<void> {
    const { handler, clock, logger, metrics, signal } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      if (await this.#attempt(items, epoch)) return;
      if (signal.aborted || attempt >= handler.maxAttempts) break;
      const delay = retryDelay(handler, attempt, clock.now());
      metrics.recordRetry(this.name);
      logger.warn(
        { sink: this.name, epoch, attempt: attempt + 1, delayMs: delay, error: this.#fault },
        'sink failed; will retry',
      );
      await clock.sleep(delay, signal);
      if (signal.aborted) break;
    }
    await this.#giveUp(items);
  }

  async #giveUp(items: readonly T[]): Promise<void> {
    const { handler, metrics, logger, deadLetter, signal } = this.#options;
    const reason = this.#fault ?? 'the run is ending';
    if (
      handler.policy === 'retry' ||
      signal.aborted ||
      (handler.policy === 'dead_letter' && deadLetter === undefined)
    ) {
      const tries = handler.maxAttempts + 1;
      throw sinkError(
        this.name,
        `refused a delivery ${tries === 1 ? 'once' : `${tries} times`}`,
        this.#cause ?? reason,
      );
    }
    logger.error(
      { sink: this.name, items: items.length, policy: handler.policy, error: reason },
      'sink failed; items left out',
    );
    metrics.recordSkipped(this.name, items.length);
    this.#skipped += items.length;
    if (handler.policy === 'dead_letter') await deadLetter?.(items, reason);
  }

  /** One try; but as often as it takes while all that is wrong is a full disk, for no item is to blame for that. */
  async #attempt(items: readonly T[], epoch: number): Promise<boolean> {
    const { handler, clock, logger, metrics, signal } = this.#options;
    for (;;) {
      if (await this.#try(items, epoch)) return true;
      if (signal.aborted || !isFull(this.#cause)) return false;
      const delayMs = handler.maxDelayMs;
      metrics.recordRetry(this.name);
      logger.warn({ sink: this.name, epoch, delayMs, error: this.#fault }, 'no room for a delivery; waiting for it');
      this.#fault = `${this.#fault ?? ''}; sources are paused, and nothing is lost while there is no room`;
      await clock.sleep(delayMs, signal);
      if (signal.aborted) return false;
    }
  }

  /** One try; false if it failed or took too long, with the reason noted. */
  async #try(items: readonly T[], epoch: number): Promise<boolean> {
    const { metrics, signal } = this.#options;
    const attempt = new AbortController();
    const timer = new AbortController();
    // By hand, for AbortSignal.any would leave something behind at the run's signal with every attempt.
    const end = (): void => {
      attempt.abort();
      timer.abort();
    };
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    try {
      await Promise.race([this.#send(items, { epoch, signal: attempt.signal }), this.#timeout(timer.signal)]);
      this.#fault = null;
      return true;
    } catch (error) {
      this.#fault = messageOf(error);
      this.#cause = error;
      attempt.abort();
      metrics.recordError('sink');
      return false;
    } finally {
      signal.removeEventListener('abort', end);
      timer.abort();
    }
  }

  /** Rejects when the sink has had its time, or when `cancelled` aborts. */
  async #timeout(cancelled: AbortSignal): Promise<never> {
    const { sink, handler, clock } = this.#options;
    const limit = sink.deliveryTimeoutMs ?? handler.deliveryTimeoutMs;
    if (limit === Infinity) await aborted(cancelled);
    else await clock.sleep(limit, cancelled);
    const message = cancelled.aborted ? 'given up, for the run is ending' : `no answer within ${formatDuration(limit)}`;
    throw new ProcessorError('sink', 'SINK_TIMEOUT', message);
  }

  async #send(items: readonly T[], delivery: Delivery): Promise<void> {
    const { sink } = this.#options;
    if (sink.sendBatch !== undefined) await sink.sendBatch(items, delivery);
    else for (const item of items) await sink.send?.(item, delivery);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function isFull(error: unknown): boolean {
  return ProcessorError.is(error, 'sink') && error.code === 'SINK_FULL';
}

function sinkError(name: string, what: string, cause: unknown): ProcessorError<'sink'> {
  const reason = messageOf(cause);
  return new ProcessorError('sink', 'SINK_FAILED', `sink "${name}" ${what}: ${reason}`, { cause });
}
