import { messageOf } from '../errors/message-of.ts';
import type { ErrorHandler } from '../plan/error-handler.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import { ItemsRefused } from '../sinks/sink-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { retryDelay } from '../time/retry-delay.ts';
import { Patience } from './patience.ts';
import { endsRun, isTimeout, passes, sinkError, slowDelivery } from './sink-faults.ts';
import type { ComponentStatus } from './status.ts';
import type { SinkPart } from './sink-parts.ts';
import { tracedDelivery } from './traced-delivery.ts';
import type { TransactionLoad } from './transaction-load.ts';
import type { AttemptFailure, Transacted, TransactionSession } from './transaction-session.ts';

/** How often what no item is to blame for is tried again, whatever the policy. */
const LEAST_RETRIES = 3;

/** What deliveries are made with. */
export interface TransactionDeliveryOptions {
  /** Name for logs, metrics and health; unique in the run. */
  readonly name: string;
  readonly session: TransactionSession;
  readonly parts: readonly SinkPart[];
  readonly handler: ErrorHandler;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  /** Aborts when the run is to end: what may pass by itself is then waited for a few seconds longer, and no more. */
  readonly stopping: AbortSignal;
  /** Aborts when the process must end at once. */
  readonly signal: AbortSignal;
  /** Makes dead letters of what was refused. */
  readonly lettersOf: (items: readonly unknown[], reason: string) => readonly DeadLetter[];
  /** Delivers dead letters that no sink of the transaction takes; absent where nobody does. */
  readonly bury?: (letters: readonly DeadLetter[]) => Promise<void>;
}

/**
 * Delivers in transactions, by the error policy: with retries and time-outs of the whole, nothing left out unless counted.
 *
 * What may pass by itself, such as a broker that is away, is waited for under every policy. What a sink refuses goes by
 * the policy: the run stops, or it is left out, or becomes a dead letter of the same transaction.
 */
export class TransactionDelivery {
  readonly #options: TransactionDeliveryOptions;
  readonly #patience: Patience;
  #fault: string | null = null;
  #startedAt: number | null = null;
  #skipped = 0;

  constructor(options: TransactionDeliveryOptions) {
    this.#options = options;
    this.#patience = new Patience({ ...options, failing: options.signal });
  }

  /** Items refused for good: left out by the policy `skip`, made dead letters by `dead_letter`. */
  get skipped(): number {
    return this.#skipped;
  }

  status(): ComponentStatus {
    if (this.#fault !== null) return { status: 'degraded', message: this.#fault };
    return slowDelivery(this.#startedAt, this.#options.clock) ?? { status: 'ok', message: null };
  }

  /** One attempt; what it has failed by is shown in the status until one succeeds. */
  async attempt(transacted: Transacted, limitMs: Millis): Promise<AttemptFailure | undefined> {
    const { session, metrics } = this.#options;
    const failure = await session.attempt(transacted, limitMs);
    this.#fault = failure === undefined ? null : messageOf(failure.error);
    if (failure !== undefined) metrics.recordError('sink');
    return failure;
  }

  /** Resolves when every item has been taken, or has been dealt with by the policy. */
  async deliver(transacted: Transacted): Promise<void> {
    const { name, clock, metrics } = this.#options;
    const { load, mark } = transacted;
    const startedAt = clock.monotonic();
    this.#startedAt = startedAt;
    const items = load.parts.flatMap(([, own]) => own);
    try {
      await tracedDelivery({ sink: name, epoch: mark.epoch, items, clock }, () => this.#deliverAll(transacted));
      if (load.size > 0) metrics.recordDelivery(name, clock.monotonic() - startedAt);
    } finally {
      this.#startedAt = null;
    }
  }

  async #deliverAll(transacted: Transacted): Promise<void> {
    const { name, handler, signal } = this.#options;
    const { epoch } = transacted.mark;
    let { load } = transacted;
    let [tries, failures] = [0, 0];
    for (;;) {
      const failure = await this.attempt({ ...transacted, load }, handler.deliveryTimeoutMs);
      if (failure === undefined) return;
      const { error, part } = failure;
      if (endsRun(error)) throw error;
      if (signal.aborted) throw sinkError(name, 'could not deliver', error);
      if (error instanceof ItemsRefused) {
        load = await this.#leaveOut(load, part ?? load.partOf(error.items), error.items, error);
      } else if (passes(error) || isTimeout(error)) {
        if (!(await this.#wait(epoch, failures))) throw sinkError(name, 'could not deliver', error);
      } else if (tries < this.#retriesOf(part)) {
        tries += 1;
        await this.#pause(epoch, failures);
      } else {
        load = await this.#giveUp(load, failure, tries + 1);
        tries = 0;
      }
      failures += 1;
    }
  }

  /** False when it is time to give up. */
  async #wait(epoch: number, failures: number): Promise<boolean> {
    const delayMs = this.#told(epoch, failures, 'no delivery for now; waiting');
    this.#fault = `${this.#fault ?? ''}; sources pause when the buffer is full, and nothing is lost meanwhile`;
    return this.#patience.wait(delayMs);
  }

  async #pause(epoch: number, failures: number): Promise<void> {
    const { clock, signal } = this.#options;
    await clock.sleep(this.#told(epoch, failures, 'sink failed; will retry'), signal);
  }

  #told(epoch: number, failures: number, message: string): Millis {
    const { name, handler, clock, logger, metrics } = this.#options;
    const delayMs = retryDelay(handler, failures, clock.now());
    metrics.recordRetry(name);
    logger.warn({ sink: name, epoch, attempt: failures + 1, delayMs, error: this.#fault }, message);
    return delayMs;
  }

  #retriesOf(part: SinkPart | undefined): number {
    const { policy, maxAttempts } = this.#options.handler;
    const isLastResort = part === undefined || (part.of === 'deadLetters' && policy === 'dead_letter');
    return isLastResort ? Math.max(LEAST_RETRIES, maxAttempts) : maxAttempts;
  }

  /** A sink has failed for good: its items go by the policy. The transaction itself has none. */
  async #giveUp(load: TransactionLoad, { error, part }: AttemptFailure, tries: number): Promise<TransactionLoad> {
    const { name } = this.#options;
    const what = `refused a delivery ${tries === 1 ? 'once' : `${tries} times`}`;
    const cause = sinkError(part?.name ?? name, what, error);
    if (part === undefined) throw cause;
    return this.#leaveOut(load, part, load.itemsOf(part), cause);
  }

  /** What is left to deliver without some items, by the policy. @throws the cause where it is to stop. */
  async #leaveOut(
    load: TransactionLoad,
    part: SinkPart | undefined,
    items: readonly unknown[],
    cause: unknown,
  ): Promise<TransactionLoad> {
    const { handler, logger, metrics, parts } = this.#options;
    const { policy } = handler;
    if (part === undefined || policy === 'retry') throw cause;
    const reason = messageOf(cause);
    let rest = load.without(part, items);
    if (policy === 'dead_letter') {
      if (part.of === 'deadLetters') throw cause;
      const own = parts.find(({ of }) => of === 'deadLetters');
      const letters = this.#options.lettersOf(items, reason);
      if (own !== undefined) rest = rest.withLetters(own, letters);
      else if (this.#options.bury === undefined) throw cause;
      else await this.#options.bury(letters);
    }
    logger.error({ sink: part.name, items: items.length, policy, error: reason }, 'sink failed; items left out');
    metrics.recordSkipped(part.name, items.length);
    this.#skipped += items.length;
    return rest;
  }
}
