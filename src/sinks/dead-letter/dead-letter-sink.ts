import { ProcessorError } from '../../errors/processor-error.ts';
import type { KafkaProducerConfig } from '../../kafka/kafka-settings.ts';
import type { DeadLetter } from '../../results/dead-letter.ts';
import type { LateEvent } from '../../results/late-event.ts';
import type { DeliveryTransaction } from '../delivery-transaction.ts';
import type { Delivery, EventSink, SinkContext } from '../event-sink.ts';
import { FileSink } from '../file/file-sink.ts';
import { KafkaTopicSink, topicWriter } from '../kafka/kafka-topic-sink.ts';
import { checkTopic } from '../kafka/producer-settings.ts';
import { undeliveredRecord } from '../kafka/topic-record.ts';

/** What could not be used: refused records, and events that came too late. */
export type Undelivered = DeadLetter | LateEvent;

/** How a topic is reached and written to: all of `kafka.producer` but the topic of the results. */
export type TopicConnection = Omit<KafkaProducerConfig, 'resultTopic'>;

/**
 * Where refused records and late events go: a topic of Kafka, a file of one JSON object a line, or any other sink, which may
 * then be used for nothing else.
 *
 * A topic is reached by the connection of the pipeline's first `KafkaAggregationSink`, in one transaction with the results.
 * In a pipeline without such a sink, say how: `new DeadLetterSink('late', { bootstrapServers: 'localhost:9092' })`.
 */
export class DeadLetterSink implements EventSink<Undelivered> {
  readonly name = 'dead-letter';
  /** The topic that it goes to by another sink's connection. */
  readonly topic?: string;
  readonly transaction?: DeliveryTransaction;
  /** Where the sink within stands; absent where that does not tell. */
  readonly position?: () => string;
  readonly #inner: EventSink<Undelivered> | undefined;

  /** @throws ProcessorError CONFIG_INVALID for what is none of these. */
  constructor(topic: string, connection?: TopicConnection);
  constructor(target: { readonly path: string } | EventSink<Undelivered>);
  constructor(target: string | { readonly path: string } | EventSink<Undelivered>, connection?: TopicConnection) {
    if (typeof target === 'string' && connection === undefined) {
      checkTopic('topic', target);
      this.topic = target;
      return;
    }
    const inner = sinkOf(target, connection);
    this.#inner = inner;
    if (inner.transaction !== undefined) this.transaction = inner.transaction;
    const position = inner.position?.bind(inner);
    if (position !== undefined) this.position = position;
  }

  async open(context: SinkContext): Promise<void> {
    await this.#used.open?.(context);
  }

  async sendBatch(items: readonly Undelivered[], delivery: Delivery): Promise<void> {
    const inner = this.#used;
    if (inner.sendBatch !== undefined) {
      await inner.sendBatch(items, delivery);
      return;
    }
    for (const item of items) await inner.send?.(item, delivery);
  }

  async close(): Promise<void> {
    await this.#inner?.close?.();
  }

  /** @throws ProcessorError CONFIG_INVALID where nothing is known but the topic. */
  get #used(): EventSink<Undelivered> {
    if (this.#inner !== undefined) return this.#inner;
    throw invalid(`the topic "${this.topic ?? ''}" is used outside of a pipeline: say how it is reached`);
  }
}

function sinkOf(target: unknown, connection: TopicConnection | undefined): EventSink<Undelivered> {
  if (typeof target === 'string' && connection !== undefined) {
    return new KafkaTopicSink(target, topicWriter(connection), undeliveredRecord);
  }
  if (typeof target === 'object' && target !== null) {
    if (isSink(target)) return target;
    if ('path' in target && typeof target.path === 'string') return new FileSink(target.path);
  }
  throw invalid('a dead letter sink needs the name of a topic, { path: "dead-letters.ndjson" } or another sink');
}

function invalid(message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message);
}

function isSink(target: object): target is EventSink<Undelivered> {
  return (
    ('sendBatch' in target && typeof target.sendBatch === 'function') ||
    ('send' in target && typeof target.send === 'function')
  );
}
