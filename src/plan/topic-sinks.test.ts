import { describe, expect, it } from 'vitest';
import { createPipeline } from '../pipeline/create-pipeline.ts';
import type { PipelineBuilder } from '../pipeline/pipeline-builder.ts';
import type { AggregationResult, MetricResults } from '../results/aggregation-result.ts';
import { CallbackSink } from '../sinks/callback/callback-sink.ts';
import { DeadLetterSink } from '../sinks/dead-letter/dead-letter-sink.ts';
import { KafkaAggregationSink } from '../sinks/kafka/kafka-aggregation-sink.ts';
import { ErrorHandler, ErrorPolicy } from './error-handler.ts';
import { LateEventHandler } from './late-event-handler.ts';

type Builder = PipelineBuilder<{ value: number }, MetricResults>;

function builder(): Builder {
  return createPipeline<{ value: number }>('p').withValue('value').withTumblingWindow('1m');
}

const withTopics: Record<string, (from: Builder) => Builder> = {
  'late events': (from) =>
    from.withLateEventHandler(new LateEventHandler('1m').withSideOutput(new DeadLetterSink('a-topic'))),
  'dead letters': (from) => from.withDeadLetterSink(new DeadLetterSink('a-topic')),
  'dead letters of the error handler': (from) =>
    from.withErrorHandler(new ErrorHandler(ErrorPolicy.deadLetter()).withSink(new DeadLetterSink('a-topic'))),
};

describe.each(Object.entries(withTopics))('a topic for %s', (_what, withTopic) => {
  it('is reached by the connection of a Kafka sink, in its transaction', () => {
    const results = new KafkaAggregationSink({ bootstrapServers: 'localhost:9092', resultTopic: 'results' });
    const { plan } = withTopic(builder()).withSink(results).build();
    const sink = plan.lateSink ?? plan.errorHandler.sink ?? plan.deadLetterSink;
    expect(sink?.topic).toBeUndefined();
    expect(sink?.transaction).toBe(results.transaction);
  });

  it('is refused where no sink has a connection, and the message says what to do', () => {
    const results = new CallbackSink<AggregationResult<MetricResults>>(() => undefined);
    expect(() => withTopic(builder()).withSink(results).build()).toThrow(
      /(?:late events|dead letters) are to go to the topic "a-topic", .* add a KafkaAggregationSink, or say how/,
    );
  });
});
