import { present } from '../errors/assert.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { LateEvent } from '../results/late-event.ts';
import { ConsoleSink, type ConsoleStream } from '../sinks/console/console-sink.ts';
import { DeadLetterSink } from '../sinks/dead-letter/dead-letter-sink.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import { FileSink } from '../sinks/file/file-sink.ts';
import { KafkaAggregationSink } from '../sinks/kafka/kafka-aggregation-sink.ts';
import { KafkaTopicSink, topicWriter } from '../sinks/kafka/kafka-topic-sink.ts';
import { undeliveredRecord } from '../sinks/kafka/topic-record.ts';
import { deadLetterPlaceOf, kafkaProducerOf } from './kafka-of-config.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { ProcessorConfig, SinkConfig } from './schema/processor.ts';
import { metricsSinkOf, serverSinkOf } from './server-sinks-of-config.ts';

/** What sinks write to that a configuration does not have. */
export interface SinkStreams {
  readonly stdout: ConsoleStream;
  /** What a sink of type `metrics` adds to. */
  readonly metrics?: ProcessorMetrics | undefined;
}

/** Where results, dead letters and late events go. */
export interface ConfiguredSinks {
  readonly sinks: readonly EventSink[];
  readonly deadLetterSink: DeadLetterSink;
  /** Absent where late events are counted and dropped. */
  readonly lateSink?: DeadLetterSink;
}

/** The sinks that a configuration asks for; none is opened. Those of Kafka share a connection and a transaction. */
export function sinksOf(config: ProcessorConfig, parts: SinkStreams): ConfiguredSinks {
  const kafka = kafkaSinksOf(config);
  const deadLetters = deadLetterPlaceOf(config);
  const { path, topic } = config.late_events;
  const late = topic === null ? path : topicSink(topic, kafka);
  return {
    sinks: config.sinks.map((sink) => sinkOf(sink, kafka, config, parts)),
    deadLetterSink: new DeadLetterSink('topic' in deadLetters ? topicSink(deadLetters.topic, kafka) : deadLetters),
    ...(late === null ? {} : { lateSink: new DeadLetterSink(typeof late === 'string' ? { path: late } : late) }),
  };
}

/** What writes to Kafka, by one connection and in one transaction. */
interface KafkaSinks {
  /** Absent where no results go to Kafka. */
  readonly results?: KafkaAggregationSink;
  readonly sinkFor: (topic: string) => EventSink<DeadLetter | LateEvent>;
}

function kafkaSinksOf({ kafka: { producer }, sinks }: ProcessorConfig): KafkaSinks | undefined {
  if (producer === undefined) return undefined;
  const settings = kafkaProducerOf(producer);
  if (sinks.some(({ type }) => type === 'kafka')) {
    const results = new KafkaAggregationSink(settings);
    return { results, sinkFor: (topic) => results.sinkFor(topic) };
  }
  // The topic of the results is not written to, and need not be there.
  const writer = topicWriter(settings);
  return { sinkFor: (topic) => new KafkaTopicSink(topic, writer, undeliveredRecord) };
}

function topicSink(topic: string, kafka: KafkaSinks | undefined): EventSink<DeadLetter | LateEvent> {
  return present(kafka, 'kafka.producer').sinkFor(topic);
}

function sinkOf(
  sink: SinkConfig,
  kafka: KafkaSinks | undefined,
  config: ProcessorConfig,
  { stdout, metrics }: SinkStreams,
): EventSink {
  switch (sink.type) {
    case 'file':
      return new FileSink(sink.path);
    case 'console':
      return new ConsoleSink({ format: sink.format, stream: stdout });
    case 'kafka':
      return present(kafka?.results, 'kafka.producer');
    case 'metrics':
      return metricsSinkOf(sink, metrics);
    case 'postgres':
    case 'websocket':
    case 'http':
      return serverSinkOf(sink, config);
  }
}
