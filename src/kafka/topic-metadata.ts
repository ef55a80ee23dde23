/** The parts of a response to Metadata that are used. */
interface MetadataResponse {
  readonly topics: readonly {
    readonly errorCode: number;
    readonly name?: string | null | undefined;
    readonly topicId: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly leaderId: number;
      readonly leaderEpoch: number;
    }[];
  }[];
}

/** Who leads a partition. */
export interface PartitionMetadata {
  readonly index: number;
  /** Id of the broker that leads it; −1 while none does. */
  readonly leader: number;
  readonly leaderEpoch: number;
}

/** What a cluster says of a topic. */
export interface TopicMetadata {
  readonly name: string;
  /** Made anew with the topic: a topic that was deleted and created again has another. */
  readonly id: string;
  /** By their index, without gaps. */
  readonly partitions: readonly PartitionMetadata[];
  /** The error's name in Kafka's protocol, such as `UNKNOWN_TOPIC_OR_PARTITION`; null if there is none. */
  readonly error: string | null;
}

/** The topics of a response, by name. Errors of single partitions show as partitions without a leader. */
export function topicsOf(response: MetadataResponse, errorName: (code: number) => string): Map<string, TopicMetadata> {
  const topics = new Map<string, TopicMetadata>();
  for (const { errorCode, name, topicId, partitions } of response.topics) {
    if (name === null || name === undefined) continue;
    topics.set(name, {
      name,
      id: topicId,
      partitions: partitions
        .map(({ partitionIndex, leaderId, leaderEpoch }) => ({ index: partitionIndex, leader: leaderId, leaderEpoch }))
        .sort((a, b) => a.index - b.index),
      error: errorCode === 0 ? null : errorName(errorCode),
    });
  }
  return topics;
}
