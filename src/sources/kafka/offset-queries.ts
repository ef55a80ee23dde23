import { answerOf, type KafkaCluster, type SendOptions } from '../../kafka/cluster.ts';
import { KafkaFault } from '../../kafka/kafka-fault.ts';
import { partitionId } from '../../kafka/partition-id.ts';

/** A partition with the broker to ask about it. */
export interface LedPartition {
  readonly topic: string;
  readonly index: number;
  /** Id of the broker that leads it; −1 while none does. */
  readonly leader: number;
  readonly leaderEpoch: number;
}

/** Which offset of a partition: of its oldest record; behind its newest; behind the newest that no open transaction precedes. */
export type OffsetKind = 'earliest' | 'latest' | 'stable';

/** What one partition of an answer says. */
interface PartitionAnswer {
  readonly topic: string;
  readonly index: number;
  readonly errorCode: number;
}

const EARLIEST = -2n;
const LATEST = -1n;
const READ_COMMITTED = 1;
const READ_UNCOMMITTED = 0;
const NO_REPLICA = -1;

/** Asks the leaders of partitions for an offset of each; by partition id. @throws KafkaFault. */
export async function listOffsets(
  cluster: KafkaCluster,
  partitions: readonly LedPartition[],
  kind: OffsetKind,
  options: SendOptions,
): Promise<Map<string, number>> {
  const timestamp = kind === 'earliest' ? EARLIEST : LATEST;
  const isolation = kind === 'stable' ? READ_COMMITTED : READ_UNCOMMITTED;
  const offsets = new Map<string, number>();
  await askLeaders(partitions, async (leader, topics) => {
    const request = { apis: [cluster.library.listOffsetsV7.api], args: argsOf(topics) };
    const answer = await answerOf(cluster.send(leader, request, options));
    for (const { name, partitions: answered } of answer.topics) {
      for (const { partitionIndex, errorCode, offset } of answered) {
        requireNoError(cluster, { topic: name, index: partitionIndex, errorCode }, 'ListOffsets');
        offsets.set(partitionId({ topic: name, partition: partitionIndex }), Number(offset));
      }
    }
  });
  return offsets;

  function argsOf(topics: LeadersTopics): [number, number, ReturnType<typeof topicOf>[]] {
    return [NO_REPLICA, isolation, topics.map(topicOf)];
  }

  function topicOf({ name, partitions: own }: LeadersTopics[number]): {
    name: string;
    partitions: { partitionIndex: number; currentLeaderEpoch: number; timestamp: bigint }[];
  } {
    return {
      name,
      partitions: own.map(({ index, leaderEpoch }) => ({
        partitionIndex: index,
        currentLeaderEpoch: leaderEpoch,
        timestamp,
      })),
    };
  }
}

/**
 * Where the records of an epoch end in the log of a partition's leader now, by partition id. What was read beyond that is not
 * in the log any more: another leader has taken over that did not have it. −1 where the leader does not know; absent where it
 * does not lead the partition (any more).
 *
 * @throws KafkaFault.
 */
export async function endsOfEpochs(
  cluster: KafkaCluster,
  partitions: readonly (LedPartition & { readonly epoch: number })[],
  options: SendOptions,
): Promise<Map<string, number>> {
  const epochs = new Map(
    partitions.map(({ topic, index, epoch }) => [partitionId({ topic, partition: index }), epoch]),
  );
  const ends = new Map<string, number>();
  await askLeaders(partitions, async (leader, topics) => {
    const asked = topics.map(({ name, partitions: own }) => ({
      name,
      partitions: own.map(({ index, leaderEpoch }) => ({
        partitionIndex: index,
        currentLeaderEpoch: leaderEpoch,
        leaderEpoch: epochs.get(partitionId({ topic: name, partition: index })) ?? -1,
      })),
    }));
    const args: [number, typeof asked] = [NO_REPLICA, asked];
    const request = { apis: [cluster.library.offsetForLeaderEpochV4.api], args };
    const answer = await answerOf(cluster.send(leader, request, options));
    for (const { topic, partitions: answered } of answer.topics) {
      for (const { partition, errorCode, endOffset } of answered) {
        if (errorCode === 0) ends.set(partitionId({ topic, partition }), Number(endOffset));
      }
    }
  });
  return ends;
}

/** The offsets that stand under a consumer group; by partition id, without those that have none. @throws KafkaFault. */
export async function groupOffsets(
  cluster: KafkaCluster,
  groupId: string,
  partitions: readonly LedPartition[],
  options: SendOptions,
): Promise<Map<string, { readonly offset: number; readonly leaderEpoch: number }>> {
  const topics = byTopic(partitions).map(({ name, partitions: own }) => ({
    name,
    partitionIndexes: own.map(({ index }) => index),
  }));
  type Groups = { groupId: string; memberEpoch: number; topics: typeof topics }[];
  // Offsets that a transaction is about to replace are waited for.
  const args: [Groups, boolean] = [[{ groupId, memberEpoch: -1, topics }], true];
  const request = { apis: [cluster.library.offsetFetchV8.api], args };
  const answer = await answerOf(cluster.sendToCoordinator('group', groupId, request, options));
  const offsets = new Map<string, { offset: number; leaderEpoch: number }>();
  for (const group of answer.groups) {
    if (group.errorCode !== 0) throw groupFault(cluster, groupId, group.errorCode);
    for (const { name, partitions: answered } of group.topics) {
      for (const { partitionIndex, errorCode, committedOffset, committedLeaderEpoch } of answered) {
        requireNoError(cluster, { topic: name, index: partitionIndex, errorCode }, 'OffsetFetch');
        const offset = Number(committedOffset);
        if (offset < 0) continue;
        offsets.set(partitionId({ topic: name, partition: partitionIndex }), {
          offset,
          leaderEpoch: committedLeaderEpoch,
        });
      }
    }
  }
  return offsets;
}

/** An offset to be committed. */
export interface GroupOffset {
  readonly topic: string;
  readonly index: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

/** Commits offsets under a consumer group, as one that has no members does it. @throws KafkaFault. */
export async function commitGroupOffsets(
  cluster: KafkaCluster,
  groupId: string,
  offsets: readonly GroupOffset[],
  options: SendOptions,
): Promise<void> {
  const topics = byTopic(offsets).map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ index, offset, leaderEpoch }) => ({
      partitionIndex: index,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: '',
    })),
  }));
  const args: [string, number, string, null, typeof topics] = [groupId, -1, '', null, topics];
  await cluster.sendToCoordinator('group', groupId, { apis: [cluster.library.offsetCommitV8.api], args }, options);
}

type LeadersTopics = readonly { readonly name: string; readonly partitions: readonly LedPartition[] }[];

/** Calls for each leader, with the partitions that it leads, all at once. */
async function askLeaders(
  partitions: readonly LedPartition[],
  ask: (leader: number, topics: LeadersTopics) => Promise<void>,
): Promise<void> {
  const leaders = new Map<number, LedPartition[]>();
  for (const partition of partitions) {
    const { topic, index, leader } = partition;
    if (leader < 0) {
      const message = `partition ${index} of ${topic} has no leader at the moment`;
      throw new KafkaFault('answered', message, { code: 'LEADER_NOT_AVAILABLE' });
    }
    leaders.set(leader, [...(leaders.get(leader) ?? []), partition]);
  }
  await Promise.all([...leaders].map(([leader, own]) => ask(leader, byTopic(own))));
}

function byTopic<T extends { readonly topic: string }>(partitions: readonly T[]): { name: string; partitions: T[] }[] {
  const topics = new Map<string, T[]>();
  for (const partition of partitions) {
    const known = topics.get(partition.topic);
    if (known === undefined) topics.set(partition.topic, [partition]);
    else known.push(partition);
  }
  return [...topics].map(([name, own]) => ({ name, partitions: own }));
}

function requireNoError(cluster: KafkaCluster, { topic, index, errorCode }: PartitionAnswer, api: string): void {
  if (errorCode === 0) return;
  const code = cluster.errorName(errorCode);
  const message = `partition ${index} of ${topic}: ${api} was answered with ${code}`;
  throw new KafkaFault('answered', message, {
    code,
    canRetry: cluster.library.protocolErrors[code]?.canRetry ?? false,
  });
}

function groupFault(cluster: KafkaCluster, groupId: string, errorCode: number): KafkaFault {
  const code = cluster.errorName(errorCode);
  const message = `the offsets of the group "${groupId}" were answered with ${code}`;
  return new KafkaFault('answered', message, {
    code,
    canRetry: cluster.library.protocolErrors[code]?.canRetry ?? false,
  });
}
