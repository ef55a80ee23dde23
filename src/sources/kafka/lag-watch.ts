import type { KafkaCluster } from '../../kafka/cluster.ts';
import { KafkaFault } from '../../kafka/kafka-fault.ts';
import type { Instruments } from '../../telemetry/instruments.ts';
import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import type { Fetchers } from './fetchers.ts';
import type { KafkaPartition } from './kafka-partition.ts';
import { listOffsets } from './offset-queries.ts';

/** How often the lag is shown. */
const INTERVAL_MS: Millis = 1000;
/** After so many intervals in which a partition was full, its newest offset is asked for: no fetch tells it. */
const FULL_INTERVALS = 5;

/** What a watch over the lag is made with. */
export interface LagWatchOptions {
  readonly cluster: KafkaCluster;
  readonly settings: ConsumerSettings;
  readonly clock: Clock;
  readonly instruments: Instruments | undefined;
  readonly signal: AbortSignal;
  readonly fetchers: Fetchers;
  /** Called once an interval. */
  readonly onInterval: () => void;
}

/** Shows how far each partition is behind, and keeps that true of those that are not fetched because they are full. */
export class LagWatch {
  readonly #options: LagWatchOptions;
  /** Each partition, and for how many intervals it has been full. */
  readonly #partitions = new Map<KafkaPartition, number>();

  constructor(options: LagWatchOptions) {
    this.#options = options;
  }

  add(partition: KafkaPartition): void {
    this.#partitions.set(partition, 0);
  }

  /** Until the signal aborts. */
  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    while (!signal.aborted) {
      this.#show();
      this.#options.onInterval();
      await clock.sleep(INTERVAL_MS, signal);
      if (!signal.aborted) await this.#askForFull();
    }
    this.#show();
  }

  #show(): void {
    const { instruments } = this.#options;
    for (const partition of this.#partitions.keys()) {
      const { topic, index } = partition;
      instruments?.set('kafka_consumer_lag', { topic, partition: String(index) }, partition.lag());
      const records = partition.takeRecordCount();
      if (records > 0) instruments?.count('kafka_records_total', { topic }, records);
    }
  }

  async #askForFull(): Promise<void> {
    const { cluster, settings, fetchers, signal } = this.#options;
    const due: { partition: KafkaPartition; leader: number }[] = [];
    for (const [partition, before] of this.#partitions) {
      const leader = fetchers.leaderOf(partition);
      const intervals = partition.wantsMore || leader === undefined ? 0 : before + 1;
      this.#partitions.set(partition, intervals % FULL_INTERVALS);
      if (intervals === FULL_INTERVALS && leader !== undefined) due.push({ partition, leader });
    }
    if (due.length === 0) return;
    const asked = due.map(({ partition, leader }) => ({
      topic: partition.topic,
      index: partition.index,
      leader,
      leaderEpoch: partition.currentLeaderEpoch,
    }));
    try {
      const ends = await listOffsets(cluster, asked, 'latest', { timeoutMs: settings.sessionTimeoutMs, signal });
      for (const { partition } of due) partition.noteEnd(ends.get(partition.id) ?? 0);
    } catch (error) {
      // The lag stays what it was until a fetch or a later question is answered; that there is trouble, fetches tell.
      if (!(error instanceof KafkaFault)) throw error;
    }
  }
}
