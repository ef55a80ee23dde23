import * as library from '@platformatic/kafka';
import { KafkaFault } from '../../kafka/kafka-fault.ts';
import type { KafkaCluster, SendOptions } from '../../kafka/cluster.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import type { PartitionMetadata, TopicMetadata } from '../../kafka/topic-metadata.ts';
import type { FetchAnswer, FetchedPartition, FetchRequest } from './fetch-protocol.ts';

/** Numbers of the requests that it answers. */
const [FETCH, LIST_OFFSETS, OFFSET_FOR_LEADER_EPOCH] = [1, 2, 23];

/** Id of the only topic. */
export const TOPIC_ID = '0a000000-0000-4000-8000-0000000000f1';

/** A partition as its leader has it. */
export interface FakePartition {
  leader: number;
  leaderEpoch: number;
  earliest: number;
  latest: number;
  /** Where the records of an epoch end, as the leader knows it; −1 where it does not. */
  epochEnd: number;
  /** What its leader names as an error, for fetches; null for none. */
  error: string | null;
  /** What is answered to a fetch at an offset; nothing is where it is absent. */
  readonly records: Map<number, Uint8Array>;
}

/**
 * A cluster of the topic `t`, of which a test decides what it says. A fetch with nothing new for it waits as long as it says,
 * by the clock that is turned by hand.
 */
export class FakeCluster {
  readonly library = library;
  readonly clock = new ManualClock();
  readonly partitions: FakePartition[];
  topicId = TOPIC_ID;
  /** What looking up the topics fails with; null for nothing. */
  lookUpFault: KafkaFault | null = null;
  /** What looking up the topics says of the only one; null where it is there. */
  topicError: string | null = null;
  /** What fetches fail with, by broker. */
  readonly fetchFaults = new Map<number, KafkaFault>();
  /** What the next fetch to be answered fails with, once; null for nothing. */
  nextFault: KafkaFault | null = null;
  lookUps = 0;
  readonly fetches: { readonly node: number; readonly request: FetchRequest }[] = [];
  /** What each broker has been told in its session: offsets by partition. */
  readonly #sessions = new Map<number, Map<number, number>>();

  constructor(count: number) {
    this.partitions = Array.from({ length: count }, () => ({
      leader: 1,
      leaderEpoch: 0,
      earliest: 0,
      latest: 0,
      epochEnd: -1,
      error: null,
      records: new Map<number, Uint8Array>(),
    }));
  }

  close(): void {
    // There are no connections.
  }

  /** As what is under test takes it. */
  asCluster(): KafkaCluster {
    return this as unknown as KafkaCluster;
  }

  errorName(code: number): string {
    return library.protocolErrorsCodesById[code] ?? String(code);
  }

  topics(): Promise<Map<string, TopicMetadata>> {
    this.lookUps += 1;
    if (this.lookUpFault !== null) return Promise.reject(this.lookUpFault);
    const partitions = this.partitions.map(({ leader, leaderEpoch }, index): PartitionMetadata => ({
      index,
      leader,
      leaderEpoch,
    }));
    return Promise.resolve(new Map([['t', { name: 't', id: this.topicId, partitions, error: this.topicError }]]));
  }

  async send(
    node: number,
    request: { readonly apis: readonly { readonly key: number }[]; readonly args: readonly unknown[] },
    { signal }: SendOptions = {},
  ): Promise<unknown> {
    const { args } = request;
    switch (request.apis[0]?.key) {
      case FETCH:
        return this.#fetch(node, args[0] as FetchRequest, signal);
      case LIST_OFFSETS:
        return {
          topics: this.#answered(args[2], (of, { timestamp }) => ({
            offset: BigInt(timestamp === -2n ? of.earliest : of.latest),
          })),
        };
      case OFFSET_FOR_LEADER_EPOCH:
        return {
          topics: this.#answered(args[1], ({ epochEnd }, { partitionIndex }) => ({
            partition: partitionIndex,
            endOffset: BigInt(epochEnd),
          })),
        };
      default:
        throw new Error('not answered here');
    }
  }

  async #fetch(node: number, request: FetchRequest, signal: AbortSignal | undefined): Promise<FetchAnswer> {
    this.fetches.push({ node, request });
    const known = request.sessionEpoch === 0 ? undefined : this.#sessions.get(node);
    const session = known ?? new Map<number, number>();
    this.#sessions.set(node, session);
    for (const { index, fetchOffset } of request.partitions) session.set(index, fetchOffset);
    for (const { index } of request.forgotten) session.delete(index);
    const news = (): FetchedPartition[] => [...session].flatMap(([index, offset]) => this.#newsOf(node, index, offset));
    const isOver = (): boolean => this.fetchFaults.has(node) || news().length > 0;
    if (!isOver()) await this.clock.sleep(request.maxWaitMs, signal);
    if (signal?.aborted === true) throw new KafkaFault('closed', 'given up');
    const fault = this.nextFault ?? this.fetchFaults.get(node);
    this.nextFault = null;
    if (fault !== undefined) throw fault;
    return { errorCode: 0, sessionId: 9, partitions: news() };
  }

  #newsOf(node: number, index: number, offset: number): FetchedPartition[] {
    const partition = this.partitions[index];
    if (partition === undefined) return [];
    const error = partition.leader === node ? partition.error : 'NOT_LEADER_OR_FOLLOWER';
    const records = partition.records.get(offset) ?? new Uint8Array();
    if (error === null && records.length === 0) return [];
    const errorCode = error === null ? 0 : (library.protocolErrors[error]?.code ?? -1);
    const topicId = this.topicId.replaceAll('-', '');
    return [{ topicId, index, errorCode, highWatermark: partition.latest, aborted: [], records }];
  }

  #answered<T extends object>(
    topics: unknown,
    answer: (partition: FakePartition, asked: { readonly partitionIndex: number; readonly timestamp: bigint }) => T,
  ): { topic: string; name: string; partitions: (T & { partitionIndex: number; errorCode: number })[] }[] {
    const asked = topics as { partitions: { partitionIndex: number; timestamp: bigint }[] }[];
    return asked.map(({ partitions }) => ({
      topic: 't',
      name: 't',
      partitions: partitions.flatMap((one) => {
        const partition = this.partitions[one.partitionIndex];
        return partition === undefined
          ? []
          : [{ partitionIndex: one.partitionIndex, errorCode: 0, ...answer(partition, one) }];
      }),
    }));
  }
}

/** A fault of a connection that broke. */
export const LOST = new KafkaFault('lost', 'the connection broke');
