import { answerOf, type KafkaCluster } from '../../kafka/cluster.ts';
import { KafkaFault } from '../../kafka/kafka-fault.ts';
import { partitionId } from '../../kafka/partition-id.ts';
import type { Instruments } from '../../telemetry/instruments.ts';
import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';
import { producedPartitions, produceApis, type PartitionBytes, type ProduceRequest } from './produce-request.ts';
import type { TopicDirectory } from './topic-directory.ts';
import type { Produced } from './transaction-requests.ts';

/** Bytes of a request, about; a single batch may be longer. Brokers take 100 MiB unless told otherwise. */
const MAX_REQUEST_BYTES = 8_388_608;
/** An idempotent batch that was written before, and whose answer was lost. */
const WRITTEN_BEFORE = 'DUPLICATE_SEQUENCE_NUMBER';
const TOO_LONG: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** A batch as it is sent. */
export interface SealedBatch extends PartitionBytes {
  readonly count: number;
}

/** What a writer is made with. */
export interface BatchWriterOptions {
  readonly cluster: KafkaCluster;
  readonly directory: TopicDirectory;
  readonly instruments: Instruments;
  readonly clock: Clock;
  /** How long a leader may wait for its replicas. */
  readonly replicaTimeoutMs: Millis;
}

/** How batches are written. */
export interface WriteOptions {
  readonly transactionalId: string | null;
  readonly acks: ProduceRequest['acks'];
  readonly signal: AbortSignal;
}

/** Sends batches to the leaders of their partitions, to all leaders at once. */
export class BatchWriter {
  readonly #options: BatchWriterOptions;
  /** True where leaders must be looked up anew. */
  #isStale = false;

  constructor(options: BatchWriterOptions) {
    this.#options = options;
  }

  /**
   * Writes one batch of each partition at most. Never throws for what a broker refuses.
   * @throws ProcessorError KAFKA_TOPIC_UNKNOWN for a topic that is not there (any more).
   */
  async write<B extends SealedBatch>(batches: readonly B[], options: WriteOptions): Promise<Produced<B>> {
    const { directory } = this.#options;
    try {
      if (this.#isStale) await directory.refresh(options.signal);
      this.#isStale = false;
      const requests = [...this.#byLeader(batches)].flatMap(([leader, own]) =>
        chunksOf(own).map((chunk) => this.#send(leader, chunk, options)),
      );
      const outcomes = await Promise.all(requests);
      const left = outcomes.flatMap((outcome) => outcome.left);
      return { left, fault: outcomes.find(({ fault }) => fault !== null)?.fault ?? null };
    } catch (error) {
      if (!(error instanceof KafkaFault)) throw error;
      this.#isStale = true;
      return { left: batches, fault: error };
    }
  }

  #byLeader<B extends SealedBatch>(batches: readonly B[]): Map<number, B[]> {
    const leaders = new Map<number, B[]>();
    for (const batch of batches) {
      const leader = this.#options.directory.leaderOf(batch.topic, batch.partition);
      const known = leaders.get(leader);
      if (known === undefined) leaders.set(leader, [batch]);
      else known.push(batch);
    }
    return leaders;
  }

  async #send<B extends SealedBatch>(
    leader: number,
    batches: readonly B[],
    options: WriteOptions,
  ): Promise<Produced<B>> {
    const { cluster, clock, instruments, replicaTimeoutMs } = this.#options;
    const { transactionalId, acks, signal } = options;
    const broker = String(leader);
    const args: [ProduceRequest] = [{ transactionalId, acks, timeoutMs: replicaTimeoutMs, batches }];
    const startedAt = clock.monotonic();
    try {
      const request = { apis: produceApis(cluster.library), args };
      const answer = producedPartitions(await answerOf(cluster.send(leader, request, { signal })));
      instruments.observe('kafka_produce_seconds', { broker }, (clock.monotonic() - startedAt) / 1000);
      const errors = new Map(answer?.map((each) => [partitionId(each), each]));
      const faults = batches.map((batch) => {
        const found = errors.get(partitionId(batch));
        if (found !== undefined) return this.#faultOf(batch, found.errorCode, found.errorMessage);
        // Nobody was asked to answer, or the answer says nothing of it.
        return answer === undefined ? null : new KafkaFault('incompatible', `${batch.topic}: no answer to a batch`);
      });
      const left = batches.filter((_, i) => faults[i] !== null);
      for (const batch of batches.filter((_, i) => faults[i] === null)) this.#count(batch);
      return { left, fault: faults.find((fault) => fault !== null) ?? null };
    } catch (error) {
      if (!(error instanceof KafkaFault)) throw error;
      this.#isStale = true;
      return { left: batches, fault: error };
    }
  }

  #faultOf(batch: SealedBatch, errorCode: number, said: string | null): KafkaFault | null {
    const { cluster, directory } = this.#options;
    if (errorCode === 0) return null;
    const code = cluster.errorName(errorCode);
    if (code === WRITTEN_BEFORE) return null;
    if (TOO_LONG.has(code)) directory.noteTooLong(batch.topic, batch.bytes.length, batch.count);
    const detail = said === null ? '' : `: ${said}`;
    const fault = new KafkaFault('answered', `${partitionId(batch)} was answered with ${code}${detail}`, {
      code,
      canRetry: cluster.library.protocolErrors[code]?.canRetry ?? false,
    });
    if (fault.isStaleLeader) this.#isStale = true;
    return fault;
  }

  #count({ topic, count, bytes }: SealedBatch): void {
    const { instruments } = this.#options;
    instruments.count('kafka_produced_records_total', { topic }, count);
    instruments.count('kafka_produced_bytes_total', { topic }, bytes.length);
  }
}

function chunksOf<B extends SealedBatch>(batches: readonly B[]): readonly (readonly B[])[] {
  const chunks: B[][] = [];
  let room = 0;
  for (const batch of batches) {
    const last = chunks.at(-1);
    if (last === undefined || batch.bytes.length > room) {
      chunks.push([batch]);
      room = MAX_REQUEST_BYTES;
    } else last.push(batch);
    room -= batch.bytes.length;
  }
  return chunks;
}
