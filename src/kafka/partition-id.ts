/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The id that a partition's position is kept under, such as `feedback-events/3`: a topic's name has no slash in it. */
export function partitionId({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** What {@link partitionId} was made from; undefined for the id of another source. */
export function parsePartitionId(id: string): TopicPartition | undefined {
  const found = /^([^/]+)\/(\d+)$/.exec(id);
  return found === null ? undefined : { topic: found[1] ?? '', partition: Number(found[2]) };
}
