import { KafkaFault } from '../../kafka/kafka-fault.ts';
import type { KafkaCluster, SendOptions } from '../../kafka/cluster.ts';
import { unknownTopicsError } from '../../kafka/explain-fault.ts';
import type { TopicMetadata } from '../../kafka/topic-metadata.ts';
import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';

/** What `max.message.bytes` is where nobody has said anything else. */
const DEFAULT_MAX_BYTES = 1_048_588;
const TOPIC_RESOURCE = 2;
const MAX_BYTES = 'max.message.bytes';

/** How old what is known of topics may get: the partitions that have come since are written to as well. */
const MAX_AGE_MS: Millis = 300_000;

/** What a directory is made with. */
export interface TopicDirectoryOptions {
  readonly cluster: KafkaCluster;
  readonly clock: Clock;
  readonly bootstrapServers: string;
  /** Topics that are written to. */
  readonly topics: readonly string[];
  /** Whether those that do not exist are created. */
  readonly createTopics: boolean;
}

/** The topics that are written to: who leads their partitions, and how long a batch may be. */
export class TopicDirectory {
  readonly #options: TopicDirectoryOptions;
  #topics: ReadonlyMap<string, TopicMetadata> = new Map();
  readonly #maxBytes = new Map<string, number>();
  #readAt = -Infinity;

  constructor(options: TopicDirectoryOptions) {
    this.#options = options;
  }

  /**
   * Looks the topics up, and creates those that do not exist where that is wanted.
   * @throws ProcessorError KAFKA_TOPIC_UNKNOWN; KafkaFault.
   */
  async open(signal: AbortSignal): Promise<void> {
    const { createTopics } = this.#options;
    await this.refresh(signal);
    const missing = this.#options.topics.filter((topic) => this.#isMissing(topic));
    if (missing.length > 0 && createTopics) await this.#create(missing, signal);
    const unknown = this.#options.topics.filter((topic) => this.#isMissing(topic));
    if (unknown.length > 0) throw this.#unknown(unknown);
    for (const topic of this.#options.topics) {
      const partitions = this.partitionsOf(topic);
      for (let partition = 0; partition < partitions; partition += 1) this.leaderOf(topic, partition);
    }
    await this.#readLimits(signal);
  }

  /** Looks the topics up anew. @throws KafkaFault. */
  async refresh(signal: AbortSignal): Promise<void> {
    const { cluster, clock, topics } = this.#options;
    this.#topics = await cluster.topics(topics, { signal });
    this.#readAt = clock.monotonic();
  }

  /** Looks the topics up anew where that was long ago. @throws KafkaFault. */
  async freshen(signal: AbortSignal): Promise<void> {
    if (this.#options.clock.monotonic() - this.#readAt >= MAX_AGE_MS) await this.refresh(signal);
  }

  /** Number of partitions. @throws ProcessorError KAFKA_TOPIC_UNKNOWN; KafkaFault where the topic cannot be used. */
  partitionsOf(topic: string): number {
    return this.#metadataOf(topic).partitions.length;
  }

  /** Id of the broker that leads a partition. @throws as {@link partitionsOf}; KafkaFault while there is none. */
  leaderOf(topic: string, partition: number): number {
    const leader = this.#metadataOf(topic).partitions[partition]?.leader ?? -1;
    if (leader >= 0) return leader;
    const message = `partition ${partition} of ${topic} has no leader at the moment`;
    throw new KafkaFault('answered', message, { code: 'LEADER_NOT_AVAILABLE', canRetry: true });
  }

  /** Bytes of a batch that the topic takes, at most. */
  maxBytesOf(topic: string): number {
    return this.#maxBytes.get(topic) ?? DEFAULT_MAX_BYTES;
  }

  /** The topic takes no batch as long as this one, of so many records: of several the next are half as long. */
  noteTooLong(topic: string, bytes: number, count: number): void {
    const most = count === 1 ? bytes - 1 : bytes >> 1;
    this.#maxBytes.set(topic, Math.min(this.maxBytesOf(topic), most));
  }

  #metadataOf(topic: string): TopicMetadata {
    const found = this.#topics.get(topic);
    if (found === undefined || this.#isMissing(topic)) throw this.#unknown([topic]);
    if (found.error === null) return found;
    throw new KafkaFault('answered', `the topic "${topic}" cannot be used: ${found.error}`, { code: found.error });
  }

  #isMissing(topic: string): boolean {
    const error = this.#topics.get(topic)?.error;
    return error === undefined || error === 'UNKNOWN_TOPIC_OR_PARTITION';
  }

  #unknown(topics: readonly string[]): Error {
    return unknownTopicsError(topics, this.#options.bootstrapServers, 'sink');
  }

  /** With as many partitions and replicas as the cluster gives a topic by default. */
  async #create(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { cluster } = this.#options;
    const topics = names.map((name) => ({
      name,
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [],
      configs: [],
    }));
    const { createTopicsV7, createTopicsV5 } = cluster.library;
    const options: SendOptions = { signal };
    const args: Parameters<typeof createTopicsV7.createRequest> = [topics, 10_000, false];
    try {
      await cluster.send('any', { apis: [createTopicsV7.api, createTopicsV5.api] as const, args }, options);
    } catch (error) {
      // Somebody else has been quicker.
      if (!(error instanceof KafkaFault) || error.code !== 'TOPIC_ALREADY_EXISTS') throw error;
    }
    await this.refresh(signal);
    // Not every broker knows of them at once.
    const late = names.find((topic) => this.#isMissing(topic));
    if (late === undefined) return;
    throw new KafkaFault('answered', `the topic "${late}" was created, and is not there yet`, { canRetry: true });
  }

  /** Where the user may not ask for it, the default is taken; a broker that takes less says so when it is sent more. */
  async #readLimits(signal: AbortSignal): Promise<void> {
    const { cluster, topics } = this.#options;
    const resources = topics.map((resourceName) => ({
      resourceType: TOPIC_RESOURCE as 2,
      resourceName,
      configurationKeys: [MAX_BYTES],
    }));
    try {
      const { results } = await cluster.send(
        'any',
        { apis: [cluster.library.describeConfigsV4.api], args: [resources, false, false] },
        { signal },
      );
      for (const { resourceName, configs } of results) {
        const value = Number(configs.find(({ name }) => name === MAX_BYTES)?.value);
        if (Number.isSafeInteger(value) && value > 0) this.#maxBytes.set(resourceName, value);
      }
    } catch (error) {
      if (!(error instanceof KafkaFault) || error.kind === 'closed') throw error;
    }
  }
}
