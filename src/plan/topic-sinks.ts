import { ProcessorError } from '../errors/processor-error.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { LateEvent } from '../results/late-event.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import type { PipelinePlan } from './plan.ts';

/**
 * The plan with each sink that only names a topic replaced by one that goes there by the connection of a result sink.
 * @throws ProcessorError CONFIG_INVALID where no result sink has one.
 */
export function withTopicSinks(plan: PipelinePlan): PipelinePlan {
  const { lateSink, deadLetterSink, errorHandler } = plan;
  const { sink } = errorHandler;
  return {
    ...plan,
    ...(lateSink === undefined ? {} : { lateSink: reached(lateSink, plan, 'late events') }),
    ...(deadLetterSink === undefined ? {} : { deadLetterSink: reached(deadLetterSink, plan, 'dead letters') }),
    errorHandler: sink === undefined ? errorHandler : errorHandler.withSink(reached(sink, plan, 'dead letters')),
  };
}

function reached<T extends DeadLetter | LateEvent>(
  sink: EventSink<T>,
  { sinks }: PipelinePlan,
  what: string,
): EventSink<T> {
  const { topic } = sink;
  if (topic === undefined) return sink;
  const connected = sinks.find((each) => each.sinkFor !== undefined);
  const found = connected?.sinkFor?.(topic);
  if (found !== undefined) return found;
  const message = `the ${what} are to go to the topic "${topic}", and no sink of the pipeline knows how to reach it: add a KafkaAggregationSink, or say how: new DeadLetterSink(${JSON.stringify(topic)}, { bootstrapServers: "localhost:9092" })`;
  throw new ProcessorError('configuration', 'CONFIG_INVALID', message, { path: 'sinks' });
}
