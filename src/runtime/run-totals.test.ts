import { describe, expect, it } from 'vitest';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { MetricResults } from '../results/aggregation-result.ts';
import { CollectingSink, readings, readingsPipeline, WatchedBackend, type Reading } from './run-fixtures.contract.ts';

const events: readonly Reading[] = readings(40).map((one, i) => (i % 10 === 9 ? { ...one, timestamp: 0 } : one));
const broken = { timestamp: 'never', key: 'a', value: 1 } as unknown as Reading;

const build = (state: MemoryStateBackend, metrics: ProcessorMetrics): Pipeline<MetricResults> =>
  readingsPipeline([...events, broken])
    .withTumblingWindow(5)
    .withBufferSize(10)
    .withStateBackend(state)
    .withSink(new CollectingSink())
    .build({ metrics });

async function valueOf(metrics: ProcessorMetrics, series: string): Promise<number> {
  const line = (await metrics.export()).split('\n').find((text) => text.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

describe('the counters after a run', () => {
  it('obey the laws of conservation, and the metrics say the same', async () => {
    const metrics = new ProcessorMetrics();
    const { counters } = await build(new MemoryStateBackend(), metrics).run();
    expect(counters).toMatchObject({ read: 41, decoded: 40, rejected: 1, assigned: 40, droppedLate: 4 });
    expect(counters.assigned).toBe(
      counters.onTime + counters.outOfOrder + counters.acceptedLate + counters.droppedLate,
    );
    expect(await valueOf(metrics, 'events_processed_total')).toBe(40);
    expect(await valueOf(metrics, 'events_rejected_total{reason="invalid_timestamp"}')).toBe(1);
    expect(await valueOf(metrics, 'events_late_total{outcome="dropped"}')).toBe(4);
    expect(await valueOf(metrics, 'windows_fired_total{timing="on_time"}')).toBe(counters.fired);
  });
});

describe('over restarts', () => {
  it('in one process nothing is counted twice and nothing left out', async () => {
    const metrics = new ProcessorMetrics();
    const state = new WatchedBackend();
    const pipeline = build(state, metrics);
    state.beforeCommit = (commit) => {
      if (commit === 3) throw new Error('crash');
    };
    await expect(pipeline.run()).rejects.toThrow('crash');
    expect(await valueOf(metrics, 'events_processed_total')).toBe(20);
    expect((await pipeline.run()).counters).toMatchObject({ read: 41, decoded: 40, droppedLate: 4 });
    expect(await valueOf(metrics, 'events_processed_total')).toBe(40);
    expect(await valueOf(metrics, 'events_late_total{outcome="dropped"}')).toBe(4);
  });

  it('of another process the totals go on, and the metrics begin at 0', async () => {
    const state = new WatchedBackend();
    state.beforeCommit = (commit) => {
      if (commit === 3) throw new Error('crash');
    };
    await expect(build(state, new ProcessorMetrics()).run()).rejects.toThrow('crash');
    const metrics = new ProcessorMetrics();
    expect((await build(state, metrics).run()).counters).toMatchObject({ read: 41, decoded: 40 });
    expect(await valueOf(metrics, 'events_processed_total')).toBe(20);
  });

  it('of a pipeline that keeps no state both runs are counted', async () => {
    const metrics = new ProcessorMetrics();
    const pipeline = build(new MemoryStateBackend({ recoverable: false }), metrics);
    await pipeline.run();
    expect((await pipeline.run()).counters.decoded).toBe(40);
    expect(await valueOf(metrics, 'events_processed_total')).toBe(80);
  });
});
