import { BrokerFetcher, type FetcherOptions } from './broker-fetcher.ts';
import type { KafkaPartition } from './kafka-partition.ts';

/** One fetcher for each broker that leads a partition. */
export class Fetchers {
  readonly #options: FetcherOptions;
  readonly #fetchers = new Map<number, BrokerFetcher>();
  readonly #leaders = new Map<KafkaPartition, number>();

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** What keeps a broker from being read, for a person; null if nothing does. */
  get fault(): string | null {
    for (const { fault } of this.#fetchers.values()) if (fault !== null) return fault;
    return null;
  }

  /** Id of the broker that a partition is fetched from; undefined where it is not. */
  leaderOf(partition: KafkaPartition): number | undefined {
    return this.#leaders.get(partition);
  }

  /** Has a partition fetched from a broker. */
  assign(partition: KafkaPartition, leader: number): void {
    this.release(partition);
    const fetcher = this.#fetchers.get(leader) ?? new BrokerFetcher(leader, this.#options);
    this.#fetchers.set(leader, fetcher);
    this.#leaders.set(partition, leader);
    fetcher.add(partition);
  }

  /** Has a partition no longer fetched. */
  release(partition: KafkaPartition): void {
    const leader = this.#leaders.get(partition);
    if (leader === undefined) return;
    this.#leaders.delete(partition);
    this.#fetchers.get(leader)?.remove(partition);
  }

  /** Resolves when no fetcher is at work any more. */
  async stop(): Promise<void> {
    await Promise.all([...this.#fetchers.values()].map((fetcher) => fetcher.stop()));
  }
}
