import { describe, expect, it } from 'vitest';
import type { PipelineBuilder } from '../pipeline/pipeline-builder.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import type { MetricResults } from '../results/aggregation-result.ts';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import { CollectingSink, readingsPipeline, type Reading } from './run-fixtures.contract.ts';

/** Of very many keys, each twice, far apart. */
const events: readonly Reading[] = Array.from({ length: 4000 }, (_, i) => ({
  timestamp: i,
  key: `key-${String((i * 7) % 2000)}`,
  value: i,
}));

type Builder = PipelineBuilder<Reading, MetricResults>;

const WINDOWS: readonly (readonly [string, (builder: Builder) => Builder])[] = [
  ['tumbling windows', (builder) => builder.withTumblingWindow(5000)],
  ['sliding windows', (builder) => builder.withSlidingWindow(6000, 1500)],
  ['sessions', (builder) => builder.withSessionWindow(2500)],
];

describe('a pipeline with more keys than memory', () => {
  it.each(WINDOWS)('gives what one with enough of it gives, and says how much it read back: %s', async (_, windows) => {
    const run = async (stateMemoryLimitBytes: number) => {
      const sink = new CollectingSink();
      const built = windows(readingsPipeline(events).withBufferSize(100))
        .withStateBackend(new MemoryStateBackend())
        .withSink(sink)
        .build();
      const pipeline = new Pipeline({ ...built.plan, stateMemoryLimitBytes });
      await pipeline.run();
      return { items: sink.items, metrics: await pipeline.metrics.export() };
    };
    const [bounded, free] = [await run(100_000), await run(Infinity)];
    const told = ({ items }: typeof free) => items.map(({ id, results }) => [id, results]);
    expect(free.items.length).toBeGreaterThanOrEqual(2000);
    expect(told(bounded)).toEqual(told(free));
    expect(countOf(bounded.metrics, 'state_entries_spilled_total')).toBeGreaterThan(1000);
    expect(countOf(bounded.metrics, 'state_entries_reloaded_total')).toBeGreaterThan(1000);
    expect(countOf(bounded.metrics, 'windows_spilled')).toBe(0);
    expect(countOf(free.metrics, 'state_entries_spilled_total')).toBe(0);
  });
});

function countOf(metrics: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]);
}
