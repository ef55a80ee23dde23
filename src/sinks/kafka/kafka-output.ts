import { KafkaCluster } from '../../kafka/cluster.ts';
import { batchCodec } from '../../kafka/records/batch-codec.ts';
import { retrying } from '../../kafka/retrying.ts';
import type { Instruments } from '../../telemetry/instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';
import { BatchWriter } from './batch-writer.ts';
import type { ProducerSettings } from './producer-settings.ts';
import { packRecords, type PackingOptions } from './record-packer.ts';
import { TopicDirectory } from './topic-directory.ts';
import type { RecordOf } from './topic-record.ts';
import type { ReadyRecords } from './transaction-requests.ts';

/** How long opening goes on trying once a broker has been found: a cluster that has just been started needs a while. */
const OPENING_MS: Millis = 10_000;

/** What an output is opened with. */
export interface OutputContext {
  readonly settings: ProducerSettings;
  /** Topics that are written to. */
  readonly topics: readonly string[];
  /** Name in the broker's logs. */
  readonly clientId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly instruments: Instruments;
  /** How long a request may go unanswered. */
  readonly requestTimeoutMs: Millis;
}

/** A connection to the cluster that is written to, and what is known of the topics there. */
export class KafkaOutput {
  readonly cluster: KafkaCluster;
  readonly writer: BatchWriter;
  readonly #directory: TopicDirectory;
  readonly #packing: PackingOptions;

  private constructor(cluster: KafkaCluster, directory: TopicDirectory, context: OutputContext) {
    const { settings, clock, instruments, requestTimeoutMs } = context;
    const { library } = cluster;
    this.cluster = cluster;
    this.#directory = directory;
    this.#packing = {
      codec: batchCodec(settings.compressionType, library),
      crc32c: library.crc32c,
      bootstrapServers: settings.connection.bootstrapServers,
    };
    // The answer must come before the request is given up.
    const replicaTimeoutMs = Math.ceil(requestTimeoutMs / 2);
    this.writer = new BatchWriter({ cluster, directory, instruments, clock, replicaTimeoutMs });
  }

  /** @throws KafkaFault; ProcessorError KAFKA_TOPIC_UNKNOWN or CONFIG_INVALID. */
  static async open(context: OutputContext): Promise<KafkaOutput> {
    const { settings, topics, clientId, clock, logger, requestTimeoutMs } = context;
    const { connection, createTopics } = settings;
    const cluster = await KafkaCluster.open({ settings: connection, clientId, clock, logger, requestTimeoutMs });
    try {
      const { bootstrapServers } = connection;
      const directory = new TopicDirectory({ cluster, clock, bootstrapServers, topics, createTopics });
      const { signal } = new AbortController();
      await retrying(() => directory.open(signal), { clock, limitMs: OPENING_MS });
      return new KafkaOutput(cluster, directory, context);
    } catch (error) {
      cluster.close();
      throw error;
    }
  }

  /**
   * Packs items into batches for a topic. `turn` decides where items without a key go first.
   * @throws KafkaFault; ItemsRefused for items that the topic does not take for their length.
   */
  async pack<T>(
    items: readonly T[],
    recordOf: RecordOf<T>,
    to: { readonly topic: string; readonly turn: number; readonly signal: AbortSignal },
  ): Promise<readonly ReadyRecords[]> {
    const directory = this.#directory;
    await directory.freshen(to.signal);
    const topic = {
      name: to.topic,
      partitions: directory.partitionsOf(to.topic),
      maxBytes: directory.maxBytesOf(to.topic),
    };
    return packRecords(items, recordOf, topic, { ...this.#packing, turn: to.turn });
  }

  close(): void {
    this.cluster.close();
  }
}
