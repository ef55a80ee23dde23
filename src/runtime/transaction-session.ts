import { ProcessorError } from '../errors/processor-error.ts';
import type { Positions } from '../event/source-position.ts';
import type { DeliveryMark, DeliveryTransaction, TransactionContext } from '../sinks/delivery-transaction.ts';
import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { sameMark } from './delivery-decision.ts';
import { attempt } from './limited-attempt.ts';
import type { SinkPart } from './sink-parts.ts';
import type { TransactionLoad } from './transaction-load.ts';

/** What is delivered in one transaction, and what is said with it. */
export interface Transacted {
  readonly load: TransactionLoad;
  readonly mark: DeliveryMark;
  readonly positions: Positions;
}

/** What an attempt has failed by. */
export interface AttemptFailure {
  readonly error: unknown;
  /** The sink that it happened in; undefined where it was the transaction itself. */
  readonly part: SinkPart | undefined;
}

/** What a session is made from. */
export interface TransactionSessionOptions {
  readonly transaction: DeliveryTransaction;
  readonly clock: Clock;
  /** Aborts when the process must end at once. */
  readonly signal: AbortSignal;
}

/**
 * One attempt after the other, each all or nothing. What a failed one has left is settled before the next: it was committed,
 * and is not made again, or it was not, and is.
 */
export class TransactionSession {
  readonly #options: TransactionSessionOptions;
  /** The mark that stands, as far as is known. */
  #mark: DeliveryMark | null = null;
  /** The mark of a transaction that may have been committed. */
  #attempted: DeliveryMark | null = null;
  /** False where the next call must be `reopen`. */
  #isSettled = true;

  constructor(options: TransactionSessionOptions) {
    this.#options = options;
  }

  /** The mark of the last transaction, as far as is known. */
  get mark(): DeliveryMark | null {
    return this.#mark;
  }

  /** False while it is open what became of the last attempt. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The marks that may stand now. */
  get marks(): readonly (DeliveryMark | null)[] {
    return this.#attempted === null ? [this.#mark] : [this.#mark, this.#attempted];
  }

  /** Takes over; gives the name of the run. @throws what the transaction throws. */
  async open(context: TransactionContext): Promise<string> {
    const { run, mark } = await this.#options.transaction.open(context);
    this.#mark = mark;
    return run;
  }

  /** One attempt; undefined if it succeeded, now or as the one before whose outcome was unknown. */
  async attempt(transacted: Transacted, limitMs: Millis): Promise<AttemptFailure | undefined> {
    const { clock, signal: ending } = this.#options;
    const progress: { part: SinkPart | undefined } = { part: undefined };
    try {
      await attempt((signal) => this.#transact(transacted, progress, signal), { clock, limitMs, ending });
      return undefined;
    } catch (error) {
      return { error, part: progress.part };
    }
  }

  async #transact(
    { load, mark, positions }: Transacted,
    progress: { part: SinkPart | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const { transaction } = this.#options;
    if (!this.#isSettled && (await this.#settle(mark, signal))) return;
    this.#isSettled = false;
    transaction.begin();
    for (const [part, items] of load.parts) {
      progress.part = part;
      const delivery = { epoch: mark.epoch, signal };
      if (part.sink.sendBatch !== undefined) await part.sink.sendBatch(items, delivery);
      else for (const item of items) await part.sink.send?.(item, delivery);
      signal.throwIfAborted();
    }
    progress.part = undefined;
    this.#attempted = mark;
    await transaction.commit({ mark, positions, signal });
    // Who has given up by now does not know of it, and asks what became of it.
    signal.throwIfAborted();
    this.#standsAt(mark);
  }

  /** Finds out what became of the attempt before; true if that has delivered what was to be delivered now. */
  async #settle(mark: DeliveryMark, signal: AbortSignal): Promise<boolean> {
    const found = await this.#options.transaction.reopen(signal);
    signal.throwIfAborted();
    if (!this.marks.some((known) => sameMark(known, found))) {
      const message = `another process has delivered epoch ${String(found?.epoch)} meanwhile; this one has written nothing since`;
      throw new ProcessorError('sink', 'SINK_FENCED', message);
    }
    const wasAttempted = this.#attempted !== null;
    this.#standsAt(found);
    return wasAttempted && sameMark(found, mark);
  }

  #standsAt(mark: DeliveryMark | null): void {
    this.#mark = mark;
    this.#attempted = null;
    this.#isSettled = true;
  }
}
