import { setTimeout as after } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it } from 'vitest';
import { createPipeline } from '../../src/pipeline/create-pipeline.ts';
import type { Pipeline } from '../../src/pipeline/pipeline.ts';
import { LateEventHandler } from '../../src/plan/late-event-handler.ts';
import type { MetricResults } from '../../src/results/aggregation-result.ts';
import { DurableBackend } from '../../src/runtime/run-fixtures.contract.ts';
import { KafkaAggregationSink } from '../../src/sinks/kafka/kafka-aggregation-sink.ts';
import { BoundedOutOfOrdernessWatermark } from '../../src/time/bounded-out-of-orderness-watermark.ts';
import { runProgram } from './java.ts';
import { Kcat } from './other-clients.ts';
import { clusterAt, RawProducer, type RawRecord } from './raw-producer.ts';
import { sharedBroker } from './shared-broker.ts';
import { valuesOf } from './topic-content.ts';
import { createTopic, uniqueName } from './topics.ts';

const kafka = await sharedBroker();
const { bootstrapServers } = kafka;
const withoutKcat = kafka.missing ?? (await Kcat.whatIsMissing());

const SPAN = 'b7ad6b7169203331';
const traceId = (number: number): string => number.toString(16).padStart(32, '0');
const parent = (number: number, flags = '01'): string => `00-${traceId(number)}-${SPAN}-${flags}`;
const event = (at: number): string => JSON.stringify({ at, key: 'a' });

afterEach(() => {
  trace.disable();
  context.disable();
});

function exporter(): (name: string) => readonly ReadableSpan[] {
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  return (name) => spans.getFinishedSpans().filter((span) => span.name === name);
}

const happened = ({ events }: ReadableSpan): readonly string[] => events.map(({ name }) => name);
const parentOf = (span: ReadableSpan | undefined) => span?.parentSpanContext;
const traceOf = (span: ReadableSpan): string => span.spanContext().traceId;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await after(5);
}

function pipelineOf(events: string, results: string): Pipeline<MetricResults> {
  return createPipeline(uniqueName('traced'))
    .withKafkaSource({ bootstrapServers, topics: [events], maxWait: 50 })
    .withTimestamp('at')
    .withKey('key')
    .withMaxFuture(Infinity)
    .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0))
    .withTumblingWindow(10)
    .withAggregations('count')
    .withLateEventHandler(new LateEventHandler(0))
    .withStateBackend(new DurableBackend())
    .withSink(new KafkaAggregationSink({ bootstrapServers, resultTopic: results }))
    .build();
}

/** Runs a pipeline while the test does something; then ends it. */
async function running(pipeline: Pipeline<MetricResults>, action: () => Promise<void>): Promise<void> {
  const run = pipeline.run();
  await Promise.race([action(), run]);
  await pipeline.stop();
  await run;
}

async function write(topic: string, records: readonly (RawRecord | string)[]): Promise<void> {
  const cluster = await clusterAt(bootstrapServers);
  await (await RawProducer.open(cluster)).write(topic, 0, records, { compression: 'lz4' });
  cluster.close();
}

const traced = (value: string, traceparent: string, more: Readonly<Record<string, string>> = {}): RawRecord => ({
  value,
  headers: { 'content-type': 'application/json', traceparent, ...more },
});

describe.skipIf(kafka.missing)('a record of Kafka that comes with a trace', () => {
  it('is followed from its receipt to the delivery of its result', async () => {
    const spans = exporter();
    const [events, results] = [
      await createTopic(bootstrapServers, 'events'),
      await createTopic(bootstrapServers, 'out'),
    ];
    const pipeline = pipelineOf(events, results);
    await write(events, [
      traced(event(1), parent(1), { tracestate: 'vendor=1' }),
      event(2),
      traced(event(3), parent(3, '00')),
      traced('no json', parent(4)),
      traced(event(25), parent(5)),
      traced(event(26), 'nonsense'),
    ]);
    await running(pipeline, async () => {
      await until(() => spans('processor.result').length > 0);
      await write(events, [traced(event(4), parent(7))]);
      await until(() => pipeline.status().counters.read === 7);
    });

    const ofEvents = new Map(spans('processor.event').map((span) => [traceOf(span), span]));
    expect([...ofEvents.keys()].toSorted()).toEqual([1, 4, 5, 7].map(traceId));
    const [first, broken, late] = [1, 4, 7].map((number) => ofEvents.get(traceId(number)));
    expect(parentOf(first)).toMatchObject({ traceId: traceId(1), spanId: SPAN, isRemote: true });
    expect(parentOf(first)?.traceState?.get('vendor')).toBe('1');
    expect(first?.attributes).toEqual({ 'processor.partition': `${events}/0`, 'processor.offset': 0 });
    expect(first && happened(first)).toEqual(['aggregated', 'committed']);
    expect(broken?.status.message).toBe('rejected: not_json');
    expect(late && happened(late)).toEqual(['too late for a window', 'committed']);

    const delivery = spans('processor.delivery').find(({ links }) =>
      links.some((link) => link.context.traceId === traceId(1)),
    );
    expect(delivery?.attributes['sink']).toBe('kafka');
    expect(delivery?.links.map((link) => link.context.spanId)).toEqual([first?.spanContext().spanId]);
    const result = spans('processor.result').find((span) => traceOf(span) === traceId(1));
    expect(parentOf(result)?.spanId).toBe(first?.spanContext().spanId);
    expect(result?.links.map((link) => link.context.spanId)).toEqual([delivery?.spanContext().spanId]);
    // What the delivery was of has arrived.
    const written = (await valuesOf(bootstrapServers, results)).map((text) => JSON.parse(text) as object);
    expect(written[0]).toMatchObject({ results: { count: 3 } });
  });

  it.skipIf(withoutKcat)('is known by the headers of kcat, too', async () => {
    const spans = exporter();
    const [events, results] = [
      await createTopic(bootstrapServers, 'events'),
      await createTopic(bootstrapServers, 'out'),
    ];
    const headers = ['-H', 'x=y', '-H', `traceparent=${parent(1)}`, '-H', 'tracestate=vendor=1'];
    const { code, stderr } = await runProgram('kcat', ['-b', bootstrapServers, '-P', '-t', events, ...headers], {
      input: `${event(1)}\n`,
    });
    expect(code, stderr).toBe(0);
    await running(pipelineOf(events, results), () => until(() => spans('processor.event').length > 0));
    const [span] = spans('processor.event');
    expect(span && traceOf(span)).toBe(traceId(1));
    expect(parentOf(span)?.traceState?.get('vendor')).toBe('1');
  });
});
