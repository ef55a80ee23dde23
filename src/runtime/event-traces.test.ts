import { context, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it } from 'vitest';
import { createPipeline } from '../pipeline/create-pipeline.ts';
import { CallbackSink } from '../sinks/callback/callback-sink.ts';
import { HttpSource } from '../sources/http/http-source.ts';
import { objectBlock } from '../sources/memory/object-block.ts';
import type { TraceContext } from '../telemetry/trace-context.ts';
import { BoundedOutOfOrdernessWatermark } from '../time/bounded-out-of-orderness-watermark.ts';
import {
  CollectingSink,
  gate,
  partitionOf,
  readings,
  readingsPipeline,
  sourceOf,
  WatchedBackend,
} from './run-fixtures.contract.ts';

const SPAN = 'b7ad6b7169203331';

afterEach(() => {
  trace.disable();
  context.disable();
});

function exporter(): () => readonly ReadableSpan[] {
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  return () => spans.getFinishedSpans();
}

const traceId = (number: number): string => number.toString(16).padStart(32, '0');
const contextOf = (number: number, traceFlags = 1): TraceContext => ({
  traceId: traceId(number),
  spanId: SPAN,
  traceFlags,
});

/** Spans of a name, by their trace. */
function named(spans: readonly ReadableSpan[], name: string): ReadonlyMap<string, ReadableSpan> {
  return new Map(spans.filter((span) => span.name === name).map((span) => [span.spanContext().traceId, span]));
}

const happened = (span: ReadableSpan | undefined) => span?.events.map(({ name }) => name);

/** A source of one block of readings, some of which came with traces. */
function tracedSource(traces: ReadonlyMap<number, TraceContext>, events = readings(10)) {
  return sourceOf(() => {
    const blocks = [{ ...objectBlock(events, 0, 0), traces }];
    return [partitionOf('only', async () => blocks.shift() ?? null)];
  });
}

describe('an event of a trace that is recorded', () => {
  it('has a span from its receipt to its commit, and one for its result on the way to each sink', async () => {
    const spans = exporter();
    const traces = new Map([
      [1, contextOf(1)],
      [2, contextOf(2)],
      [8, contextOf(8)],
      [9, contextOf(9, 0)],
    ]);
    await readingsPipeline(tracedSource(traces))
      .withTumblingWindow(5)
      .withSink(new CollectingSink('out'))
      .withSink(new CollectingSink('other'))
      .build()
      .run();
    const events = named(spans(), 'processor.event');
    // What is not to be recorded has no span.
    expect([...events.keys()].toSorted()).toEqual([1, 2, 8].map(traceId));
    for (const span of events.values()) {
      expect(span.parentSpanContext?.spanId).toBe(SPAN);
      expect(happened(span)).toEqual(['aggregated', 'committed']);
      expect(span.ended).toBe(true);
    }
    expect(events.get(traceId(8))?.attributes).toEqual({ 'processor.partition': 'only', 'processor.offset': 8 });
    const deliveries = spans().filter(({ name }) => name === 'processor.delivery');
    expect(new Set(deliveries.map(({ attributes }) => attributes['sink']))).toEqual(new Set(['other', 'out']));
    expect(deliveries).toHaveLength(2);
    for (const { links } of deliveries) {
      expect(links.map((link) => link.context.traceId).toSorted()).toEqual([1, 2, 8].map(traceId));
    }
    const results = spans().filter(({ name }) => name === 'processor.result');
    expect(results).toHaveLength(6);
    for (const result of results) {
      const event = events.get(result.spanContext().traceId);
      expect(result.parentSpanContext?.spanId).toBe(event?.spanContext().spanId);
      const ids = deliveries.map((delivery) => delivery.spanContext().spanId);
      expect(ids).toContain(result.links[0]?.context.spanId);
    }
  });

  it('is told what became of it where it has not gone into a result', async () => {
    const spans = exporter();
    const events = [
      { timestamp: 0, key: 'a', value: 1 },
      { timestamp: 100, key: 'a', value: Number.NaN },
      { timestamp: 100, key: 'a', value: 13 },
      { timestamp: 100, key: 'a', value: 1 },
      { timestamp: 3, key: 'a', value: 1 },
    ];
    const traces = new Map(events.map((_, index) => [index, contextOf(index + 1)]));
    await readingsPipeline(tracedSource(traces, events))
      .filter(({ value }) => value !== 13)
      .withTumblingWindow(5)
      .withSink(new CollectingSink())
      .build()
      .run();
    const found = named(spans(), 'processor.event');
    expect(found.get(traceId(2))?.status.message).toBe('rejected: not_finite');
    expect(happened(found.get(traceId(3)))).toEqual(['filtered']);
    expect(happened(found.get(traceId(5)))).toEqual(['too late for a window', 'committed']);
    expect(happened(found.get(traceId(1)))).toEqual(['aggregated', 'committed']);
  });

  it('is told that its epoch was not committed, or its result not delivered', async () => {
    const spans = exporter();
    const backend = new WatchedBackend();
    backend.beforeCommit = () => {
      throw new Error('disk on fire');
    };
    const failing = readingsPipeline(tracedSource(new Map([[0, contextOf(1)]]))).withTumblingWindow(5);
    const run = failing.withStateBackend(backend).withSink(new CollectingSink()).build().run();
    await expect(run).rejects.toThrow('disk on fire');
    expect(named(spans(), 'processor.event').get(traceId(1))?.status.message).toMatch(/before the epoch was committed/);
  });

  it('is one of a thousand at most, and a delivery has as many links as are kept', async () => {
    const spans = exporter();
    const traces = new Map(Array.from({ length: 3000 }, (_, index) => [index, contextOf(index + 1)]));
    await readingsPipeline(tracedSource(traces, readings(3000)))
      .withTumblingWindow(3000)
      .withSink(new CollectingSink('out'))
      .build()
      .run();
    expect(named(spans(), 'processor.event').size).toBe(3000);
    const delivery = spans().find(({ name }) => name === 'processor.delivery');
    expect(delivery?.links).toHaveLength(128);
  });
});

describe('an event that is posted', () => {
  async function posted(headers: Readonly<Record<string, string>>): Promise<void> {
    const source = new HttpSource();
    const delivered = gate();
    const pipeline = createPipeline()
      .withSource(source)
      .withTumblingWindow('1s')
      .withMaxFuture(Infinity)
      .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0))
      .withSink(new CallbackSink(() => delivered.open()))
      .build();
    const running = pipeline.run();
    const accept = (timestamp: number) =>
      source.accept(Buffer.from(`{"timestamp":${String(timestamp)}}`), {
        'content-type': 'application/json',
        ...headers,
      });
    while ((await accept(0)).status === 503) await new Promise((resolve) => setImmediate(resolve));
    await accept(5000);
    await delivered.opened;
    await pipeline.stop();
    await running;
  }

  it('is of the trace of its request', async () => {
    const spans = exporter();
    await posted({ traceparent: `00-${traceId(7)}-${SPAN}-01`, tracestate: 'vendor=1' });
    const found = spans().filter(({ name }) => name === 'processor.event');
    expect(found).toHaveLength(2);
    expect(found[0]?.spanContext().traceId).toBe(traceId(7));
    expect(found[0]?.parentSpanContext?.traceState?.get('vendor')).toBe('1');
    expect(named(spans(), 'processor.result').get(traceId(7))?.attributes['sink']).toBe('callback');
  });

  it.each([
    ['is not recorded', `00-${traceId(7)}-${SPAN}-00`],
    ['is none', 'nonsense'],
  ])('has no span where the trace %s', async (_what, traceparent) => {
    const spans = exporter();
    await posted({ traceparent });
    expect(spans().filter(({ name }) => name === 'processor.event')).toEqual([]);
  });

  it('brings nothing with it where nobody takes spans', async () => {
    await posted({ traceparent: `00-${traceId(7)}-${SPAN}-01` });
    const source = new HttpSource();
    const opened = await source.open({
      clock: { now: () => 0 } as never,
      logger: undefined as never,
      positions: new Map(),
      signal: new AbortController().signal,
      maxBlockRecords: 10,
      pipeline: 'p',
    });
    const headers = { 'content-type': 'application/json', traceparent: `00-${traceId(7)}-${SPAN}-01` };
    await source.accept(Buffer.from('{"timestamp":0}'), headers);
    expect(await opened.partitions[0]?.read()).not.toHaveProperty('traces');
    await opened.close();
  });
});
