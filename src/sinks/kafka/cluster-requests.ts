import { answerOf, type KafkaCluster } from '../../kafka/cluster.ts';
import { KafkaFault } from '../../kafka/kafka-fault.ts';
import type { TopicPartition } from '../../kafka/partition-id.ts';
import type { Millis } from '../../time/instant.ts';
import type { BatchWriter } from './batch-writer.ts';
import type {
  OffsetCommit,
  Produced,
  ProducerIdentity,
  SequencedRecords,
  TransactionRequests,
} from './transaction-requests.ts';

/** InitProducerId of who has no identity yet: an older one under the same id is then fenced, whatever it has. */
const NO_PRODUCER: readonly [id: bigint, epoch: number] = [-1n, -1];
/** Of a group that has no members: offsets are committed by whoever owns the transactional id. */
const NO_GENERATION = -1;
const NO_LEADER_EPOCH = -1;

/** What the requests are made with. */
export interface ClusterRequestsOptions {
  readonly cluster: KafkaCluster;
  readonly writer: BatchWriter;
  readonly transactionalId: string;
  /** How long a transaction may be open before the broker ends it. */
  readonly transactionTimeoutMs: Millis;
}

/** The requests of transactions, sent to a cluster: each to the coordinator, or the leaders, that it concerns. */
export class ClusterRequests implements TransactionRequests {
  readonly #options: ClusterRequestsOptions;

  constructor(options: ClusterRequestsOptions) {
    this.#options = options;
  }

  async initProducer(signal: AbortSignal): Promise<ProducerIdentity> {
    const { cluster, transactionalId, transactionTimeoutMs } = this.#options;
    const { initProducerIdV5, initProducerIdV4, initProducerIdV3 } = cluster.library;
    const apis = [initProducerIdV5.api, initProducerIdV4.api, initProducerIdV3.api];
    const args: [string, number, bigint, number] = [transactionalId, transactionTimeoutMs, ...NO_PRODUCER];
    const answer = await this.#toCoordinator({ apis, args }, signal);
    return { id: Number(answer.producerId), epoch: answer.producerEpoch };
  }

  async currentProducer(signal: AbortSignal): Promise<ProducerIdentity | null> {
    const { cluster, transactionalId } = this.#options;
    const apis = [cluster.library.describeTransactionsV0.api];
    try {
      const { transactionStates } = await this.#toCoordinator({ apis, args: [[transactionalId]] }, signal);
      const [state] = transactionStates;
      return state === undefined ? null : { id: Number(state.producerId), epoch: state.producerEpoch };
    } catch (error) {
      // Nobody has it, or nobody may ask: the mark then tells alone.
      const isUntold = error instanceof KafkaFault && !error.canRetry && error.kind !== 'closed';
      if (isUntold) return null;
      throw error;
    }
  }

  async addPartitions(
    producer: ProducerIdentity,
    partitions: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<void> {
    const { cluster, transactionalId } = this.#options;
    const topics = byTopic(partitions).map(([name, own]) => ({ name, partitions: own.map((each) => each.partition) }));
    const [producerId, producerEpoch] = identityOf(producer);
    const transaction = { transactionalId, producerId, producerEpoch, verifyOnly: false, topics };
    await this.#toCoordinator({ apis: [cluster.library.addPartitionsToTxnV3.api], args: [[transaction]] }, signal);
  }

  async produce(
    producer: ProducerIdentity,
    records: readonly SequencedRecords[],
    signal: AbortSignal,
  ): Promise<Produced<SequencedRecords>> {
    const { writer, transactionalId } = this.#options;
    const batches = records.map((each) => ({
      topic: each.records.topic,
      partition: each.records.partition,
      count: each.records.count,
      records: each,
      bytes: each.records.sealed({ ...producer, sequence: each.sequence, isTransactional: true }),
    }));
    const { left, fault } = await writer.write(batches, { transactionalId, acks: -1, signal });
    return { left: left.map((batch) => batch.records), fault };
  }

  async addGroup(producer: ProducerIdentity, group: string, signal: AbortSignal): Promise<void> {
    const { cluster, transactionalId } = this.#options;
    const { addOffsetsToTxnV4, addOffsetsToTxnV3 } = cluster.library;
    const args: [string, bigint, number, string] = [transactionalId, ...identityOf(producer), group];
    await this.#toCoordinator({ apis: [addOffsetsToTxnV4.api, addOffsetsToTxnV3.api], args }, signal);
  }

  async commitOffsets(
    producer: ProducerIdentity,
    group: string,
    offsets: readonly OffsetCommit[],
    signal: AbortSignal,
  ): Promise<void> {
    const { cluster, transactionalId } = this.#options;
    const { txnOffsetCommitV4, txnOffsetCommitV3 } = cluster.library;
    const topics = byTopic(offsets).map(([name, own]) => ({
      name,
      partitions: own.map(({ partition, offset, metadata }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: NO_LEADER_EPOCH,
        committedMetadata: metadata,
      })),
    }));
    const [id, epoch] = identityOf(producer);
    const args: Parameters<typeof txnOffsetCommitV4.createRequest> = [
      transactionalId,
      group,
      id,
      epoch,
      NO_GENERATION,
      '',
      null,
      topics,
    ];
    const request = { apis: [txnOffsetCommitV4.api, txnOffsetCommitV3.api], args };
    await cluster.sendToCoordinator('group', group, request, { signal });
  }

  async endTransaction(producer: ProducerIdentity, isCommit: boolean, signal: AbortSignal): Promise<void> {
    const { cluster, transactionalId } = this.#options;
    const { endTxnV4, endTxnV3 } = cluster.library;
    const args: [string, bigint, number, boolean] = [transactionalId, ...identityOf(producer), isCommit];
    await this.#toCoordinator({ apis: [endTxnV4.api, endTxnV3.api], args }, signal);
  }

  async committedOffsets(groupId: string, signal: AbortSignal): Promise<readonly OffsetCommit[]> {
    const { cluster } = this.#options;
    const { offsetFetchV8 } = cluster.library;
    const args: Parameters<typeof offsetFetchV8.createRequest> = [[{ groupId, memberEpoch: -1, topics: null }], true];
    const request = { apis: [offsetFetchV8.api], args };
    const answer = cluster.sendToCoordinator('group', groupId, request, { signal });
    const offsets: OffsetCommit[] = [];
    for (const group of (await answerOf(answer)).groups) {
      this.#check(group.errorCode, `the offsets of the group "${groupId}"`);
      for (const { name: topic, partitions } of group.topics) {
        for (const { partitionIndex, committedOffset, metadata, errorCode } of partitions) {
          this.#check(errorCode, `the offset of ${topic}, partition ${partitionIndex}, in the group "${groupId}"`);
          if (committedOffset < 0n) continue;
          offsets.push({ topic, partition: partitionIndex, offset: Number(committedOffset), metadata: metadata ?? '' });
        }
      }
    }
    return offsets;
  }

  #toCoordinator<A extends unknown[], R>(
    request: Parameters<typeof KafkaCluster.prototype.sendToCoordinator<A, R>>[2],
    signal: AbortSignal,
  ): Promise<R> {
    const { cluster, transactionalId } = this.#options;
    return cluster.sendToCoordinator('transaction', transactionalId, request, { signal });
  }

  #check(errorCode: number, what: string): void {
    if (errorCode === 0) return;
    const { cluster } = this.#options;
    const code = cluster.errorName(errorCode);
    throw new KafkaFault('answered', `${what}: answered with ${code}`, {
      code,
      canRetry: cluster.library.protocolErrors[code]?.canRetry ?? false,
    });
  }
}

function identityOf({ id, epoch }: ProducerIdentity): [id: bigint, epoch: number] {
  return [BigInt(id), epoch];
}

function byTopic<T extends TopicPartition>(partitions: readonly T[]): readonly (readonly [topic: string, T[]])[] {
  const topics = new Map<string, T[]>();
  for (const partition of partitions) {
    const known = topics.get(partition.topic);
    if (known === undefined) topics.set(partition.topic, [partition]);
    else known.push(partition);
  }
  return [...topics];
}
