import { context, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it } from 'vitest';
import { CollectingSink, readings, readingsPipeline, WatchedBackend } from './run-fixtures.contract.ts';

afterEach(() => {
  trace.disable();
  context.disable();
});

function exporter(): InMemorySpanExporter {
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  return spans;
}

describe('the spans of a run', () => {
  it('are those of its epochs, their commits and their deliveries', async () => {
    const spans = exporter();
    await readingsPipeline(readings(10)).withTumblingWindow(5).withSink(new CollectingSink('out')).build().run();
    expect(spans.getFinishedSpans().map(({ name, attributes }) => ({ name, ...attributes }))).toEqual(
      expect.arrayContaining([
        { name: 'processor.epoch', epoch: 1, events: 10 },
        { name: 'processor.commit', epoch: 1, changes: 0 },
        { name: 'processor.delivery', sink: 'out', epoch: 1, items: 4 },
      ]),
    );
  });

  it('bear the error of a commit that failed', async () => {
    const spans = exporter();
    const backend = new WatchedBackend();
    backend.beforeCommit = () => {
      throw new Error('disk on fire');
    };
    const pipeline = readingsPipeline(readings(10)).withTumblingWindow(5).withStateBackend(backend);
    await expect(pipeline.withSink(new CollectingSink()).build().run()).rejects.toThrow('disk on fire');
    const statuses = spans.getFinishedSpans().map(({ name, status }) => `${name} ${status.message ?? ''}`);
    expect(statuses).toEqual(['processor.commit disk on fire', 'processor.epoch disk on fire']);
  });
});
