import type { KafkaConnectionSettings } from './kafka-settings.ts';
import type { TopicPartition } from './partition-id.ts';

/**
 * The consumer group that a source's offsets stand under, as a source of Kafka tells it: so that they can be committed in
 * the transaction that delivers what was made of the events before them.
 */
export interface OffsetGroup {
  /** The cluster that the source reads from. */
  readonly connection: KafkaConnectionSettings;
  /** Which of the processes that share the topics this is; 0 where there is one. */
  readonly instance: number;
  /** Name of the group in a pipeline of this name. */
  groupId(pipeline: string): string;
  /** Where a partition of the source, by its id, is in Kafka. */
  topicPartitionOf(partition: string): TopicPartition | undefined;
}
