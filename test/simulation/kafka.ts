import { KafkaFault } from '../../src/kafka/kafka-fault.ts';
import { partitionId, type TopicPartition } from '../../src/kafka/partition-id.ts';
import type { OffsetCommit, ProducerIdentity } from '../../src/sinks/kafka/transaction-requests.ts';
import type { World } from './world.ts';

/** Faults planted in a cluster, for tests of the simulation itself. */
export interface KafkaFaults {
  /** Takes anything from anybody, whoever has taken over since. */
  readonly fencesNobody?: boolean;
  /** Offsets count at once, though their transaction may still be aborted. */
  readonly commitsOffsetsAtOnce?: boolean;
  /** Writes a batch again that it has already. */
  readonly ignoresSequences?: boolean;
  /** Who takes over goes on with the transaction that was left open. */
  readonly keepsOpenTransactions?: boolean;
}

/** What a cluster is like. */
export interface KafkaOptions {
  /** Asks the coordinator whether a partition is in a transaction before it writes what is said to be: brokers from 3.6 on. */
  readonly verifies: boolean;
  /** After this long an open transaction is aborted, as long as the world has not healed. */
  readonly transactionTimeoutMs: number;
  readonly faults: KafkaFaults;
  /** Told of each offset that counts from now on. */
  readonly onOffset: (group: string, offset: OffsetCommit) => void;
}

/** Items of one partition in one request, as the broker has them. */
export interface WrittenBatch {
  readonly items: readonly string[];
  /** Of all batches of the cluster. */
  readonly order: number;
}

type Entry =
  | { readonly type: 'batch'; readonly producer: ProducerIdentity; readonly batch: WrittenBatch }
  | { readonly type: 'marker'; readonly producerId: number; readonly isCommit: boolean };

/** What the leader of a partition knows of a producer. */
interface KnownProducer {
  epoch: number;
  nextSequence: number;
  /** True from its first batch to the marker. */
  isOpen: boolean;
  /** Sequence numbers of the last batches, each with its count. */
  last: (readonly [sequence: number, count: number])[];
}

interface Partition {
  readonly entries: Entry[];
  readonly producers: Map<number, KnownProducer>;
}

type TransactionState = 'empty' | 'ongoing' | 'prepare commit' | 'prepare abort' | 'complete';

interface Transaction {
  producer: ProducerIdentity;
  state: TransactionState;
  readonly partitions: Set<string>;
  readonly groups: Set<string>;
  /** Of all transactions of the cluster. */
  number: number;
}

type Offsets = Map<string, OffsetCommit>;

/** A group's offsets, and those of transactions that are not committed. */
interface Group {
  readonly offsets: Offsets;
  readonly pending: Map<number, Offsets>;
  /** Whom a marker was written for last, as the leader of a partition has it. */
  readonly producers: Map<number, number>;
}

const MARKER_MS = 30;

/**
 * A cluster of Kafka, as far as transactions go: coordinators, leaders of partitions, groups with offsets. It outlives the
 * processes that talk to it. A request takes effect at once; what the cluster does by itself, writing markers and ending
 * what takes too long, are steps of the world.
 */
export class SimulatedKafka {
  readonly #world: World;
  readonly #options: KafkaOptions;
  readonly #partitions = new Map<string, Partition>();
  readonly #transactions = new Map<string, Transaction>();
  readonly #groups = new Map<string, Group>();
  /** Partitions of each topic; they only grow. */
  partitionCount: number;
  #order = 0;
  #number = 0;
  #nextProducerId = 4000;

  constructor(world: World, partitionCount: number, options: KafkaOptions) {
    this.#world = world;
    this.partitionCount = partitionCount;
    this.#options = options;
  }

  /** Items of a topic that a reader of committed ones sees, in the order in which they were written. */
  committedItems(topic: string): readonly string[] {
    const batches: WrittenBatch[] = [];
    for (const [id, partition] of this.#partitions)
      if (id.startsWith(`${topic}/`)) batches.push(...committed(partition));
    return batches.toSorted((a, b) => a.order - b.order).flatMap(({ items }) => items);
  }

  /** Partitions where readers of committed items wait for a transaction that nobody will end. */
  get hanging(): readonly string[] {
    const open = [...this.#partitions].filter(([, { producers }]) =>
      [...producers.values()].some(({ isOpen }) => isOpen),
    );
    return open.map(([id]) => id);
  }

  initProducer(transactionalId: string): ProducerIdentity {
    let transaction = this.#transactions.get(transactionalId);
    if (transaction === undefined) {
      this.#nextProducerId += 1;
      const producer = { id: this.#nextProducerId, epoch: -1 };
      transaction = { producer, state: 'empty', partitions: new Set(), groups: new Set(), number: 0 };
      this.#transactions.set(transactionalId, transaction);
    }
    if (transaction.state === 'prepare commit' || transaction.state === 'prepare abort') throw busy();
    if (transaction.state === 'ongoing' && this.#options.faults.keepsOpenTransactions !== true) {
      this.#fence(transaction);
      throw busy();
    }
    bump(transaction);
    if (transaction.state !== 'ongoing') transaction.state = 'empty';
    return transaction.producer;
  }

  currentProducer(transactionalId: string): ProducerIdentity | null {
    return this.#transactions.get(transactionalId)?.producer ?? null;
  }

  addPartitions(transactionalId: string, producer: ProducerIdentity, partitions: readonly TopicPartition[]): void {
    const transaction = this.#begun(transactionalId, producer);
    for (const partition of partitions) transaction.partitions.add(partitionId(partition));
  }

  addGroup(transactionalId: string, producer: ProducerIdentity, group: string): void {
    this.#begun(transactionalId, producer).groups.add(group);
  }

  endTransaction(transactionalId: string, producer: ProducerIdentity, isCommit: boolean): void {
    const transaction = this.#ownedBy(transactionalId, producer);
    const { state } = transaction;
    if (state === 'ongoing') this.#end(transaction, isCommit);
    else if (state === (isCommit ? 'prepare commit' : 'prepare abort')) throw busy();
    else if (state !== 'complete') throw answered('INVALID_TXN_STATE');
  }

  /** @returns false where it had the batch already. */
  produce(
    transactionalId: string,
    producer: ProducerIdentity,
    to: TopicPartition,
    batch: { readonly items: readonly string[]; readonly sequence: number },
  ): boolean {
    const id = partitionId(to);
    const known = this.#knownAt(this.#partition(id), producer);
    if (!known.isOpen && this.#options.verifies) this.#verify(transactionalId, producer, id);
    const { items, sequence } = batch;
    if (this.#options.faults.ignoresSequences !== true) {
      if (known.last.some(([first, count]) => first === sequence && count === items.length)) return false;
      if (sequence !== known.nextSequence) throw answered('OUT_OF_ORDER_SEQUENCE_NUMBER');
    }
    known.isOpen = true;
    known.nextSequence = sequence + items.length;
    known.last = [...known.last, [sequence, items.length] as const].slice(-5);
    this.#order += 1;
    this.#partition(id).entries.push({ type: 'batch', producer, batch: { items, order: this.#order } });
    return true;
  }

  commitOffsets(
    transactionalId: string,
    producer: ProducerIdentity,
    group: string,
    offsets: readonly OffsetCommit[],
  ): void {
    const { faults, verifies } = this.#options;
    const known = this.#group(group);
    if (producer.epoch < (known.producers.get(producer.id) ?? -1) && faults.fencesNobody !== true) throw fenced();
    if (verifies) this.#verifyGroup(transactionalId, producer, group);
    const pending: Offsets =
      faults.commitsOffsetsAtOnce === true ? known.offsets : (known.pending.get(producer.id) ?? new Map());
    for (const offset of offsets) pending.set(partitionId(offset), offset);
    if (pending !== known.offsets) known.pending.set(producer.id, pending);
  }

  committedOffsets(group: string): readonly OffsetCommit[] {
    const known = this.#group(group);
    const isUnstable = [...known.pending.values()].some((pending) => pending.size > 0);
    if (isUnstable) throw answered('UNSTABLE_OFFSET_COMMIT', true);
    return [...known.offsets.values()];
  }

  /** The offsets of all groups are gone, as those are that nobody has committed for a long time. */
  expireOffsets(): void {
    for (const { offsets } of this.#groups.values()) offsets.clear();
  }

  /** Transactions that are still open have taken too long. */
  endOverdue(): void {
    for (const transaction of this.#transactions.values()) {
      if (transaction.state === 'ongoing') this.#fence(transaction);
    }
  }

  #begun(transactionalId: string, producer: ProducerIdentity): Transaction {
    const transaction = this.#ownedBy(transactionalId, producer);
    const { state } = transaction;
    if (state === 'prepare commit' || state === 'prepare abort') throw busy();
    if (state === 'ongoing') return transaction;
    transaction.state = 'ongoing';
    this.#number += 1;
    const number = this.#number;
    transaction.number = number;
    this.#world.schedule(null, 'a transaction takes too long', this.#options.transactionTimeoutMs, () => {
      const isSame = transaction.state === 'ongoing' && transaction.number === number;
      if (!isSame || this.#world.healed) return;
      this.#world.figures.timedOutTransactions += 1;
      this.#fence(transaction);
    });
    return transaction;
  }

  #ownedBy(transactionalId: string, producer: ProducerIdentity): Transaction {
    const transaction = this.#transactions.get(transactionalId);
    if (transaction === undefined) throw answered('INVALID_PRODUCER_ID_MAPPING');
    const isOwn = transaction.producer.id === producer.id && transaction.producer.epoch === producer.epoch;
    if (!isOwn && this.#options.faults.fencesNobody !== true) {
      this.#world.figures.fencedRequests += 1;
      throw answered('PRODUCER_FENCED');
    }
    return transaction;
  }

  /** Aborts what is open, under a new epoch, so that nothing of the old one is taken any more. */
  #fence(transaction: Transaction): void {
    bump(transaction);
    this.#end(transaction, false);
  }

  #end(transaction: Transaction, isCommit: boolean): void {
    transaction.state = isCommit ? 'prepare commit' : 'prepare abort';
    const { producer } = transaction;
    const writes = [
      ...[...transaction.partitions].map((id) => (): void => this.#writeMarker(id, producer, isCommit)),
      ...[...transaction.groups].map((group) => (): void => this.#writeGroupMarker(group, producer, isCommit)),
    ];
    transaction.partitions.clear();
    transaction.groups.clear();
    let left = writes.length;
    const complete = (): void => {
      transaction.state = 'complete';
    };
    if (left === 0) complete();
    for (const write of writes) {
      this.#world.schedule(
        null,
        isCommit ? 'commit marker' : 'abort marker',
        this.#world.random.delay(MARKER_MS),
        () => {
          write();
          left -= 1;
          if (left === 0) complete();
        },
      );
    }
  }

  #writeMarker(id: string, producer: ProducerIdentity, isCommit: boolean): void {
    const partition = this.#partition(id);
    partition.entries.push({ type: 'marker', producerId: producer.id, isCommit });
    const known = partition.producers.get(producer.id);
    if (known?.epoch === producer.epoch) known.isOpen = false;
    else partition.producers.set(producer.id, { epoch: producer.epoch, nextSequence: 0, isOpen: false, last: [] });
  }

  #writeGroupMarker(group: string, producer: ProducerIdentity, isCommit: boolean): void {
    const known = this.#group(group);
    const pending = known.pending.get(producer.id);
    known.pending.delete(producer.id);
    known.producers.set(producer.id, producer.epoch);
    if (!isCommit) return;
    for (const [id, offset] of pending ?? []) {
      known.offsets.set(id, offset);
      this.#options.onOffset(group, offset);
    }
  }

  #knownAt({ producers }: Partition, { id, epoch }: ProducerIdentity): KnownProducer {
    const known = producers.get(id);
    if (known !== undefined && epoch < known.epoch && this.#options.faults.fencesNobody !== true) throw fenced();
    if (known !== undefined && epoch <= known.epoch) return known;
    const fresh = { epoch, nextSequence: 0, isOpen: false, last: [] };
    producers.set(id, fresh);
    return fresh;
  }

  #verify(transactionalId: string, producer: ProducerIdentity, partition: string): void {
    const transaction = this.#ownedBy(transactionalId, producer);
    if (transaction.state === 'ongoing' && transaction.partitions.has(partition)) return;
    throw answered('INVALID_TXN_STATE');
  }

  #verifyGroup(transactionalId: string, producer: ProducerIdentity, group: string): void {
    const transaction = this.#ownedBy(transactionalId, producer);
    if (transaction.state === 'ongoing' && transaction.groups.has(group)) return;
    throw answered('INVALID_TXN_STATE');
  }

  #partition(id: string): Partition {
    let found = this.#partitions.get(id);
    if (found === undefined) this.#partitions.set(id, (found = { entries: [], producers: new Map() }));
    return found;
  }

  #group(name: string): Group {
    let found = this.#groups.get(name);
    if (found === undefined) {
      found = { offsets: new Map(), pending: new Map(), producers: new Map() };
      this.#groups.set(name, found);
    }
    return found;
  }
}

function bump(transaction: Transaction): void {
  const { id, epoch } = transaction.producer;
  transaction.producer = { id, epoch: epoch + 1 };
}

/** Batches of committed transactions, up to the first that is open. */
function committed({ entries }: Partition): readonly WrittenBatch[] {
  const seen: WrittenBatch[] = [];
  const open = new Map<number, WrittenBatch[]>();
  const first = new Map<number, number>();
  for (const entry of entries) {
    if (entry.type === 'batch') {
      const { id } = entry.producer;
      open.set(id, [...(open.get(id) ?? []), entry.batch]);
      if (!first.has(id)) first.set(id, entry.batch.order);
    } else {
      if (entry.isCommit) seen.push(...(open.get(entry.producerId) ?? []));
      open.delete(entry.producerId);
      first.delete(entry.producerId);
    }
  }
  const stable = Math.min(Infinity, ...first.values());
  return seen.filter(({ order }) => order < stable);
}

function answered(code: string, canRetry = false): KafkaFault {
  return new KafkaFault('answered', `the broker answered with ${code}`, { code, canRetry });
}

function busy(): KafkaFault {
  return answered('CONCURRENT_TRANSACTIONS', true);
}

function fenced(): KafkaFault {
  return answered('INVALID_PRODUCER_EPOCH');
}
