import type { KafkaFault } from '../../kafka/kafka-fault.ts';
import type { TopicPartition } from '../../kafka/partition-id.ts';
import type { BatchProducer } from '../../kafka/records/record-batch-writer.ts';

/** Whom a broker takes a producer for. A higher epoch of the same id fences the lower ones. */
export interface ProducerIdentity {
  readonly id: number;
  readonly epoch: number;
}

/** Records of one partition, ready but for who sends them. */
export interface ReadyRecords extends TopicPartition {
  readonly count: number;
  /** The bytes of the batch, as this producer sends it. Valid until the next call. */
  sealed(producer: BatchProducer): Uint8Array;
}

/** Records as they are sent, with the number of the first one among those of the producer and partition. */
export interface SequencedRecords {
  readonly records: ReadyRecords;
  readonly sequence: number;
}

/** What has become of records. */
export interface Produced<R> {
  /** Those of which it is not known that they are written. They may be sent again, as they are. */
  readonly left: readonly R[];
  /** Why; null where there are none. */
  readonly fault: KafkaFault | null;
}

/** An offset that is committed under a group. */
export interface OffsetCommit extends TopicPartition {
  readonly offset: number;
  /** Text that is kept with it. */
  readonly metadata: string;
}

/**
 * The requests that transactions of one transactional id consist of, as Kafka's protocol has them: each sent once, to whom it
 * concerns at the moment. All throw a KafkaFault, also when the signal aborts.
 */
export interface TransactionRequests {
  /**
   * InitProducerId with no identity of before: a new epoch, by which all who had one are fenced, and what they have left open
   * is aborted.
   */
  initProducer(signal: AbortSignal): Promise<ProducerIdentity>;
  /** DescribeTransactions: who has the transactional id now; null where nobody does, or it cannot be told. */
  currentProducer(signal: AbortSignal): Promise<ProducerIdentity | null>;
  /** AddPartitionsToTxn. */
  addPartitions(producer: ProducerIdentity, partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void>;
  /** Produce. Never throws for what a broker refuses: see {@link Produced}. */
  produce(
    producer: ProducerIdentity,
    records: readonly SequencedRecords[],
    signal: AbortSignal,
  ): Promise<Produced<SequencedRecords>>;
  /** AddOffsetsToTxn. */
  addGroup(producer: ProducerIdentity, group: string, signal: AbortSignal): Promise<void>;
  /** TxnOffsetCommit: all offsets of a group in one call. */
  commitOffsets(
    producer: ProducerIdentity,
    group: string,
    offsets: readonly OffsetCommit[],
    signal: AbortSignal,
  ): Promise<void>;
  /** EndTxn. */
  endTransaction(producer: ProducerIdentity, isCommit: boolean, signal: AbortSignal): Promise<void>;
  /** OffsetFetch of all that a group has; fails for as long as a transaction may still change one. */
  committedOffsets(group: string, signal: AbortSignal): Promise<readonly OffsetCommit[]>;
}
