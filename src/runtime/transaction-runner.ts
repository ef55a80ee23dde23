import type { Positions } from '../event/source-position.ts';
import type { DeliveryMark, DeliveryTransaction, TransactionContext } from '../sinks/delivery-transaction.ts';
import { retryDelay } from '../time/retry-delay.ts';
import { decideDelivery, deliveryMismatch, isKnownDelivered, mismatchReason } from './delivery-decision.ts';
import { formatDeliveryPosition, parseDeliveryPosition, type DeliveryPosition } from './delivery-position.ts';
import { emptyOutbox, type Outbox } from './outbox.ts';
import { endsRun, openingError, sinkError } from './sink-faults.ts';
import type { SinkPart } from './sink-parts.ts';
import type { ComponentStatus } from './status.ts';
import { TransactionDelivery, type TransactionDeliveryOptions } from './transaction-delivery.ts';
import { TransactionLoad } from './transaction-load.ts';
import { TransactionSession } from './transaction-session.ts';

/** How often others are told where the pipeline stands when there is nothing to deliver, in ms. */
const TELL_INTERVAL_MS = 1000;
/** How often that is said again when nothing has changed: by then a process that was replaced has noticed it. */
const REPEAT_INTERVAL_MS = 3000;
/** How long telling may take, in ms: the next epoch waits for it. */
const TELL_LIMIT_MS = 5000;
/** How often telling is tried again at the end. */
const LAST_RETRIES = 3;

/** What a runner is made from. */
export interface TransactionRunnerOptions extends Omit<TransactionDeliveryOptions, 'name' | 'session'> {
  readonly transaction: DeliveryTransaction;
  /** At least one. The first lends its name to the whole. */
  readonly parts: readonly SinkPart[];
  /** False where the state goes with the process: a new one begins with epoch 1, which says nothing of what was delivered. */
  readonly keepsState: boolean;
}

/** The last epoch that the state has. */
export interface RecoveredEpoch {
  readonly epoch: number;
  readonly outbox: Outbox;
  readonly positions: Positions;
}

/**
 * Delivers to the sinks of one transaction, an epoch at a time: all of their items, the mark of the epoch and the positions
 * of the source become visible as one. Epochs without items are told of now and then, so that others see where the pipeline
 * stands, and a process that was replaced notices it.
 */
export class TransactionRunner {
  readonly name: string;
  readonly parts: readonly SinkPart[];
  readonly #options: TransactionRunnerOptions;
  readonly #session: TransactionSession;
  readonly #delivery: TransactionDelivery;
  #run = '';
  #kept: DeliveryPosition | undefined;
  /** What is to be told of an epoch that had nothing to deliver. */
  #owed: { readonly mark: DeliveryMark; readonly positions: Positions } | undefined;
  #positions: Positions = new Map<never, never>();
  #toldAt = -Infinity;
  #opened = false;

  constructor(options: TransactionRunnerOptions) {
    this.#options = options;
    this.parts = options.parts;
    this.name = options.parts[0]?.name ?? options.transaction.name;
    for (const { name } of this.parts) options.metrics.knowSink(name);
    this.#session = new TransactionSession(options);
    this.#delivery = new TransactionDelivery({ ...options, name: this.name, session: this.#session });
  }

  /** Items refused for good: left out by the policy `skip`, made dead letters by `dead_letter`. */
  get skipped(): number {
    return this.#delivery.skipped;
  }

  /** Where the transaction stands, for the next commit of the state to keep. */
  get position(): string {
    return formatDeliveryPosition({ run: this.#run, before: this.#session.marks });
  }

  /** Whether it is time to say where the pipeline stands, though there is nothing to deliver. */
  get isDue(): boolean {
    const since = this.#options.clock.monotonic() - this.#toldAt;
    const isPending = this.#owed !== undefined || !this.#session.isSettled;
    return since >= (isPending ? TELL_INTERVAL_MS : REPEAT_INTERVAL_MS);
  }

  status(): ComponentStatus {
    return this.#delivery.status();
  }

  /** Takes over the deliveries of whoever made them before. `position`: what the state has kept of {@link position}. */
  async open(context: Omit<TransactionContext, 'deliveryTimeoutMs'>, position: string | undefined): Promise<void> {
    const { handler } = this.#options;
    this.#kept = position === undefined ? undefined : parseDeliveryPosition(position);
    this.#opened = true;
    try {
      for (const { sink } of this.parts) await sink.open?.(context);
      this.#run = await this.#session.open({ ...context, deliveryTimeoutMs: handler.deliveryTimeoutMs });
    } catch (cause) {
      throw openingError(this.name, cause);
    }
  }

  /** Ends what is open, and closes the sinks. */
  async close(): Promise<void> {
    if (!this.#opened) return;
    this.#opened = false;
    try {
      await this.#options.transaction.close();
      for (const { sink } of this.parts) await sink.close?.();
    } catch (cause) {
      throw sinkError(this.name, 'could not be closed', cause);
    }
  }

  /**
   * Goes on from the last epoch of the state: delivers it unless it was delivered, and says who is at it now.
   * @throws ProcessorError DELIVERY_MISMATCH where what was delivered does not fit the state.
   */
  async recover(stored: RecoveredEpoch | undefined): Promise<void> {
    const { transaction, logger, keepsState } = this.#options;
    const found = this.#session.mark;
    const commit = stored === undefined ? null : { epoch: stored.epoch, run: this.#kept?.run ?? '' };
    const load = TransactionLoad.of(this.parts, stored?.outbox ?? emptyOutbox());
    const standing = { commit, before: this.#kept?.before ?? [null] };
    const isCompared = keepsState || commit !== null;
    const decision = isCompared ? decideDelivery(standing, found) : 'deliver';
    if (decision !== 'deliver' && decision !== 'delivered') {
      if (transaction.afterRestore === 'refuse') throw deliveryMismatch(this.name, decision, commit, found);
      const reason = mismatchReason(decision, commit, found);
      logger.warn({ sink: this.name, reason: decision }, `delivering again, as after_restore says: ${reason}`);
    }
    this.#positions = stored?.positions ?? this.#positions;
    const isDelivered = decision === 'delivered' || isKnownDelivered(standing);
    await this.#deliver(isDelivered ? load.empty : load, commit ?? { epoch: 0, run: this.#run });
  }

  /** Resolves when everything of the outbox that is for these sinks is delivered, or has been dealt with by the policy. */
  async deliver(outbox: Outbox, epoch: number, positions: Positions): Promise<void> {
    const load = TransactionLoad.of(this.parts, outbox);
    const mark = { epoch, run: this.#run };
    this.#positions = positions;
    if (load.size > 0) {
      await this.#deliver(load, mark);
      return;
    }
    this.#owed = { mark, positions };
    if (this.isDue) await this.tell();
  }

  /** Says where the pipeline stands. That it cannot for now is no failure. @throws ProcessorError SINK_FENCED. */
  async tell(): Promise<void> {
    const { mark, positions } = this.#owed ?? { mark: this.#session.mark, positions: this.#positions };
    if (mark === null) return;
    const load = TransactionLoad.of(this.parts, emptyOutbox());
    const failure = await this.#delivery.attempt({ load, mark, positions }, TELL_LIMIT_MS);
    if (failure !== undefined && endsRun(failure.error)) throw failure.error;
    this.#toldAt = this.#options.clock.monotonic();
    if (failure === undefined) this.#owed = undefined;
  }

  /** The last epoch has been delivered: says where the pipeline stands in the end, where that is not said yet. */
  async finish(): Promise<void> {
    const { clock, handler, logger, signal } = this.#options;
    for (let tries = 0; this.#owed !== undefined && tries <= LAST_RETRIES; tries += 1) {
      if (tries > 0) await clock.sleep(retryDelay(handler, tries, clock.now()), signal);
      await this.tell();
    }
    if (this.#owed === undefined) return;
    const message = 'everything is delivered, but others could not be told where the pipeline has come to';
    logger.warn({ sink: this.name, error: this.status().message }, message);
  }

  async #deliver(load: TransactionLoad, mark: DeliveryMark): Promise<void> {
    await this.#delivery.deliver({ load, mark, positions: this.#positions });
    this.#owed = undefined;
    this.#toldAt = this.#options.clock.monotonic();
  }
}
