import type { Positions, SourcePosition } from '../../event/source-position.ts';
import type { KafkaCluster } from '../../kafka/cluster.ts';
import type { OpenSource, SourceContext } from '../event-source.ts';
import { partitionBytes, type ConsumerSettings } from './consumer-settings.ts';
import { Fetchers } from './fetchers.ts';
import { GroupCommits } from './group-commits.ts';
import { KafkaPartition } from './kafka-partition.ts';
import { LagWatch } from './lag-watch.ts';
import type { OwnedPartition, Start } from './starting-positions.ts';
import { TopicWatch } from './topic-watch.ts';

/** What topics are read with. */
export interface KafkaReaderOptions {
  readonly cluster: KafkaCluster;
  readonly settings: ConsumerSettings;
  readonly context: SourceContext;
  readonly starts: readonly Start[];
  /** The group whose offsets are to be committed; null where they are not, or another does that. */
  readonly groupId: string | null;
}

/** Topics that are being read: their partitions, and what goes on in the background to fill them. */
export class KafkaReader implements OpenSource {
  readonly partitions: KafkaPartition[] = [];
  readonly #options: KafkaReaderOptions;
  readonly #fetchers: Fetchers;
  readonly #watch: TopicWatch;
  readonly #lags: LagWatch;
  readonly #commits: GroupCommits | undefined;
  readonly #byId = new Map<string, KafkaPartition>();
  /** Aborts with the run, and when the source is closed. */
  readonly #ending = new AbortController();
  readonly #atWork: Promise<void>[];
  readonly #maxBytes: number;
  #added: KafkaPartition[] = [];
  #closed: Promise<void> | undefined;

  constructor(options: KafkaReaderOptions) {
    const { cluster, settings, context, starts, groupId } = options;
    const { clock, logger, instruments } = context;
    this.#options = options;
    this.#maxBytes = partitionBytes(settings, starts.length);
    const signal = this.#ending.signal;
    const common = { cluster, settings, clock, logger, instruments, signal };
    this.#fetchers = new Fetchers({
      ...common,
      onPartitionError: (partition, code) => this.#watch.onPartitionError(partition, code),
      onUnreachable: () => this.#watch.refresh(),
    });
    this.#watch = new TopicWatch({
      ...common,
      fetchers: this.#fetchers,
      onAdded: (partition, oldest) => this.#welcome(partition, oldest),
    });
    this.#lags = new LagWatch({ ...common, fetchers: this.#fetchers, onInterval: () => this.#commits?.look() });
    if (groupId !== null) {
      const beyond = (id: string, position: SourcePosition): SourcePosition =>
        this.#byId.get(id)?.beyond(position) ?? position;
      this.#commits = new GroupCommits({ ...common, groupId, timeoutMs: settings.sessionTimeoutMs, beyond });
    }
    context.signal.addEventListener('abort', this.#end, { once: true });
    if (context.signal.aborted) this.#end();
    for (const start of starts) {
      const partition = this.#make(start);
      this.partitions.push(partition);
      this.#watch.add(partition, start);
    }
    this.#atWork = [this.#watch.run(), this.#lags.run()];
  }

  newPartitions(): readonly KafkaPartition[] {
    const added = this.#added;
    if (added.length > 0) this.#added = [];
    return added;
  }

  committed(positions: Positions): void {
    this.#commits?.note(positions);
  }

  fault(): string | null {
    return this.#watch.fault ?? this.#fetchers.fault;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { cluster, context } = this.#options;
    context.signal.removeEventListener('abort', this.#end);
    this.#end();
    await Promise.all([this.#fetchers.stop(), ...this.#atWork]);
    await this.#commits?.close();
    cluster.close();
  }

  /** Ends all reading: what is under way resolves with null. */
  readonly #end = (): void => {
    this.#ending.abort();
    for (const partition of this.#byId.values()) partition.wake();
  };

  #welcome(owned: OwnedPartition, oldest: number): KafkaPartition {
    const partition = this.#make({ ...owned, offset: oldest, fetchedEpoch: -1, end: oldest, isNew: false });
    this.#added.push(partition);
    return partition;
  }

  #make({ topic, topicId, index, offset, fetchedEpoch, end, isNew }: Start): KafkaPartition {
    const { cluster, settings, context } = this.#options;
    const partition = new KafkaPartition({
      topic,
      topicId,
      index,
      offset,
      leaderEpoch: fetchedEpoch,
      end,
      isPinned: isNew,
      maxRecords: Math.min(settings.maxPollRecords, context.maxBlockRecords),
      maxBytes: this.#maxBytes,
      checksum: (bytes) => cluster.library.crc32c(bytes),
      signal: this.#ending.signal,
    });
    this.#byId.set(partition.id, partition);
    this.#lags.add(partition);
    return partition;
  }
}
