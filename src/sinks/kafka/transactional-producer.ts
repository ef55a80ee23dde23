import { ProcessorError } from '../../errors/processor-error.ts';
import type { Positions } from '../../event/source-position.ts';
import { partitionId, type TopicPartition } from '../../kafka/partition-id.ts';
import type { Instruments } from '../../telemetry/instruments.ts';
import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';
import type { DeliveryMark, TakenOver, TransactionCommit } from '../delivery-transaction.ts';
import { newestMark, offsetOfMark, type CommittedMark } from './committed-mark.ts';
import { deliveryFault } from './delivery-fault.ts';
import { RequestRetries } from './request-retries.ts';
import type {
  OffsetCommit,
  ProducerIdentity,
  ReadyRecords,
  SequencedRecords,
  TransactionRequests,
} from './transaction-requests.ts';

/** How long opening may take, in ms: a new cluster makes its coordinators first, and what others have left open is ended. */
const OPENING_MS: Millis = 30_000;
/** How long whoever has taken over may take to say so, in ms; it is the first thing that it does. */
const CLAIM_MS: Millis = 2500;
/** Sequence numbers begin again after this one. */
const SEQUENCES = 2 ** 31;

/** Whose positions are committed, and under which group. */
export interface SourceOffsets {
  readonly group: string;
  topicPartitionOf(partition: string): TopicPartition | undefined;
}

/** What a producer is made from. */
export interface TransactionalProducerOptions {
  readonly requests: TransactionRequests;
  readonly clock: Clock;
  readonly instruments: Instruments;
  /** Name of the pipeline. */
  readonly pipeline: string;
  /** Also the group that the marks are committed under. */
  readonly transactionalId: string;
  /** The marks stand at the first partition of this topic. */
  readonly markTopic: string;
  /** Absent where the source's positions are none of the same cluster. */
  readonly source?: SourceOffsets;
  /** Attempts after a failed request. */
  readonly retries: number;
}

/**
 * Transactions of Kafka, one after the other, each with a mark of what is in it (KIP-98, KIP-447). Whoever takes over under a
 * transactional id fences all who had it before, and says so with its first transaction.
 *
 * A failed request is repeated as often as may be; then the producer's identity is given up. The next one ends what is left
 * open, and the mark tells whether the last transaction was committed. That identity is only taken while nobody else has taken
 * over: a process that was replaced, and wakes up, finds another in the place of its own, and waits until it says who it is.
 *
 * Calls that were given up are waited for before the next does anything.
 */
export class TransactionalProducer {
  readonly #options: TransactionalProducerOptions;
  readonly #retries: RequestRetries;
  #identity: ProducerIdentity = { id: -1, epoch: -1 };
  #run = '';
  /** Number of the last transaction that is known of. */
  #serial = 0;
  /** True while the next one, of this run, may have been committed, and nobody knows. */
  #isUnsettled = false;
  /** True from the beginning of a transaction to its commit. */
  #isOpen = false;
  /** True where the broker has heard of it. */
  #isKnown = false;
  #begunAt = 0;
  readonly #sequences = new Map<string, number>();
  readonly #added = new Set<string>();
  #idle: Promise<void> = Promise.resolve();

  constructor(options: TransactionalProducerOptions) {
    this.#options = options;
    this.#retries = new RequestRetries(options);
  }

  /** The transactional id, for messages. */
  get transactionalId(): string {
    return this.#options.transactionalId;
  }

  /** Takes over. @throws KafkaFault, or ProcessorError CONFIG_INVALID where another pipeline has the transactional id. */
  async open(): Promise<TakenOver> {
    const { clock } = this.#options;
    const limit = new AbortController();
    const over = new AbortController();
    const timeUp = clock.sleep(OPENING_MS, over.signal).then(() => limit.abort());
    try {
      const patient = new RequestRetries({ clock, retries: Infinity });
      const { id, epoch } = await this.#initialise(limit.signal, patient);
      this.#run = `${id}.${epoch}`;
      const found = await this.#readMark(limit.signal, patient);
      this.#noteFound(found);
      return { run: this.#run, mark: found?.mark ?? null };
    } finally {
      over.abort();
      await timeUp;
    }
  }

  /** @throws ProcessorError SINK_FENCED, SINK_UNAVAILABLE. */
  reopen(signal: AbortSignal): Promise<DeliveryMark | null> {
    return this.#alone(`the transaction "${this.transactionalId}" cannot be settled`, async () => {
      await this.#checkIdentity(signal);
      await this.#initialise(signal);
      const found = await this.#readMark(signal);
      this.#checkOwner(found);
      this.#noteFound(found);
      return found?.mark ?? null;
    });
  }

  /** Begins a transaction. */
  begin(): void {
    this.#added.clear();
    this.#isOpen = true;
    this.#isKnown = false;
    this.#begunAt = this.#options.clock.monotonic();
  }

  /** Writes records in the transaction, those of each partition in their order. */
  write(records: readonly ReadyRecords[], signal: AbortSignal): Promise<void> {
    return this.#alone('Kafka cannot be written to', async () => {
      const { requests } = this.#options;
      const fresh = new Map(records.map((each) => [partitionId(each), each]));
      for (const known of this.#added) fresh.delete(known);
      if (fresh.size > 0) {
        const partitions = [...fresh.values()].map(({ topic, partition }) => ({ topic, partition }));
        await this.#retries.run(() => requests.addPartitions(this.#identity, partitions, signal), signal);
        for (const id of fresh.keys()) this.#added.add(id);
        this.#isKnown = true;
      }
      for (const round of roundsOf(records)) await this.#produce(round, signal);
    });
  }

  /** Commits. Whatever it throws, it may have been committed. */
  commit({ mark, positions, signal }: TransactionCommit): Promise<void> {
    return this.#alone(`the transaction "${this.transactionalId}" cannot be committed`, async () => {
      const { requests } = this.#options;
      for (const [group, offsets] of this.#offsetsOf(mark, positions)) {
        await this.#retries.run(() => requests.addGroup(this.#identity, group, signal), signal);
        this.#isKnown = true;
        await this.#retries.run(() => requests.commitOffsets(this.#identity, group, offsets, signal), signal);
      }
      this.#isUnsettled = true;
      await this.#retries.run(() => requests.endTransaction(this.#identity, true, signal), signal);
      this.#isUnsettled = false;
      this.#isOpen = false;
      this.#serial += 1;
      const { clock, instruments } = this.#options;
      instruments.count('kafka_transactions_total', { outcome: 'committed' }, 1);
      instruments.observe('kafka_transaction_seconds', {}, (clock.monotonic() - this.#begunAt) / 1000);
    });
  }

  /** Gives up what is open, once, so that readers of the topics need not wait for it to run out. Never rejects. */
  async close(signal: AbortSignal): Promise<void> {
    await this.#idle;
    const isKnown = this.#isOpen && this.#isKnown;
    this.#giveUp();
    if (!isKnown) return;
    await this.#options.requests.endTransaction(this.#identity, false, signal).catch(() => undefined);
  }

  async #produce(round: readonly ReadyRecords[], signal: AbortSignal): Promise<void> {
    const { requests } = this.#options;
    let left: readonly SequencedRecords[] = round.map((records) => ({
      records,
      sequence: this.#sequences.get(partitionId(records)) ?? 0,
    }));
    await this.#retries.run(async () => {
      const produced = await requests.produce(this.#identity, left, signal);
      left = produced.left;
      if (produced.fault !== null) throw produced.fault;
    }, signal);
    for (const records of round) {
      const id = partitionId(records);
      this.#sequences.set(id, ((this.#sequences.get(id) ?? 0) + records.count) % SEQUENCES);
    }
  }

  #offsetsOf(
    mark: DeliveryMark,
    positions: Positions,
  ): readonly (readonly [group: string, offsets: readonly OffsetCommit[]])[] {
    const { transactionalId, markTopic, pipeline, source } = this.#options;
    const committed = { mark, serial: this.#serial + 1, owner: this.#run };
    const own = [transactionalId, [offsetOfMark(markTopic, pipeline, committed)]] as const;
    if (source === undefined) return [own];
    const offsets = [...positions].flatMap(([id, { offset }]): OffsetCommit[] => {
      const place = source.topicPartitionOf(id);
      return place === undefined ? [] : [{ ...place, offset, metadata: `epoch ${mark.epoch}` }];
    });
    return offsets.length === 0 ? [own] : [own, [source.group, offsets]];
  }

  /** @throws ProcessorError SINK_FENCED where another has taken over, or may be about to say so. */
  async #checkIdentity(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let standing = await this.#currentProducer(signal);
    if (standing === null || isSame(standing, this.#identity)) return;
    // Another one's, or of nobody: the broker too gives out a new epoch when it ends a transaction that took too long.
    for (;;) {
      this.#checkOwner(await this.#readMark(signal));
      await clock.sleep(CLAIM_MS, signal);
      const now = await this.#currentProducer(signal);
      if (now === null || isSame(now, standing)) break;
      standing = now;
    }
    this.#checkOwner(await this.#readMark(signal));
  }

  #giveUp(): void {
    if (this.#isOpen) this.#options.instruments.count('kafka_transactions_total', { outcome: 'given_up' }, 1);
    this.#isOpen = false;
  }

  #currentProducer(signal: AbortSignal): Promise<ProducerIdentity | null> {
    return this.#retries.run(() => this.#options.requests.currentProducer(signal), signal);
  }

  async #initialise(signal: AbortSignal, retries = this.#retries): Promise<ProducerIdentity> {
    this.#identity = await retries.run(() => this.#options.requests.initProducer(signal), signal);
    this.#sequences.clear();
    this.#giveUp();
    return this.#identity;
  }

  async #readMark(signal: AbortSignal, retries = this.#retries): Promise<CommittedMark | null> {
    const { requests, transactionalId, pipeline } = this.#options;
    const offsets = await retries.run(() => requests.committedOffsets(transactionalId, signal), signal);
    return newestMark(offsets, pipeline);
  }

  /** @throws ProcessorError SINK_FENCED where someone else has made the last transaction. */
  #checkOwner(found: CommittedMark | null): void {
    if (found === null || found.serial === this.#serial) return;
    if (this.#isUnsettled && found.owner === this.#run && found.serial === this.#serial + 1) return;
    const message = `another instance with the transactional id "${this.transactionalId}" has taken over; this one has written nothing since`;
    throw new ProcessorError('sink', 'SINK_FENCED', message);
  }

  #noteFound(found: CommittedMark | null): void {
    this.#serial = found?.serial ?? this.#serial;
    this.#isUnsettled = false;
  }

  /** Does something when what was begun before has ended. */
  #alone<T>(what: string, work: () => Promise<T>): Promise<T> {
    const done = this.#idle.then(work).catch((error: unknown) => Promise.reject(deliveryFault(what, error)));
    this.#idle = done.then(
      () => undefined,
      () => undefined, // The error is the caller's, who holds `done`.
    );
    return done;
  }
}

function isSame(one: ProducerIdentity, other: ProducerIdentity): boolean {
  return one.id === other.id && one.epoch === other.epoch;
}

/** A request has one batch of a partition at most: the first of each, then the second of each, and so on. */
export function roundsOf(records: readonly ReadyRecords[]): readonly (readonly ReadyRecords[])[] {
  const rounds: ReadyRecords[][] = [];
  const counts = new Map<string, number>();
  for (const each of records) {
    const id = partitionId(each);
    const round = counts.get(id) ?? 0;
    counts.set(id, round + 1);
    const known = rounds[round];
    if (known === undefined) rounds.push([each]);
    else known.push(each);
  }
  return rounds;
}
