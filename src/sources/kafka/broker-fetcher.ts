import type { API } from '@platformatic/kafka';
import { messageOf } from '../../errors/message-of.ts';
import type { KafkaCluster } from '../../kafka/cluster.ts';
import { KafkaFault } from '../../kafka/kafka-fault.ts';
import type { Instruments } from '../../telemetry/instruments.ts';
import type { Clock } from '../../time/clock.ts';
import { retryDelay, type RetryDelays } from '../../time/retry-delay.ts';
import { Bell } from './bell.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import {
  fetchApis,
  hexOf,
  type FetchAnswer,
  type FetchedPartition,
  type FetchPartition,
  type FetchRequest,
} from './fetch-protocol.ts';
import { FetchSession } from './fetch-session.ts';
import { FetchedRecords } from './fetched-records.ts';
import type { KafkaPartition } from './kafka-partition.ts';

const DELAYS: RetryDelays = { initialDelayMs: 100, maxDelayMs: 2000 };
/** How long the broker may wait while a partition is full: as soon as there is room again, it is to be asked for more. */
const SHORT_WAIT_MS = 10;
/** Errors that say that the broker does not know the session (any more). */
const SESSION_ERRORS: readonly string[] = [
  'FETCH_SESSION_ID_NOT_FOUND',
  'INVALID_FETCH_SESSION_EPOCH',
  'FETCH_SESSION_TOPIC_ID_ERROR',
];

/** What fetchers of all brokers share. */
export interface FetcherOptions {
  readonly cluster: KafkaCluster;
  readonly settings: ConsumerSettings;
  readonly clock: Clock;
  readonly instruments: Instruments | undefined;
  /** Aborts when nothing more is to be fetched. */
  readonly signal: AbortSignal;
  /** Takes an error that a broker has named for a partition; the partition is then no longer asked for here. */
  readonly onPartitionError: (partition: KafkaPartition, code: string) => void;
  /** The broker could not be asked: perhaps others lead its partitions by now. */
  readonly onUnreachable: () => void;
}

/**
 * Fetches what one broker leads, in one request at a time for all partitions that have room for more. While one is full, the
 * broker waits for news of the others only briefly; while all are, it is not asked.
 */
export class BrokerFetcher {
  readonly #node: number;
  readonly #options: FetcherOptions;
  readonly #apis: readonly API<[FetchRequest], FetchAnswer>[];
  readonly #session = new FetchSession();
  readonly #bell = new Bell();
  readonly #partitions = new Set<KafkaPartition>();
  /** By topic, as answers name it, and index. */
  readonly #byTopic = new Map<string, Map<number, KafkaPartition>>();
  readonly #ended: Promise<void>;
  #attempts = 0;
  #emptyAnswers = 0;
  #isStopped = false;
  /** What keeps the broker from being read, for a person; null if nothing does. */
  fault: string | null = null;

  constructor(node: number, options: FetcherOptions) {
    this.#node = node;
    this.#options = options;
    this.#apis = fetchApis(options.cluster.library);
    this.#ended = this.#run();
  }

  add(partition: KafkaPartition): void {
    this.#partitions.add(partition);
    const topicId = hexOf(partition.topicId);
    const siblings = this.#byTopic.get(topicId) ?? new Map<number, KafkaPartition>();
    this.#byTopic.set(topicId, siblings.set(partition.index, partition));
    partition.onWanting = () => this.#bell.ring();
    this.#bell.ring();
  }

  remove(partition: KafkaPartition): void {
    this.#partitions.delete(partition);
    this.#byTopic.get(hexOf(partition.topicId))?.delete(partition.index);
    if (this.#partitions.size === 0) this.fault = null;
  }

  has(partition: KafkaPartition): boolean {
    return this.#partitions.has(partition);
  }

  /** Resolves when nothing of it is at work any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#bell.ring();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    while (!this.#isStopped && !signal.aborted) {
      const wanted = [...this.#partitions].filter((partition) => partition.wantsMore);
      if (wanted.length === 0) await this.#bell.wait();
      else await this.#round(wanted);
    }
  }

  async #round(wanted: readonly KafkaPartition[]): Promise<void> {
    const { signal } = this.#options;
    try {
      await this.#fetch(wanted);
      this.#attempts = 0;
      this.fault = null;
    } catch (error) {
      if (signal.aborted || this.#isStopped) return;
      await this.#recover(error);
    }
  }

  async #fetch(wanted: readonly KafkaPartition[]): Promise<void> {
    const { cluster, settings, clock, instruments, signal } = this.#options;
    const startedAt = clock.monotonic();
    const { changed, forgotten, ...session } = this.#session.next(wanted);
    const request: FetchRequest = {
      ...session,
      maxWaitMs: this.#maxWaitMs(wanted),
      maxBytes: settings.fetchMaxBytes,
      isReadCommitted: settings.isReadCommitted,
      partitions: changed.map(asked),
      forgotten: forgotten.map(asked),
    };
    const options = { channel: 'fetch', timeoutMs: settings.sessionTimeoutMs, signal };
    const answer = await cluster.send(this.#node, { apis: this.#apis, args: [request] }, options);
    if (answer.errorCode !== 0) throw this.#refusal(answer.errorCode);
    this.#session.accept(answer.sessionId);
    for (const partition of wanted) partition.isReachable = true;
    let bytes = 0;
    for (const fetched of answer.partitions) {
      bytes += fetched.records.length;
      this.#take(fetched);
    }
    this.#emptyAnswers = bytes === 0 ? this.#emptyAnswers + 1 : 0;
    const labels = { broker: String(this.#node) };
    instruments?.observe('kafka_fetch_seconds', labels, (clock.monotonic() - startedAt) / 1000);
    instruments?.count('kafka_fetched_bytes_total', labels, bytes);
  }

  /** Where a full partition stays full, the others are asked for less and less often. */
  #maxWaitMs(wanted: readonly KafkaPartition[]): number {
    const { maxWaitMs } = this.#options.settings;
    // Whether the broker is back is to be known at once.
    if (this.#attempts > 0) return 0;
    if (wanted.length === this.#partitions.size) return maxWaitMs;
    return Math.min(maxWaitMs, SHORT_WAIT_MS * 2 ** Math.min(this.#emptyAnswers, 16));
  }

  #take(fetched: FetchedPartition): void {
    const { clock, settings, cluster, onPartitionError } = this.#options;
    const partition = this.#byTopic.get(fetched.topicId)?.get(fetched.index);
    // It may have moved to another broker in the meantime.
    if (partition === undefined) return;
    if (fetched.errorCode !== 0) {
      onPartitionError(partition, cluster.errorName(fetched.errorCode));
      return;
    }
    partition.noteEnd(fetched.highWatermark);
    if (fetched.records.length === 0 || !this.#session.isAt(partition)) return;
    const aborted = settings.isReadCommitted ? fetched.aborted : null;
    partition.add(new FetchedRecords(fetched.records, clock.now(), aborted));
  }

  #refusal(errorCode: number): KafkaFault {
    const code = this.#options.cluster.errorName(errorCode);
    return new KafkaFault('answered', `broker ${this.#node} answered Fetch with ${code}`, { code });
  }

  async #recover(error: unknown): Promise<void> {
    const { clock, signal, instruments, onUnreachable } = this.#options;
    const isSession = error instanceof KafkaFault && SESSION_ERRORS.includes(error.code ?? '');
    this.#session.reset({ isGone: isSession || !(error instanceof KafkaFault) || error.kind !== 'answered' });
    // A broker forgets sessions when it has too many; that is no fault.
    if (isSession && this.#attempts === 0) {
      this.#attempts = 1;
      return;
    }
    instruments?.count('kafka_disconnects_total', { broker: String(this.#node) }, 1);
    this.fault = `broker ${this.#node} cannot be read from: ${messageOf(error)}`;
    for (const partition of this.#partitions) partition.isReachable = false;
    onUnreachable();
    const delay = retryDelay(DELAYS, this.#attempts, clock.now());
    this.#attempts += 1;
    await clock.sleep(delay, signal);
  }
}

function asked({ topicId, index, currentLeaderEpoch, fetchOffset, maxBytes }: KafkaPartition): FetchPartition {
  return { topicId, index, currentLeaderEpoch, fetchOffset, maxBytes };
}
