import { z } from 'zod';
import { httpSink, metricsSink, postgresSink, webSocketSink } from './server-sinks.ts';
import { filePath, setting, timerMillis, topicName, wholeNumber } from './setting.ts';

/** `processor.error_handling`: what happens when a sink or a source fails. */
export const errorHandlingSchema = setting(
  z.strictObject({
    policy: setting(z.enum(['retry', 'skip', 'dead_letter']).default('retry'), {
      description:
        'When a sink or source fails: try again and stop if it does not help (`retry`), count and leave out (`skip`), or put aside (`dead_letter`). An event that cannot be read never stops the stream: it is a dead letter.',
    }),
    max_retries: setting(wholeNumber(0).default(3), {
      description: 'Attempts after the first failure (`retry`).',
      unit: 'attempts',
    }),
    initial_retry_delay_ms: setting(timerMillis(0).default(100), {
      description: 'Wait before the first retry; doubled with each further one (`retry`).',
      unit: 'milliseconds',
    }),
    max_retry_delay_ms: setting(timerMillis(0).default(5000), {
      description: 'The longest wait between two retries (`retry`).',
      unit: 'milliseconds',
    }),
    dead_letter_topic: setting(topicName().default('processor-dead-letter'), {
      description: 'Kafka topic for dead letters, used where `kafka.producer` is given.',
    }),
    dead_letter_path: setting(filePath().default('./data/dead-letters.ndjson'), {
      description: 'File for dead letters, used where there is no `kafka.producer`.',
    }),
  }),
  { description: 'What happens when a sink or a source fails, and where events that cannot be read go.' },
);

/** `processor.late_events`: where events go that come too late for their window. */
export const lateEventsSchema = setting(
  z.strictObject({
    topic: setting(topicName().nullable().default(null), {
      description: 'Kafka topic for events that came too late. Needs `kafka.producer`.',
      defaultText: 'unset: counted and dropped',
      example: 'late-events',
    }),
    path: setting(filePath().nullable().default(null), {
      description: 'File for events that came too late.',
      defaultText: 'unset: counted and dropped',
      example: './data/late-events.ndjson',
    }),
  }),
  { description: 'Where events go that come too late for their window. Unset: they are counted and dropped.' },
);

const consoleSink = setting(
  z.strictObject({
    type: setting(z.literal('console'), { description: 'Standard output.' }),
    format: setting(z.enum(['table', 'json']).default('table'), {
      description: 'A table for people, or one JSON object a line.',
    }),
  }),
  { description: 'Results on standard output.' },
);

const fileSink = setting(
  z.strictObject({
    type: setting(z.literal('file'), { description: 'A file.' }),
    path: setting(filePath(), {
      description: 'The file that results are appended to, as JSON lines.',
      example: 'out/results.ndjson',
    }),
  }),
  { description: 'Results in a file, one JSON object a line.' },
);

const kafkaSink = setting(
  z.strictObject({
    type: setting(z.literal('kafka'), { description: 'The topic `kafka.producer.result_topic`.' }),
  }),
  { description: 'Results to the topic `kafka.producer.result_topic`.' },
);

const sink = setting(
  z.discriminatedUnion('type', [consoleSink, fileSink, kafkaSink, postgresSink, webSocketSink, httpSink, metricsSink]),
  {
    description: 'A sink.',
    allowed: 'a sink such as { type: console } or { type: file, path: out/results.ndjson }',
  },
);

/** `processor.sinks`: where results go. */
export const sinksSchema = setting(z.array(sink).min(1).optional(), {
  description: 'Where results go: each result to every sink.',
  allowed: 'a list of sinks with at least one entry, such as [{ type: console }]',
  defaultText: '`[{ type: kafka }]` if `kafka.producer` is given, else `[{ type: console, format: table }]`',
  example: [
    { type: 'console', format: 'table' },
    { type: 'file', path: 'out/results.ndjson' },
  ],
});
