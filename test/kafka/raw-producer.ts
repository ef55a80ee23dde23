import type { CompressionAlgorithmValue } from '@platformatic/kafka';
import { KafkaCluster } from '../../src/kafka/cluster.ts';
import { retrying } from '../../src/kafka/retrying.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { SystemClock } from '../../src/time/clock.ts';

/** A record as a test writes it; a null value is a tombstone. */
export interface RawRecord {
  readonly key?: Uint8Array;
  readonly value: Uint8Array | string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timestamp?: number;
}

/** How the records of a batch are written. */
export interface RawBatch {
  readonly compression?: CompressionAlgorithmValue;
}

const clock = new SystemClock();
const LIMIT = { clock, limitMs: 20_000 };

/** A connection to the cluster for tests. */
export function clusterAt(bootstrapServers: string): Promise<KafkaCluster> {
  const settings = { bootstrapServers };
  return KafkaCluster.open({ settings, clientId: 'raw', clock, logger: silentLogger, requestTimeoutMs: 20_000 });
}

/**
 * Writes exactly the batches that a test names, one a call: with it a test decides where transactions begin, interleave and end.
 */
export class RawProducer {
  readonly #cluster: KafkaCluster;
  readonly #transactionalId: string | null;
  #id = -1n;
  #epoch = -1;
  readonly #sequences = new Map<string, number>();
  readonly #added = new Set<string>();

  private constructor(cluster: KafkaCluster, transactionalId: string | null) {
    this.#cluster = cluster;
    this.#transactionalId = transactionalId;
  }

  /** With a transactional id everything that is written is in a transaction. */
  static async open(cluster: KafkaCluster, transactionalId: string | null = null): Promise<RawProducer> {
    const producer = new RawProducer(cluster, transactionalId);
    if (transactionalId === null) return producer;
    const { library } = cluster;
    const args: [string, number, bigint, number] = [transactionalId, 60_000, -1n, -1];
    const { producerId, producerEpoch } = await retrying(
      () => cluster.sendToCoordinator('transaction', transactionalId, { apis: [library.initProducerIdV4.api], args }),
      LIMIT,
    );
    producer.#id = producerId;
    producer.#epoch = producerEpoch;
    return producer;
  }

  /** Writes one batch to the end of a partition. */
  async write(
    topic: string,
    partition: number,
    records: readonly (RawRecord | string)[],
    batch: RawBatch = {},
  ): Promise<void> {
    const place = `${topic}/${partition}`;
    if (this.#transactionalId !== null && !this.#added.has(place)) await this.#addPartition(topic, partition);
    const { library } = this.#cluster;
    const sequence = this.#sequences.get(place) ?? 0;
    const sequences = new library.NumericMap();
    sequences.set(`${topic}:${partition}`, sequence);
    const messages = records.map((record) => messageOf(typeof record === 'string' ? { value: record } : record));
    const options = {
      compression: batch.compression ?? 'none',
      producerId: this.#id,
      producerEpoch: this.#epoch,
      sequences,
      partitionLeaderEpoch: 0,
      ...(this.#transactionalId === null ? {} : { transactionalId: this.#transactionalId }),
    };
    const topicData = messages.map((message) => ({ ...message, topic, partition }));
    await retrying(async () => {
      const topics = await this.#cluster.topics([topic]);
      const leader = topics.get(topic)?.partitions[partition]?.leader ?? -1;
      const request = { apis: [library.produceV9.api], args: [-1, 10_000, topicData, options] };
      // The library's types of its own calls are wider than they need be.
      await this.#cluster.send(leader, request as never);
    }, LIMIT);
    this.#sequences.set(place, sequence + records.length);
  }

  /** Ends the transaction, and waits until its markers are written. */
  async end(outcome: 'commit' | 'abort'): Promise<void> {
    const { library } = this.#cluster;
    const id = this.#transactionalId ?? '';
    const args: [string, bigint, number, boolean] = [id, this.#id, this.#epoch, outcome === 'commit'];
    await retrying(
      () => this.#cluster.sendToCoordinator('transaction', id, { apis: [library.endTxnV3.api], args }),
      LIMIT,
    );
    this.#added.clear();
  }

  async #addPartition(topic: string, partition: number): Promise<void> {
    const { library } = this.#cluster;
    const id = this.#transactionalId ?? '';
    const transaction = {
      transactionalId: id,
      producerId: this.#id,
      producerEpoch: this.#epoch,
      verifyOnly: false,
      topics: [{ name: topic, partitions: [partition] }],
    };
    const args: [(typeof transaction)[]] = [[transaction]];
    // The markers of the transaction before may still be on their way, which passes.
    await retrying(
      () => this.#cluster.sendToCoordinator('transaction', id, { apis: [library.addPartitionsToTxnV3.api], args }),
      LIMIT,
    );
    this.#added.add(`${topic}/${partition}`);
  }
}

function messageOf({ key, value, headers = {}, timestamp }: RawRecord): object {
  return {
    ...(key === undefined ? {} : { key: Buffer.from(key) }),
    value: value === null ? null : Buffer.from(value),
    headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
  };
}
