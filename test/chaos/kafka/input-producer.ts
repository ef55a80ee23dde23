import type { API } from '@platformatic/kafka';
import type { KafkaCluster } from '../../../src/kafka/cluster.ts';
import { KafkaFault } from '../../../src/kafka/kafka-fault.ts';
import { retrying } from '../../../src/kafka/retrying.ts';
import { SystemClock } from '../../../src/time/clock.ts';
import { ChaosFailure } from '../command-line.ts';

/** How what is produced is compressed. */
export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Some records for one partition, which make one batch. */
export interface Send {
  readonly partition: number;
  readonly records: readonly { readonly key: string; readonly text: string }[];
}

interface Identity {
  readonly id: bigint;
  readonly epoch: number;
}

const REQUEST_MS = 30_000;
const TRANSACTION_MS = 60_000;
/** How long a broker may be away. */
const PATIENCE_MS = 60_000;

const clock = new SystemClock();

/** Does what may fail for a while, until it works. @throws ChaosFailure where it never does. */
export async function patiently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await retrying(attempt, { clock, limitMs: PATIENCE_MS, signal });
  } catch (error) {
    if (!(error instanceof KafkaFault)) throw error;
    throw new ChaosFailure(`the input cannot be produced: ${error.message}`);
  }
}

/**
 * Writes input, by the client library's own encoder. Nothing is tried again here: after a failure nobody knows whether a
 * batch was written, and the log must be asked.
 */
export class InputProducer {
  readonly #cluster: KafkaCluster;
  readonly #topic: string;
  readonly #codec: Codec;
  /** Null for records that are in no transaction. */
  readonly #transactionalId: string | null;
  #identity: Identity = { id: -1n, epoch: -1 };
  #sequences = new Map<number, number>();

  constructor(cluster: KafkaCluster, topic: string, codec: Codec, transactionalId: string | null) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#codec = codec;
    this.#transactionalId = transactionalId;
  }

  /** Ends whatever an earlier transaction has left open, and begins anew. @throws KafkaFault. */
  async initialise(): Promise<void> {
    const id = this.#transactionalId ?? '';
    const { api } = this.#cluster.library.initProducerIdV4;
    const { producerId, producerEpoch } = await this.#coordinated(api, [id, TRANSACTION_MS, -1n, -1]);
    this.#identity = { id: producerId, epoch: producerEpoch };
    this.#sequences = new Map();
  }

  /** Says which partitions the next records of a transaction are for. @throws KafkaFault. */
  async enlist(partitions: readonly number[]): Promise<void> {
    const transaction = {
      transactionalId: this.#transactionalId ?? '',
      producerId: this.#identity.id,
      producerEpoch: this.#identity.epoch,
      verifyOnly: false,
      topics: [{ name: this.#topic, partitions: [...partitions] }],
    };
    await this.#coordinated(this.#cluster.library.addPartitionsToTxnV3.api, [[transaction]]);
  }

  /** Resolves when the batch is written. @throws KafkaFault; it may be written all the same. */
  async send({ partition, records }: Send): Promise<void> {
    if (records.length === 0) return;
    const leader = await this.#leaderOf(partition);
    const messages = records.map(({ key, text }) => ({
      topic: this.#topic,
      partition,
      key: Buffer.from(key),
      value: Buffer.from(text),
    }));
    const { id, epoch } = this.#identity;
    const first = this.#sequences.get(partition) ?? 0;
    const { NumericMap, produceV11 } = this.#cluster.library;
    const sequences = new NumericMap([
      [`${this.#topic}:${String(partition)}`, this.#transactionalId === null ? -1 : first],
    ]);
    const options = {
      compression: this.#codec,
      producerId: id,
      producerEpoch: epoch,
      sequences,
      ...(this.#transactionalId === null ? {} : { transactionalId: this.#transactionalId }),
    };
    await this.#cluster.send(
      leader,
      { apis: [produceV11.api], args: [-1, REQUEST_MS, messages, options] },
      { timeoutMs: REQUEST_MS, channel: 'input' },
    );
    this.#sequences.set(partition, first + records.length);
  }

  /** Ends the transaction. @throws KafkaFault; it may have ended all the same. */
  async end(isCommitted: boolean): Promise<void> {
    const { id, epoch } = this.#identity;
    await this.#coordinated(this.#cluster.library.endTxnV4.api, [this.#transactionalId ?? '', id, epoch, isCommitted]);
  }

  async #leaderOf(partition: number): Promise<number> {
    const metadata = (await this.#cluster.topics([this.#topic])).get(this.#topic);
    const leader = metadata?.partitions[partition]?.leader ?? -1;
    if (leader !== -1) return leader;
    throw new KafkaFault('answered', `partition ${String(partition)} has no leader`, { code: 'LEADER_NOT_AVAILABLE' });
  }

  async #coordinated<A extends unknown[], R>(api: API<A, R>, args: A): Promise<R> {
    const id = this.#transactionalId ?? '';
    return this.#cluster.sendToCoordinator('transaction', id, { apis: [api], args }, { timeoutMs: REQUEST_MS });
  }
}
