import type { KafkaProducerConfig } from '../../kafka/kafka-settings.ts';
import type { DeadLetter } from '../../results/dead-letter.ts';
import type { LateEvent } from '../../results/late-event.ts';
import type { DeliveryTransaction } from '../delivery-transaction.ts';
import type { Delivery, EventSink, SinkContext } from '../event-sink.ts';
import { KafkaTransaction } from './kafka-transaction.ts';
import { PlainOutput } from './plain-output.ts';
import { checkTopic, producerSettings } from './producer-settings.ts';
import { undeliveredRecord, type RecordOf } from './topic-record.ts';

/** Where the sinks of topics write: all those of one connection share it. What it is made of is nobody else's business. */
export interface TopicWriter {
  addTopic(topic: string): void;
  write<T>(topic: string, items: readonly T[], recordOf: RecordOf<T>, delivery: Delivery): Promise<void>;
}

/** What writes by these settings: in transactions, or without where `acks` is not all. @throws ProcessorError CONFIG_INVALID. */
export function topicWriter(config: Omit<KafkaProducerConfig, 'resultTopic'>): TopicWriter {
  const settings = producerSettings(config);
  return settings.acks === -1 ? new KafkaTransaction(settings) : new PlainOutput(settings);
}

/** Writes items to a topic of Kafka. */
export class KafkaTopicSink<T> implements EventSink<T> {
  readonly name = 'kafka';
  readonly transaction?: DeliveryTransaction;
  readonly #topic: string;
  readonly #writer: TopicWriter;
  readonly #recordOf: RecordOf<T>;

  /** @throws ProcessorError CONFIG_INVALID for what cannot be the name of a topic. */
  constructor(topic: string, writer: TopicWriter, recordOf: RecordOf<T>) {
    checkTopic('topic', topic);
    writer.addTopic(topic);
    this.#topic = topic;
    this.#writer = writer;
    this.#recordOf = recordOf;
    if (writer instanceof KafkaTransaction) this.transaction = writer;
  }

  /** A sink for dead letters and late events that goes to another topic by the same connection. */
  sinkFor(topic: string): KafkaTopicSink<DeadLetter | LateEvent> {
    return new KafkaTopicSink(topic, this.#writer, undeliveredRecord);
  }

  /** A transaction is opened for all of its sinks at once. */
  async open(context: SinkContext): Promise<void> {
    if (this.#writer instanceof PlainOutput) await this.#writer.open(context);
  }

  async sendBatch(items: readonly T[], delivery: Delivery): Promise<void> {
    if (items.length > 0) await this.#writer.write(this.#topic, items, this.#recordOf, delivery);
  }

  async close(): Promise<void> {
    if (this.#writer instanceof PlainOutput) this.#writer.close();
  }
}
