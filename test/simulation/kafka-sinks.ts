import type { AggregationResult } from '../../src/results/aggregation-result.ts';
import { partitionOfKey } from '../../src/kafka/records/murmur2.ts';
import type {
  DeliveryMark,
  DeliveryTransaction,
  TakenOver,
  TransactionCommit,
  TransactionContext,
} from '../../src/sinks/delivery-transaction.ts';
import type { Delivery, EventSink } from '../../src/sinks/event-sink.ts';
import { TransactionalProducer } from '../../src/sinks/kafka/transactional-producer.ts';
import type { TransactionRequests } from '../../src/sinks/kafka/transaction-requests.ts';
import type { SimulatedKafka } from './kafka.ts';
import type { TextRecords } from './kafka-requests.ts';
import type { Ledger } from './ledger.ts';
import type { SimulatedProcess } from './process.ts';
import type { Canonical } from './sinks.ts';

/** Topic of the results. */
export const RESULTS = 'results';
/** Topic of late events. */
export const LATE = 'late';
/** Topic of dead letters. */
export const LETTERS = 'letters';

/** What a transaction is made from. */
export interface SimulatedTransactionOptions {
  readonly process: SimulatedProcess;
  readonly kafka: SimulatedKafka;
  readonly requests: TransactionRequests;
  readonly ledger: Ledger;
  readonly transactionalId: string;
  readonly retries: number;
  readonly transactionTimeoutMs: number;
  readonly afterRestore: 'refuse' | 'deliver_again';
}

/** The real producer of transactions, with a simulated cluster. */
export class SimulatedTransaction implements DeliveryTransaction {
  readonly name = 'kafka';
  readonly afterRestore: 'refuse' | 'deliver_again';
  readonly #options: SimulatedTransactionOptions;
  #producer: TransactionalProducer | undefined;

  constructor(options: SimulatedTransactionOptions) {
    this.#options = options;
    this.afterRestore = options.afterRestore;
  }

  async open({ clock, instruments, pipeline }: TransactionContext): Promise<TakenOver> {
    const { requests, transactionalId, retries, transactionTimeoutMs } = this.#options;
    this.#producer = new TransactionalProducer({
      requests,
      clock,
      instruments,
      pipeline,
      transactionalId,
      markTopic: RESULTS,
      source: { group: 'group', topicPartitionOf: (id) => ({ topic: 'events', partition: Number(id.split('-')[1]) }) },
      retries,
      transactionTimeoutMs,
    });
    return this.#producer.open();
  }

  reopen(signal: AbortSignal): Promise<DeliveryMark | null> {
    return this.#opened.reopen(signal);
  }

  begin(): void {
    this.#opened.begin();
  }

  commit(commit: TransactionCommit): Promise<void> {
    return this.#opened.commit(commit);
  }

  async close(): Promise<void> {
    await this.#producer?.close(new AbortController().signal);
  }

  /**
   * A sink of the transaction. Each item is written with which one it is of those of an epoch that look alike: an event is late for
   * two windows of the same span, and that is told from one that is delivered twice.
   */
  sink<T, J>(topic: string, canonical: Canonical<T, J>, keyOf: (item: T) => string | null): EventSink<T> {
    const { ledger, kafka } = this.#options;
    return {
      name: 'kafka',
      transaction: this,
      sendBatch: async (items: readonly T[], { epoch, signal }: Delivery) => {
        ledger.delivering(epoch);
        const byPartition = new Map<number, string[]>();
        const counts = new Map<string, number>();
        for (const item of items) {
          const key = keyOf(item);
          const partition =
            key === null ? epoch % kafka.partitionCount : partitionOfKey(Buffer.from(key), kafka.partitionCount);
          const text = JSON.stringify(canonical(item).json);
          const nth = (counts.get(text) ?? 0) + 1;
          counts.set(text, nth);
          byPartition.set(partition, [...(byPartition.get(partition) ?? []), `[${text},${String(nth)}]`]);
        }
        await this.#opened.write(
          [...byPartition].map(([partition, texts]) => recordsOf(topic, partition, texts)),
          signal,
        );
      },
    };
  }

  get #opened(): TransactionalProducer {
    if (this.#producer === undefined) throw new Error('not open');
    return this.#producer;
  }
}

/** The key of a result, as it is written. */
export function keyOfResult({ key }: AggregationResult<unknown>): string | null {
  return key?.toString() ?? null;
}

function recordsOf(topic: string, partition: number, items: readonly string[]): TextRecords {
  return { topic, partition, items, count: items.length, sealed: () => new Uint8Array(0) };
}
