import { messageOf } from '../errors/message-of.ts';
import type { ErrorHandler } from '../plan/error-handler.ts';
import type { Delivery, EventSink, SinkContext } from '../sinks/event-sink.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { retryDelay } from '../time/retry-delay.ts';
import { attempt } from './limited-attempt.ts';
import { Patience } from './patience.ts';
import { endsRun, isUnreachable, openingError, passes, slowDelivery, sinkError } from './sink-faults.ts';
import type { ComponentStatus } from './status.ts';
import { tracedDelivery } from './traced-delivery.ts';

/** What a runner is made from. */
export interface SinkRunnerOptions<T> {
  readonly sink: EventSink<T>;
  /** Name for logs, metrics and health; unique in the run. */
  readonly name: string;
  readonly handler: ErrorHandler;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  /** Aborts when the run is to end: what may pass by itself is then waited for a few seconds longer, and no more. */
  readonly stopping: AbortSignal;
  /** Aborts when the process must end at once: retries and waits are given up. */
  readonly signal: AbortSignal;
  /** Takes what could not be delivered, where the policy is `dead_letter`. */
  readonly deadLetter?: (items: readonly T[], reason: string) => Promise<void>;
}

/** Delivers to one sink, by the error policy: with retries and time-outs, in order, nothing left out unless counted. */
export class SinkRunner<T> {
  readonly name: string;
  readonly #options: SinkRunnerOptions<T>;
  readonly #patience: Patience;
  #fault: string | null = null;
  #cause: unknown = null;
  #startedAt: number | null = null;
  #opened = false;
  #skipped = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: SinkRunnerOptions<T>) {
    this.name = options.name;
    this.#options = options;
    options.metrics.knowSink(options.name);
    this.#patience = new Patience({ ...options, failing: options.signal });
  }

  /** Items refused for good: left out by the policy `skip`, made dead letters by `dead_letter`. */
  get skipped(): number {
    return this.#skipped;
  }

  /**
   * Opens the sink. A server that is down is tried again as often as the policy says: at the start a wrong address is
   * likelier. Room on a full disk is waited for.
   */
  async open(context: SinkContext): Promise<void> {
    const { sink, handler, clock, logger, metrics } = this.#options;
    for (let tries = 0; ; tries += 1) {
      try {
        await sink.open?.(context);
        this.#opened = true;
        this.#fault = null;
        return;
      } catch (cause) {
        this.#fault = messageOf(cause);
        this.#cause = cause;
      }
      const isOver = !passes(this.#cause) || (isUnreachable(this.#cause) && tries >= handler.maxAttempts);
      const delayMs = retryDelay(handler, tries, clock.now());
      if (!isOver) {
        metrics.recordRetry(this.name);
        const fields = { sink: this.name, attempt: tries + 1, delayMs, error: this.#fault };
        logger.warn(fields, 'sink could not be opened; will retry');
      }
      if (isOver || !(await this.#patience.wait(delayMs))) {
        throw openingError(this.name, this.#cause);
      }
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
    try {
      await tracedDelivery({ sink: name, epoch, items, clock }, () => this.#deliverAll(items, epoch));
      metrics.recordDelivery(name, clock.monotonic() - startedAt);
    } finally {
      this.#startedAt = null;
    }
  }

  status(): ComponentStatus {
    if (this.#fault !== null) return { status: 'degraded', message: this.#fault };
    return slowDelivery(this.#startedAt, this.#options.clock) ?? { status: 'ok', message: null };
  }

  async #deliverAll(items: readonly T[], epoch: number): Promise<void> {
    const { sink } = this.#options;
    if (sink.sendBatch === undefined) {
      for (const item of items) await this.#deliverOrGiveUp([item], epoch);
    } else if (this.#options.handler.policy === 'retry') {
      await this.#deliverOrGiveUp(items, epoch);
    } else if (!(await this.#attempt(items, epoch))) {
      // Only what the sink really refuses is left out, so the batch is taken apart; a sink that is not there refuses all.
      if (isUnreachable(this.#cause) || endsRun(this.#cause)) await this.#giveUp(items);
      else for (const item of items) await this.#deliverOrGiveUp([item], epoch);
    }
    this.#fault = null;
  }

  async #deliverOrGiveUp(items: readonly T[], epoch: number): Promise<void> {
    const { handler, clock, logger, metrics, signal } = this.#options;
    for (let retries = 0; ; retries += 1) {
      if (await this.#attempt(items, epoch)) return;
      if (signal.aborted || retries >= handler.maxAttempts || endsRun(this.#cause)) break;
      const delay = retryDelay(handler, retries, clock.now());
      metrics.recordRetry(this.name);
      logger.warn(
        { sink: this.name, epoch, attempt: retries + 1, delayMs: delay, error: this.#fault },
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
    if (endsRun(this.#cause)) throw sinkError(this.name, 'may not write any more', this.#cause);
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

  /**
   * One try; but as often as it takes while what is wrong may pass by itself, for no item is to blame for that. A server that
   * is down is waited for where things are tried again at all, a full disk always.
   */
  async #attempt(items: readonly T[], epoch: number): Promise<boolean> {
    const { handler, clock, logger, metrics, signal } = this.#options;
    for (let waits = 0; ; waits += 1) {
      if (await this.#try(items, epoch)) return true;
      const isDown = isUnreachable(this.#cause);
      if (signal.aborted || !passes(this.#cause) || (isDown && handler.policy !== 'retry')) return false;
      const delayMs = isDown ? retryDelay(handler, waits, clock.now()) : handler.maxDelayMs;
      metrics.recordRetry(this.name);
      logger.warn({ sink: this.name, epoch, delayMs, error: this.#fault }, 'no delivery for now; waiting');
      this.#fault = `${this.#fault ?? ''}; sources pause when the buffer is full, and nothing is lost meanwhile`;
      if (!(await this.#patience.wait(delayMs))) throw sinkError(this.name, 'could not deliver', this.#cause);
    }
  }

  /** One try; false if it failed or took too long, with the reason noted. */
  async #try(items: readonly T[], epoch: number): Promise<boolean> {
    const { sink, handler, clock, metrics, signal } = this.#options;
    const limitMs = sink.deliveryTimeoutMs ?? handler.deliveryTimeoutMs;
    try {
      await attempt((given) => this.#send(items, { epoch, signal: given }), { clock, limitMs, ending: signal });
      this.#fault = null;
      return true;
    } catch (error) {
      this.#fault = messageOf(error);
      this.#cause = error;
      metrics.recordError('sink');
      return false;
    }
  }

  async #send(items: readonly T[], delivery: Delivery): Promise<void> {
    const { sink } = this.#options;
    if (sink.sendBatch !== undefined) await sink.sendBatch(items, delivery);
    else for (const item of items) await sink.send?.(item, delivery);
  }
}
