import type { KafkaCluster } from '../../../src/kafka/cluster.ts';
import { KafkaFault } from '../../../src/kafka/kafka-fault.ts';
import { ChaosFailure } from '../command-line.ts';

/** A record as it lies in a partition. */
export interface LoggedRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  /** What became of it: `open` where its transaction has not ended. What is in no transaction is committed. */
  readonly outcome: 'committed' | 'aborted' | 'open';
}

/** What a partition holds. */
export interface PartitionLog {
  readonly partition: number;
  readonly records: readonly LoggedRecord[];
  /** Where the next record will be written. */
  readonly end: number;
}

type Batch = NonNullable<Awaited<ReturnType<typeof fetchFrom>>['records']>[number];
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const CONTROL_BIT = 0x20;
const TRANSACTIONAL_BIT = 0x10;
const FETCH_BYTES = 16_777_216;

/**
 * Reads a partition to its end, aborted and control records and all, with the client library's own decoder. What became of
 * a transaction is told by the marker that ends it in the log: none of this is what the processor goes by.
 */
export async function readPartition(cluster: KafkaCluster, topic: string, partition: number): Promise<PartitionLog> {
  const records: Mutable<LoggedRecord>[] = [];
  const open = new Map<bigint, Mutable<LoggedRecord>[]>();
  let next = 0;
  for (;;) {
    const { records: batches, highWatermark, logStartOffset } = await fetchFrom(cluster, topic, partition, next);
    if (next < Number(logStartOffset)) {
      next = Number(logStartOffset);
      continue;
    }
    const end = Number(highWatermark);
    for (const batch of batches ?? []) {
      const first = Number(batch.firstOffset);
      next = first + batch.lastOffsetDelta + 1;
      const added = recordsOf(batch);
      if ((batch.attributes & CONTROL_BIT) !== 0) endTransaction(batch, open);
      else {
        if ((batch.attributes & TRANSACTIONAL_BIT) !== 0) {
          for (const record of added) record.outcome = 'open';
          open.set(batch.producerId, [...(open.get(batch.producerId) ?? []), ...added]);
        }
        records.push(...added);
      }
    }
    if (next >= end) return { partition, records, end };
    if ((batches ?? []).length === 0)
      throw new ChaosFailure(`nothing can be read of ${topic}/${String(partition)} at ${String(next)}`);
  }
}

/** All partitions of a topic. */
export async function readTopic(cluster: KafkaCluster, topic: string): Promise<readonly PartitionLog[]> {
  const metadata = (await cluster.topics([topic])).get(topic);
  if (metadata === undefined || metadata.error !== null) {
    throw new ChaosFailure(`the topic ${topic} cannot be read: ${String(metadata?.error)}`);
  }
  return Promise.all(metadata.partitions.map(({ index }) => readPartition(cluster, topic, index)));
}

function recordsOf(batch: Batch): Mutable<LoggedRecord>[] {
  return batch.records.map(({ offsetDelta, key, value }) => ({
    offset: Number(batch.firstOffset) + offsetDelta,
    key: key?.toString() ?? null,
    value,
    outcome: 'committed',
  }));
}

/** A marker has a key of two numbers: its version, and 0 for aborted, 1 for committed. */
function endTransaction(batch: Batch, open: Map<bigint, Mutable<LoggedRecord>[]>): void {
  for (const { key } of batch.records) {
    const outcome = key?.readInt16BE(2) === 1 ? 'committed' : 'aborted';
    for (const record of open.get(batch.producerId) ?? []) record.outcome = outcome;
    open.delete(batch.producerId);
  }
}

async function fetchFrom(cluster: KafkaCluster, topic: string, partition: number, offset: number) {
  const metadata = (await cluster.topics([topic])).get(topic);
  const leader = metadata?.partitions[partition]?.leader ?? -1;
  const wanted = {
    partition,
    fetchOffset: BigInt(offset),
    partitionMaxBytes: FETCH_BYTES,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
  };
  const topics = [{ topicId: metadata?.id ?? '', partitions: [wanted] }];
  const request = cluster.send(leader, {
    apis: [cluster.library.fetchV16.api],
    args: [0, 0, FETCH_BYTES, 0, 0, -1, topics, [], ''],
  });
  const answer = await request.catch((error: unknown) => {
    // What has been deleted is not there to be read; the answer says where the rest begins.
    if (error instanceof KafkaFault && error.code === 'OFFSET_OUT_OF_RANGE')
      return error.response as Awaited<typeof request>;
    throw error;
  });
  const found = answer.responses[0]?.partitions[0];
  if (found === undefined) throw new ChaosFailure(`nothing was answered of ${topic}/${String(partition)}`);
  return found;
}
