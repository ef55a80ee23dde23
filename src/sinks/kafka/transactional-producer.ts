import type { Positions } from '../../event/source-position.ts';
import { KafkaFault } from '../../kafka/kafka-fault.ts';
import { partitionId, type TopicPartition } from '../../kafka/partition-id.ts';
import type { Instruments } from '../../telemetry/instruments.ts';
import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';
import type { DeliveryMark, TakenOver, TransactionCommit } from '../delivery-transaction.ts';
import { offsetOfMark } from './committed-mark.ts';
import { deliveryFault } from './delivery-fault.ts';
import { ProducerOwnership } from './producer-ownership.ts';
import { RequestRetries } from './request-retries.ts';
import type { OffsetCommit, ReadyRecords, SequencedRecords, TransactionRequests } from './transaction-requests.ts';

/** How long opening may take, in ms: a new cluster makes its coordinators first, and what others have left open is ended. */
const OPENING_MS: Millis = 30_000;
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
  /** How long a transaction may be open before the broker ends it. */
  readonly transactionTimeoutMs: Millis;
}

/**
 * Transactions of Kafka, one after the other, each with a mark of what is in it (KIP-98, KIP-447). Whoever takes over under a
 * transactional id fences all who had it before, and says so with its first transaction.
 *
 * A failed request is repeated as often as may be, and one that was not answered only where it does no harm when it arrives
 * twice; then the producer's identity is given up. The next one ends what is left open, and the mark tells whether the last
 * transaction was committed.
 *
 * Calls that were given up are waited for before the next does anything.
 */
export class TransactionalProducer {
  readonly #options: TransactionalProducerOptions;
  readonly #retries: RequestRetries;
  readonly #ownership: ProducerOwnership;
  /** True from the beginning of a transaction to its commit. */
  #isOpen = false;
  /** True where the broker has heard of it. */
  #isKnown = false;
  /** True where a request of this identity has not been answered. */
  #isDoubtful = false;
  #begunAt = 0;
  readonly #sequences = new Map<string, number>();
  readonly #added = new Set<string>();
  #idle: Promise<void> = Promise.resolve();

  constructor(options: TransactionalProducerOptions) {
    this.#options = options;
    this.#retries = new RequestRetries(options);
    this.#ownership = new ProducerOwnership({ ...options, retries: this.#retries });
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
      const taken = await this.#ownership.take(limit.signal, patient);
      this.#startAnew();
      return taken;
    } finally {
      over.abort();
      await timeUp;
    }
  }

  /** @throws ProcessorError SINK_FENCED, SINK_UNAVAILABLE. */
  reopen(signal: AbortSignal): Promise<DeliveryMark | null> {
    return this.#alone(`the transaction "${this.transactionalId}" cannot be settled`, async () => {
      this.#giveUp();
      const mark = await this.#ownership.renew(signal);
      this.#startAnew();
      return mark;
    });
  }

  /** Begins a transaction. */
  begin(): void {
    this.#added.clear();
    this.#isOpen = true;
    this.#isKnown = false;
    this.#ownership.noteBegun();
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
        await this.#retries.runUnlessLost(
          () => requests.addPartitions(this.#ownership.identity, partitions, signal),
          signal,
        );
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
        await this.#retries.runUnlessLost(() => requests.addGroup(this.#ownership.identity, group, signal), signal);
        this.#isKnown = true;
        await this.#retries.runUnlessLost(
          () => requests.commitOffsets(this.#ownership.identity, group, offsets, signal),
          signal,
        );
      }
      this.#ownership.noteCommitting();
      await this.#retries.runUnlessLost(() => requests.endTransaction(this.#ownership.identity, true, signal), signal);
      this.#ownership.noteCommitted();
      this.#isOpen = false;
      const { clock, instruments } = this.#options;
      instruments.count('kafka_transactions_total', { outcome: 'committed' }, 1);
      instruments.observe('kafka_transaction_seconds', {}, (clock.monotonic() - this.#begunAt) / 1000);
    });
  }

  /** Gives up what is open, once, so that readers of the topics need not wait for it to run out. Never rejects. */
  async close(signal: AbortSignal): Promise<void> {
    await this.#idle;
    // What has not been answered may still arrive, behind an end under the same identity, and would then be open for ever.
    const mayEnd = this.#isOpen && this.#isKnown && !this.#isDoubtful;
    this.#giveUp();
    if (mayEnd)
      await this.#options.requests.endTransaction(this.#ownership.identity, false, signal).catch(() => undefined);
  }

  async #produce(round: readonly ReadyRecords[], signal: AbortSignal): Promise<void> {
    const { requests } = this.#options;
    let left: readonly SequencedRecords[] = round.map((records) => ({
      records,
      sequence: this.#sequences.get(partitionId(records)) ?? 0,
    }));
    await this.#retries.run(async () => {
      const produced = await requests.produce(this.#ownership.identity, left, signal);
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
    const own = [transactionalId, [offsetOfMark(markTopic, pipeline, this.#ownership.next(mark))]] as const;
    if (source === undefined) return [own];
    const offsets = [...positions].flatMap(([id, { offset }]): OffsetCommit[] => {
      const place = source.topicPartitionOf(id);
      return place === undefined ? [] : [{ ...place, offset, metadata: `epoch ${mark.epoch}` }];
    });
    return offsets.length === 0 ? [own] : [own, [source.group, offsets]];
  }

  #giveUp(): void {
    if (this.#isOpen) this.#options.instruments.count('kafka_transactions_total', { outcome: 'given_up' }, 1);
    this.#isOpen = false;
  }

  /** There is a new identity: nothing of the one before counts any more. */
  #startAnew(): void {
    this.#sequences.clear();
    this.#isDoubtful = false;
  }

  /** Does something when what was begun before has ended. */
  #alone<T>(what: string, work: () => Promise<T>): Promise<T> {
    const done = this.#idle.then(work).catch((error: unknown) => {
      if (error instanceof KafkaFault && error.kind !== 'answered') this.#isDoubtful = true;
      throw deliveryFault(what, error);
    });
    this.#idle = done.then(
      () => undefined,
      () => undefined, // The error is the caller's, who holds `done`.
    );
    return done;
  }
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
