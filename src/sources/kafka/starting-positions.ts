import type { Positions } from '../../event/source-position.ts';
import { explainFault, unknownTopicsError } from '../../kafka/explain-fault.ts';
import type { KafkaCluster, SendOptions } from '../../kafka/cluster.ts';
import { KafkaFault } from '../../kafka/kafka-fault.ts';
import { parsePartitionId, partitionId } from '../../kafka/partition-id.ts';
import type { TopicMetadata } from '../../kafka/topic-metadata.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { instanceOf } from '../partition-share.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import { deletedError, missingPartitionError, noPositionError, remadeError, truncatedError } from './lost-offsets.ts';
import { endsOfEpochs, groupOffsets, listOffsets, type LedPartition } from './offset-queries.ts';
import { tokenOf } from './position-token.ts';

/** What is known before the source is opened. */
export interface StartingPoint {
  readonly settings: ConsumerSettings;
  readonly bootstrapServers: string;
  /** What the state holds. */
  readonly positions: Positions;
  /** The group whose offsets count where the state holds nothing; undefined where they do not. */
  readonly groupId: string | undefined;
  readonly logger: Logger;
}

/** Where a partition begins. */
export interface Start extends LedPartition {
  readonly id: string;
  readonly topicId: string;
  readonly offset: number;
  /** Epoch of the leader that wrote the record before the offset; −1 where it is not known. */
  readonly fetchedEpoch: number;
  /** Newest offset. */
  readonly end: number;
  /** True where the state does not hold it yet. */
  readonly isNew: boolean;
}

/**
 * Where each partition of this instance begins, in this order:
 *
 * 1. where the state says; that must still be there;
 * 2. at its oldest record, where the state knows others of the topic: it was added since;
 * 3. where the group's offsets say, if they count;
 * 4. where `autoOffsetReset` says.
 *
 * @throws KafkaFault; ProcessorError where the state does not fit the topics, or what is to be read next is gone.
 */
export async function startingPositions(
  cluster: KafkaCluster,
  point: StartingPoint,
  options: SendOptions,
): Promise<Start[]> {
  const { settings, positions } = point;
  const topics = await cluster.topics(settings.topics, options);
  requireTopics(topics, point);
  const owned = settings.topics.flatMap((name) => {
    const topic = readable(topics.get(name), name);
    requireSameTopic(topic, positions);
    return ownedPartitions(topic, settings);
  });
  const [earliest, latest] = await Promise.all([
    listOffsets(cluster, owned, 'earliest', options),
    listOffsets(cluster, owned, 'latest', options),
  ]);
  const known = owned.filter(({ id }) => positions.has(id));
  await requireSameRecords(cluster, known, positions, options);
  const fresh = await freshStarts(cluster, point, { owned, earliest, latest }, options);
  return owned.map((partition) => {
    const { id } = partition;
    const [oldest = 0, end = 0] = [earliest.get(id), latest.get(id)];
    const position = positions.get(id);
    const begin =
      position === undefined ? fresh.get(id) : { offset: position.offset, epoch: tokenOf(position)?.leaderEpoch };
    const { offset = oldest, epoch = -1 } = begin ?? {};
    if (offset < oldest) throw deletedError(id, offset, oldest);
    if (offset > end) throw truncatedError(id, offset, end);
    return { ...partition, offset, fetchedEpoch: epoch, end, isNew: position === undefined };
  });
}

/** A partition that this instance reads. */
export interface OwnedPartition extends LedPartition {
  readonly id: string;
  readonly topicId: string;
}

/** Those partitions of a topic that this instance reads. */
export function ownedPartitions(topic: TopicMetadata, settings: ConsumerSettings): OwnedPartition[] {
  const { instances, instance } = settings;
  return topic.partitions
    .filter(({ index }) => instanceOf(index, instances) === instance)
    .map(({ index, leader, leaderEpoch }) => ({
      id: partitionId({ topic: topic.name, partition: index }),
      topic: topic.name,
      topicId: topic.id,
      index,
      leader,
      leaderEpoch,
    }));
}

/** @throws ProcessorError KAFKA_TOPIC_UNKNOWN, which names all that do not exist. */
function requireTopics(found: ReadonlyMap<string, TopicMetadata>, { settings, bootstrapServers }: StartingPoint): void {
  const missing = settings.topics.filter((name) => {
    const topic = found.get(name);
    return topic === undefined || topic.error === 'UNKNOWN_TOPIC_OR_PARTITION';
  });
  if (missing.length > 0) throw unknownTopicsError(missing, bootstrapServers, 'source');
}

/** @throws what stands in the way of reading the topic. */
function readable(topic: TopicMetadata | undefined, name: string): TopicMetadata {
  const error = topic === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : topic.error;
  if (topic !== undefined && error === null) return topic;
  const fault = new KafkaFault('answered', `the topic "${name}": ${error}`, { code: error ?? '' });
  throw fault.canRetry ? fault : explainFault('Kafka', fault, 'source');
}

function requireSameTopic(topic: TopicMetadata, positions: Positions): void {
  for (const [id, position] of positions) {
    const place = parsePartitionId(id);
    if (place?.topic !== topic.name) continue;
    const token = tokenOf(position);
    if (token !== undefined && token.topicId !== topic.id) throw remadeError(topic.name);
    if (place.partition >= topic.partitions.length) throw missingPartitionError(id, topic.partitions.length);
  }
}

/** A leader without records that were read must not go on with others in their place. */
async function requireSameRecords(
  cluster: KafkaCluster,
  known: readonly OwnedPartition[],
  positions: Positions,
  options: SendOptions,
): Promise<void> {
  const asked = known.flatMap((partition) => {
    const position = positions.get(partition.id);
    const epoch = position === undefined ? -1 : (tokenOf(position)?.leaderEpoch ?? -1);
    return position === undefined || epoch < 0 ? [] : [{ ...partition, epoch, offset: position.offset }];
  });
  if (asked.length === 0) return;
  const ends = await endsOfEpochs(cluster, asked, options);
  for (const { id, offset } of asked) {
    const end = ends.get(id);
    if (end === undefined) {
      const message = `partition ${id} is not led by the broker that leads it by the newest that is known`;
      throw new KafkaFault('answered', message, { code: 'NOT_LEADER_OR_FOLLOWER' });
    }
    if (end >= 0 && end < offset) throw truncatedError(id, offset, end);
  }
}

/** The partitions of this instance, and the oldest and the newest offset of each. */
interface Bounds {
  readonly owned: readonly OwnedPartition[];
  readonly earliest: ReadonlyMap<string, number>;
  readonly latest: ReadonlyMap<string, number>;
}

/** Where those begin that the state does not know. */
async function freshStarts(
  cluster: KafkaCluster,
  point: StartingPoint,
  { owned, earliest, latest }: Bounds,
  options: SendOptions,
): Promise<Map<string, { readonly offset: number; readonly epoch?: number }>> {
  const { settings, positions, groupId, logger } = point;
  const knownTopics = new Set([...positions.keys()].map((id) => parsePartitionId(id)?.topic));
  const starts = new Map<string, { offset: number; epoch?: number }>();
  let unknown = owned.filter(({ id, topic }) => !positions.has(id) && !knownTopics.has(topic));
  if (unknown.length === 0) return starts;
  if (groupId !== undefined) {
    const committed = await groupOffsets(cluster, groupId, unknown, options);
    for (const { id } of unknown) {
      const found = committed.get(id);
      if (found === undefined) continue;
      if (found.offset >= (earliest.get(id) ?? 0) && found.offset <= (latest.get(id) ?? 0)) {
        starts.set(id, { offset: found.offset, epoch: found.leaderEpoch });
      } else {
        const fields = { partition: id, groupId, offset: found.offset, autoOffsetReset: settings.autoOffsetReset };
        logger.warn(fields, "the group's offset is not in the topic (any more); going by autoOffsetReset");
      }
    }
    unknown = unknown.filter(({ id }) => !starts.has(id));
  }
  if (unknown.length > 0 && settings.autoOffsetReset === 'none') throw noPositionError(unknown.map(({ id }) => id));
  let from = earliest;
  if (settings.autoOffsetReset === 'latest') {
    from = settings.isReadCommitted ? await listOffsets(cluster, unknown, 'stable', options) : latest;
  }
  for (const { id } of unknown) starts.set(id, { offset: from.get(id) ?? 0 });
  return starts;
}
