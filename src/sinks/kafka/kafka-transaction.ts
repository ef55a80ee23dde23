import { present } from '../../errors/assert.ts';
import { KafkaCluster } from '../../kafka/cluster.ts';
import { explainFault } from '../../kafka/explain-fault.ts';
import type { OffsetGroup } from '../../kafka/offset-group.ts';
import type { Millis } from '../../time/instant.ts';
import type {
  DeliveryMark,
  DeliveryTransaction,
  TakenOver,
  TransactionCommit,
  TransactionContext,
} from '../delivery-transaction.ts';
import type { Delivery } from '../event-sink.ts';
import { ClusterRequests } from './cluster-requests.ts';
import { deliveryFault } from './delivery-fault.ts';
import { KafkaOutput } from './kafka-output.ts';
import type { ProducerSettings } from './producer-settings.ts';
import type { RecordOf } from './topic-record.ts';
import { TransactionalProducer } from './transactional-producer.ts';

/** How long a request may go unanswered, at most. */
const REQUEST_TIMEOUT_MS: Millis = 15_000;
/** How much longer than a delivery a transaction may be open before the broker ends it. */
const TRANSACTION_MARGIN_MS: Millis = 30_000;
/** Brokers allow no more unless told otherwise (`transaction.max.timeout.ms`). */
const MAX_TRANSACTION_MS: Millis = 900_000;
/** How long ending what is open may take when the sink is closed. */
const CLOSING_MS: Millis = 2000;

/** The transaction of all sinks that write to topics of one cluster. */
export class KafkaTransaction implements DeliveryTransaction {
  readonly name = 'kafka';
  readonly afterRestore: DeliveryTransaction['afterRestore'];
  readonly #settings: ProducerSettings;
  /** The first one has the marks. */
  readonly #topics = new Set<string>();
  #output: KafkaOutput | undefined;
  #producer: TransactionalProducer | undefined;
  #context: TransactionContext | undefined;

  constructor(settings: ProducerSettings) {
    this.#settings = settings;
    this.afterRestore = settings.afterRestore;
  }

  /** Another topic is written to. Before it is opened. */
  addTopic(topic: string): void {
    this.#topics.add(topic);
  }

  async open(context: TransactionContext): Promise<TakenOver> {
    const { clock, instruments, pipeline, group } = context;
    const transactionalId = this.#transactionalIdFor(context);
    const topics = [...this.#topics];
    try {
      const output = await KafkaOutput.open({
        ...context,
        settings: this.#settings,
        topics,
        clientId: transactionalId,
        requestTimeoutMs: requestTimeoutOf(context),
      });
      this.#output = output;
      const { cluster, writer } = output;
      const transactionTimeoutMs = Math.min(context.deliveryTimeoutMs + TRANSACTION_MARGIN_MS, MAX_TRANSACTION_MS);
      const requests = new ClusterRequests({ cluster, writer, transactionalId, transactionTimeoutMs });
      const isOfSource = group !== undefined && (await this.#readsFrom(group, cluster, context));
      this.#producer = new TransactionalProducer({
        requests,
        clock,
        instruments,
        pipeline,
        transactionalId,
        markTopic: topics[0] ?? '',
        retries: this.#settings.retries,
        ...(isOfSource
          ? { source: { group: group.groupId(pipeline), topicPartitionOf: (id) => group.topicPartitionOf(id) } }
          : {}),
      });
      this.#context = context;
      return await this.#producer.open();
    } catch (error) {
      this.#output?.close();
      this.#output = undefined;
      throw explainFault(`Kafka, transactional id "${transactionalId}"`, error, 'sink');
    }
  }

  async reopen(signal: AbortSignal): Promise<DeliveryMark | null> {
    return this.#opened().reopen(signal);
  }

  begin(): void {
    this.#opened().begin();
  }

  /** Writes items to a topic, in the transaction. @throws ProcessorError of kind `sink`. */
  async write<T>(
    topic: string,
    items: readonly T[],
    recordOf: RecordOf<T>,
    { epoch, signal }: Delivery,
  ): Promise<void> {
    const output = present(this.#output, 'an open connection');
    const records = await output.pack(items, recordOf, { topic, turn: epoch, signal }).catch((error: unknown) => {
      throw deliveryFault(`the topic "${topic}" cannot be written to`, error);
    });
    await this.#opened().write(records, signal);
  }

  async commit(commit: TransactionCommit): Promise<void> {
    await this.#opened().commit(commit);
  }

  async close(): Promise<void> {
    const [output, producer, context] = [this.#output, this.#producer, this.#context];
    this.#output = undefined;
    this.#producer = undefined;
    if (producer !== undefined && context !== undefined) {
      const limit = new AbortController();
      const over = new AbortController();
      const timeUp = context.clock.sleep(CLOSING_MS, over.signal).then(() => limit.abort());
      await Promise.race([producer.close(limit.signal), timeUp]);
      over.abort();
    }
    output?.close();
  }

  #opened(): TransactionalProducer {
    return present(this.#producer, 'an open transaction');
  }

  #transactionalIdFor({ pipeline, group, ordinal }: TransactionContext): string {
    const id = this.#settings.transactionalId ?? `${pipeline}-${group?.instance ?? 0}`;
    return ordinal === 0 ? id : `${id}-${ordinal + 1}`;
  }

  /** Whether the source reads from the cluster that is written to. @throws KafkaFault. */
  async #readsFrom(group: OffsetGroup, cluster: KafkaCluster, context: TransactionContext): Promise<boolean> {
    if (group.connection.bootstrapServers === this.#settings.connection.bootstrapServers) return true;
    const { clock, logger, pipeline } = context;
    const requestTimeoutMs = requestTimeoutOf(context);
    const options = { settings: group.connection, clientId: pipeline, clock, logger, requestTimeoutMs };
    const other = await KafkaCluster.open(options);
    try {
      return other.id !== null && other.id === cluster.id;
    } finally {
      other.close();
    }
  }
}

/** An attempt at a delivery has room for a request that goes unanswered, and for another. */
function requestTimeoutOf({ deliveryTimeoutMs }: TransactionContext): Millis {
  return Math.max(1000, Math.min(REQUEST_TIMEOUT_MS, Math.floor(deliveryTimeoutMs / 2)));
}
