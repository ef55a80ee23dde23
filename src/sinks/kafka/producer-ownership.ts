import { ProcessorError } from '../../errors/processor-error.ts';
import { KafkaFault } from '../../kafka/kafka-fault.ts';
import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';
import type { DeliveryMark, TakenOver } from '../delivery-transaction.ts';
import { newestMark, type CommittedMark } from './committed-mark.ts';
import type { RequestRetries } from './request-retries.ts';
import type { ProducerIdentity, TransactionRequests } from './transaction-requests.ts';

/** How long whoever has taken over may take to say so, in ms; it is the first thing that it does. */
const CLAIM_MS: Millis = 5000;
/** How long a broker may have a request that nobody waits for any more, in ms. */
const STRAY_MS: Millis = 60_000;

/** What ownership is made from. */
export interface ProducerOwnershipOptions {
  readonly requests: TransactionRequests;
  readonly clock: Clock;
  readonly retries: RequestRetries;
  /** Name of the pipeline. */
  readonly pipeline: string;
  /** Also the group that the marks are committed under. */
  readonly transactionalId: string;
  /** How long a transaction may be open before the broker ends it. */
  readonly transactionTimeoutMs: Millis;
}

/**
 * Who has a transactional id: whoever asked for an identity last, and says so by the mark of its first transaction.
 *
 * A new identity ends what is left open under the one before. It is only taken while nobody else has taken over: a process that
 * was replaced, and wakes up, finds another in the place of its own. Where that may be its own doing, or the broker's, it waits
 * until the other says who it is.
 */
export class ProducerOwnership {
  readonly #options: ProducerOwnershipOptions;
  #identity: ProducerIdentity = { id: -1, epoch: -1 };
  #run = '';
  /** Number of the last transaction that is known of. */
  #serial = 0;
  /** True while the next one, of this run, may have been committed, and nobody knows. */
  #isUnsettled = false;
  /** Since when a transaction of this identity may be open at the broker, by the monotonic clock. */
  #openSince: number | null = null;
  /** True from when this process asks for an identity until it has it: the one before is taken away first. */
  #isAsking = false;
  /** Until when an identity may be given out that this process has asked for, and was not answered. */
  #strayUntil = -Infinity;
  /** Who has the transactional id in place of this one, since when, by the monotonic clock. */
  #stranger: { readonly identity: ProducerIdentity; readonly since: number } | undefined;

  constructor(options: ProducerOwnershipOptions) {
    this.#options = options;
  }

  /** What requests are made under. */
  get identity(): ProducerIdentity {
    return this.#identity;
  }

  /** The mark of the next transaction, as it is committed. */
  next(mark: DeliveryMark): CommittedMark {
    return { mark, serial: this.#serial + 1, owner: this.#run };
  }

  /** Takes over from whoever has it. @throws KafkaFault, or ProcessorError CONFIG_INVALID where that is another pipeline. */
  async take(signal: AbortSignal, retries: RequestRetries): Promise<TakenOver> {
    await this.#initialise(signal, retries);
    this.#run = `${this.#identity.id}.${this.#identity.epoch}`;
    const found = await this.#readMark(signal, retries);
    this.#noteFound(found);
    return { run: this.#run, mark: found?.mark ?? null };
  }

  /** Takes a new identity in place of its own, and gives the mark that stands. @throws ProcessorError SINK_FENCED. */
  async renew(signal: AbortSignal): Promise<DeliveryMark | null> {
    const { retries } = this.#options;
    await this.#checkIdentity(signal);
    await this.#initialise(signal, retries);
    const found = await this.#readMark(signal, retries);
    this.#checkOwner(found);
    this.#noteFound(found);
    return found?.mark ?? null;
  }

  /** A transaction begins. */
  noteBegun(): void {
    this.#openSince = this.#options.clock.monotonic();
  }

  /** The transaction is about to be committed, and nobody knows before it is answered. */
  noteCommitting(): void {
    this.#isUnsettled = true;
  }

  /** It has been. */
  noteCommitted(): void {
    this.#isUnsettled = false;
    this.#openSince = null;
    this.#serial += 1;
  }

  /**
   * Returns when nobody else has taken over. Another identity in the place of its own is another process's, with two
   * exceptions: one that this process has asked for and got no answer, and the one under which the broker ends a transaction
   * that was open for too long. It is then nobody's as long as no mark says so.
   * @throws ProcessorError SINK_FENCED.
   */
  async #checkIdentity(signal: AbortSignal): Promise<void> {
    const { clock, requests, retries } = this.#options;
    for (;;) {
      const standing = await retries.run(() => requests.currentProducer(signal), signal);
      if (standing === null || isSame(standing, this.#identity)) return;
      this.#checkOwner(await this.#readMark(signal, retries));
      if (!this.#mayBeNobody) throw this.#fenced();
      if (this.#stranger === undefined || !isSame(standing, this.#stranger.identity)) {
        this.#stranger = { identity: standing, since: clock.monotonic() };
      }
      const leftMs = this.#stranger.since + CLAIM_MS - clock.monotonic();
      if (leftMs <= 0) return;
      // What is left of it when the attempt is given up, the next one waits.
      await clock.sleep(leftMs, signal);
    }
  }

  get #mayBeNobody(): boolean {
    const { clock, transactionTimeoutMs } = this.#options;
    const now = clock.monotonic();
    const isOverdue = this.#openSince !== null && now - this.#openSince >= transactionTimeoutMs;
    return this.#isAsking || now < this.#strayUntil || isOverdue;
  }

  async #initialise(signal: AbortSignal, retries: RequestRetries): Promise<void> {
    const { clock, requests } = this.#options;
    this.#isAsking = true;
    const ask = (): Promise<ProducerIdentity> =>
      requests.initProducer(signal).catch((error: unknown) => {
        if (error instanceof KafkaFault && error.kind !== 'answered') this.#strayUntil = clock.monotonic() + STRAY_MS;
        throw error;
      });
    this.#identity = await retries.run(ask, signal);
    this.#isAsking = false;
    this.#openSince = null;
    this.#stranger = undefined;
  }

  async #readMark(signal: AbortSignal, retries: RequestRetries): Promise<CommittedMark | null> {
    const { requests, transactionalId, pipeline } = this.#options;
    const offsets = await retries.run(() => requests.committedOffsets(transactionalId, signal), signal);
    return newestMark(offsets, pipeline);
  }

  /** @throws ProcessorError SINK_FENCED where someone else has made the last transaction. */
  #checkOwner(found: CommittedMark | null): void {
    if (found === null || found.serial === this.#serial) return;
    if (this.#isUnsettled && found.owner === this.#run && found.serial === this.#serial + 1) return;
    throw this.#fenced();
  }

  #fenced(): ProcessorError {
    const message = `another instance with the transactional id "${this.#options.transactionalId}" has taken over; this one has written nothing since. Run one of the two, or give each an instance, or a name, of its own`;
    return new ProcessorError('sink', 'SINK_FENCED', message);
  }

  #noteFound(found: CommittedMark | null): void {
    this.#serial = found?.serial ?? this.#serial;
    this.#isUnsettled = false;
  }
}

function isSame(one: ProducerIdentity, other: ProducerIdentity): boolean {
  return one.id === other.id && one.epoch === other.epoch;
}
