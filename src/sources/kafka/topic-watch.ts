import { messageOf } from '../../errors/message-of.ts';
import type { ProcessorError } from '../../errors/processor-error.ts';
import type { KafkaCluster, SendOptions } from '../../kafka/cluster.ts';
import type { TopicMetadata } from '../../kafka/topic-metadata.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Clock } from '../../time/clock.ts';
import { retryDelay, type RetryDelays } from '../../time/retry-delay.ts';
import { Bell } from './bell.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import type { Fetchers } from './fetchers.ts';
import type { KafkaPartition } from './kafka-partition.ts';
import { deletedError, remadeError, truncatedError } from './lost-offsets.ts';
import { endsOfEpochs, listOffsets, type LedPartition } from './offset-queries.ts';
import { ownedPartitions, type OwnedPartition } from './starting-positions.ts';

const DELAYS: RetryDelays = { initialDelayMs: 100, maxDelayMs: 2000 };

/** After so many looks in vain, some seconds, what is wrong is logged: leaders change in less. */
const PATIENCE = 5;

/** What a watch over topics is made with. */
export interface TopicWatchOptions {
  readonly cluster: KafkaCluster;
  readonly settings: ConsumerSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly fetchers: Fetchers;
  /** Makes a partition that has been added to a topic, to be read from its oldest record. */
  readonly onAdded: (partition: OwnedPartition, oldest: number) => KafkaPartition;
}

/** A partition, and where it is to be fetched from now. */
interface Moved {
  readonly partition: KafkaPartition;
  readonly owned: OwnedPartition;
}

/** Follows who leads the partitions, and which there are. */
export class TopicWatch {
  readonly #options: TopicWatchOptions;
  readonly #partitions = new Map<string, KafkaPartition>();
  readonly #bell = new Bell();
  /** Partitions that nobody fetches, with the reason. */
  readonly #unled = new Map<KafkaPartition, string>();
  /** Partitions whose next offset is not there, says their leader. */
  readonly #outOfRange = new Set<KafkaPartition>();
  #attempts = 0;
  /** True if a broker has named an error since the topics were last looked up. */
  #hasErrors = false;
  /** What keeps topics from being looked up, for a person; null if nothing does. */
  #fault: string | null = null;
  /** True once it was logged that something cannot be read. */
  #isTold = false;

  constructor(options: TopicWatchOptions) {
    this.#options = options;
  }

  /** What keeps partitions from being read, for a person; null if nothing does. */
  get fault(): string | null {
    if (this.#fault !== null) return this.#fault;
    for (const [{ id }, reason] of this.#unled) return `partition ${id} cannot be read: ${reason}`;
    return null;
  }

  /** Takes in a partition that is known at opening, with its leader. */
  add(partition: KafkaPartition, led: LedPartition): void {
    this.#partitions.set(partition.id, partition);
    partition.currentLeaderEpoch = led.leaderEpoch;
    this.#options.fetchers.assign(partition, led.leader);
  }

  /** Looks the topics up soon. */
  refresh(): void {
    this.#bell.ring();
  }

  /** A broker has named an error for a partition that it was asked for. */
  onPartitionError(partition: KafkaPartition, code: string): void {
    this.#options.fetchers.release(partition);
    partition.isReachable = false;
    if (code === 'OFFSET_OUT_OF_RANGE') this.#outOfRange.add(partition);
    this.#unled.set(partition, `its leader answered with ${code}`);
    this.#hasErrors = true;
    this.refresh();
  }

  /** Follows the topics until the signal aborts. */
  async run(): Promise<void> {
    const { clock, settings, signal } = this.#options;
    const wake = (): void => this.#bell.ring();
    signal.addEventListener('abort', wake, { once: true });
    while (!signal.aborted) {
      const timer = new AbortController();
      await Promise.race([this.#bell.wait(), clock.sleep(settings.metadataMaxAgeMs, timer.signal)]);
      timer.abort();
      if (signal.aborted) break;
      await this.#look();
      // Whatever is not right now may be so shortly.
      if (this.#attempts > 0) {
        await clock.sleep(retryDelay(DELAYS, this.#attempts - 1, clock.now()), signal);
        if (this.fault !== null) this.#bell.ring();
      }
    }
    signal.removeEventListener('abort', wake);
  }

  async #look(): Promise<void> {
    const { cluster, settings, signal } = this.#options;
    const options: SendOptions = { timeoutMs: settings.sessionTimeoutMs, signal };
    const hadErrors = this.#hasErrors;
    this.#hasErrors = false;
    try {
      const topics = await cluster.topics(settings.topics, options);
      const moved: Moved[] = [];
      for (const name of settings.topics) moved.push(...(await this.#apply(name, topics.get(name), options)));
      await this.#follow(moved, options);
      this.#fault = null;
      this.#attempts = hadErrors || this.#unled.size > 0 ? this.#attempts + 1 : 0;
      this.#tell(this.#attempts >= PATIENCE);
    } catch (error) {
      if (signal.aborted) return;
      this.#fault = `topics cannot be looked up: ${messageOf(error)}`;
      this.#attempts += 1;
      this.#tell(true);
    }
  }

  /** Logs once that something cannot be read, where that is `due`, and once that everything can be again. */
  #tell(due: boolean): void {
    const { logger } = this.#options;
    const { fault } = this;
    if (fault === null) {
      if (this.#isTold) logger.info({}, 'Kafka can be read again');
      this.#isTold = false;
    } else if (due && !this.#isTold) {
      logger.warn({ error: fault }, 'Kafka cannot be read for now; will retry');
      this.#isTold = true;
    }
  }

  /** Takes in what is said of a topic; gives the partitions that are to be followed to their leaders. */
  async #apply(name: string, topic: TopicMetadata | undefined, options: SendOptions): Promise<Moved[]> {
    const known = [...this.#partitions.values()].filter((partition) => partition.topic === name);
    if (topic === undefined || topic.error !== null) {
      const isGone = topic?.error === 'UNKNOWN_TOPIC_OR_PARTITION';
      const reason = isGone
        ? 'the topic is not there any more, or this user may not see it now'
        : `the topic cannot be looked up: ${topic?.error ?? 'it is not named'}`;
      for (const partition of known) this.#leave(partition, reason);
      return [];
    }
    if (known.some(({ topicId }) => topicId !== topic.id)) {
      const error = remadeError(name);
      for (const partition of known) this.#end(partition, error);
      return [];
    }
    const moved: Moved[] = [];
    for (const owned of ownedPartitions(topic, this.#options.settings)) {
      const partition = this.#partitions.get(owned.id);
      if (owned.leader < 0) {
        if (partition !== undefined) this.#leave(partition, 'it has no leader at the moment');
      } else if (partition === undefined) {
        await this.#welcome(owned, options);
      } else if (this.#hasMoved(partition, owned)) {
        moved.push({ partition, owned });
      }
    }
    return moved;
  }

  async #welcome(owned: OwnedPartition, options: SendOptions): Promise<void> {
    const { cluster, onAdded, logger } = this.#options;
    const oldest = await listOffsets(cluster, [owned], 'earliest', options);
    logger.info({ partition: owned.id }, 'a partition was added to the topic; reading it from its start');
    this.add(onAdded(owned, oldest.get(owned.id) ?? 0), owned);
  }

  #hasMoved(partition: KafkaPartition, { leader, leaderEpoch }: OwnedPartition): boolean {
    if (partition.hasFailed) return false;
    if (this.#unled.has(partition) || partition.currentLeaderEpoch !== leaderEpoch) return true;
    return this.#options.fetchers.leaderOf(partition) !== leader;
  }

  /** Goes on with partitions at their leaders, if those have all that has been read. */
  async #follow(moved: readonly Moved[], options: SendOptions): Promise<void> {
    const { cluster, fetchers } = this.#options;
    const asked = moved.flatMap(({ partition, owned }) =>
      partition.fetchedEpoch < 0 ? [] : [{ ...owned, epoch: partition.fetchedEpoch }],
    );
    const ends = await endsOfEpochs(cluster, asked, options);
    for (const { partition, owned } of moved) {
      const { id, fetchOffset, fetchedEpoch } = partition;
      const end = fetchedEpoch < 0 ? -1 : ends.get(id);
      if (end === undefined) {
        this.#leave(partition, 'its leader changes at the moment');
      } else if (end >= 0 && end < fetchOffset) {
        this.#end(partition, truncatedError(id, fetchOffset, end));
      } else if (!(await this.#isOutOfRange(partition, owned, options))) {
        partition.currentLeaderEpoch = owned.leaderEpoch;
        this.#outOfRange.delete(partition);
        this.#unled.delete(partition);
        fetchers.assign(partition, owned.leader);
      }
    }
  }

  /** Whether a partition, of which its leader has said so, wants what is not there; it is ended then. */
  async #isOutOfRange(partition: KafkaPartition, owned: OwnedPartition, options: SendOptions): Promise<boolean> {
    if (!this.#outOfRange.has(partition)) return false;
    const { cluster } = this.#options;
    const { id, fetchOffset } = partition;
    const oldest = (await listOffsets(cluster, [owned], 'earliest', options)).get(id) ?? 0;
    const newest = (await listOffsets(cluster, [owned], 'latest', options)).get(id) ?? Infinity;
    if (fetchOffset >= oldest && fetchOffset <= newest) return false;
    const error = fetchOffset < oldest ? deletedError : truncatedError;
    this.#end(partition, error(id, fetchOffset, fetchOffset < oldest ? oldest : newest));
    return true;
  }

  #leave(partition: KafkaPartition, reason: string): void {
    this.#options.fetchers.release(partition);
    partition.isReachable = false;
    this.#unled.set(partition, reason);
  }

  /** The partition cannot be read any more, whatever happens. */
  #end(partition: KafkaPartition, error: ProcessorError): void {
    this.#leave(partition, error.message);
    partition.fail(error);
  }
}
