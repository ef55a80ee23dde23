import { describe, expect, it } from 'vitest';
import {
  CollectingSink,
  partitionOf,
  readings,
  readingsPipeline,
  rememberingLogger,
  settle,
  shown,
  sourceOf,
  untilAborted,
  WatchedBackend,
  blocksOf,
} from '../runtime/run-fixtures.contract.ts';
import type { AggregationResult, MetricResults } from '../results/aggregation-result.ts';
import { ManualClock } from '../time/manual-clock.ts';

const silent = () => sourceOf(({ signal }) => [partitionOf('only', () => untilAborted(signal))]);

describe('running', () => {
  it('twice at once is refused, and does not disturb the run that is under way', async () => {
    const pipeline = readingsPipeline(silent()).withTumblingWindow(10).withSink(new CollectingSink()).build();
    const running = pipeline.run();
    await expect(pipeline.run()).rejects.toMatchObject({ code: 'RUN_STATE' });
    await expect(pipeline.results().next()).rejects.toMatchObject({ code: 'RUN_STATE' });
    await settle(new ManualClock());
    expect(pipeline.status().state).toBe('running');
    await pipeline.stop();
    expect(await running).toMatchObject({ outcome: 'stopped' });
  });

  it('again after the end goes on from the last epoch, and counts on', async () => {
    const sink = new CollectingSink();
    const pipeline = readingsPipeline(readings(20))
      .withTumblingWindow(10)
      .withStateBackend(new WatchedBackend())
      .withSink(sink)
      .build();
    await pipeline.run();
    expect(await pipeline.run()).toMatchObject({ outcome: 'finished', counters: { read: 20, fired: 4 } });
    expect(sink.items).toHaveLength(4);
    expect(await pipeline.metrics.export()).toContain('events_processed_total 20');
  });

  it('without a sink is refused, and says what to do', async () => {
    const pipeline = readingsPipeline(readings(1)).withTumblingWindow(10).build();
    await expect(pipeline.run()).rejects.toThrow(/no sink.*withSink.*results\(\)/);
  });

  it('on several threads is announced in one line', async () => {
    const logger = rememberingLogger();
    const pipeline = readingsPipeline(readings(20))
      .withTumblingWindow(10)
      .withParallelism(4)
      .withSink(new CollectingSink());
    await pipeline.build({ logger }).run();
    expect(logger.lines).toMatchObject([{ level: 'warn', fields: { parallelism: 4 } }]);
  });

  it('shows the uptime by the steady clock', () => {
    const clock = new ManualClock(1000);
    const pipeline = readingsPipeline([]).withTumblingWindow(10).build({ clock });
    clock.advance(5);
    clock.jumpTo(1_000_000);
    expect(pipeline.status()).toMatchObject({ state: 'starting', startedAt: 1000, uptimeMs: 5 });
  });
});

describe('the results of a pipeline', () => {
  it('come one by one, to the end of the input', async () => {
    const found: string[] = [];
    const pipeline = readingsPipeline(readings(20)).withTumblingWindow(10).build();
    for await (const result of pipeline.results()) found.push(shown(result));
    expect(found).toEqual([
      '[0,10) key=a 5 on_time#0',
      '[0,10) key=b 5 on_time#0',
      '[10,20) key=a 5 on_time#0',
      '[10,20) key=b 5 on_time#0',
    ]);
    expect(pipeline.status().state).toBe('finished');
  });

  it('go to the sinks as well', async () => {
    const sink = new CollectingSink();
    let count = 0;
    for await (const _ of readingsPipeline(readings(20)).withTumblingWindow(10).withSink(sink).build().results())
      count += 1;
    expect(sink.items).toHaveLength(count);
  });

  it('that nobody asks for hold the sources', async () => {
    const clock = new ManualClock();
    let read = 0;
    const source = sourceOf(() => {
      const next = blocksOf(...Array.from({ length: 50 }, (_, i) => [{ timestamp: i, key: 'a', value: 1 }]));
      return [
        partitionOf('only', () => {
          read += 1;
          return next();
        }),
      ];
    });
    const pipeline = readingsPipeline(source).withTumblingWindow(1).withBufferSize(5).build({ clock });
    const results = pipeline.results();
    await results.next();
    for (let i = 0; i < 20; i += 1) {
      clock.advance(100);
      await settle(clock, 3);
    }
    expect(read).toBeLessThanOrEqual(12);
    let rest = 1;
    while ((await results.next()).done !== true) rest += 1;
    expect(rest).toBe(50);
  });

  it('that are no longer wanted end the run, and close everything', async () => {
    const closed: string[] = [];
    const source = sourceOf(
      ({ signal }) => {
        const read = blocksOf(readings(20));
        return [partitionOf('only', async () => (await read()) ?? untilAborted(signal))];
      },
      { close: async () => void closed.push('source') },
    );
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(1)
      .withSink({ send: () => undefined, close: () => void closed.push('sink') })
      .build();
    const taken: AggregationResult<MetricResults>[] = [];
    for await (const result of pipeline.results()) {
      taken.push(result);
      if (taken.length === 3) break;
    }
    expect(closed.toSorted()).toEqual(['sink', 'source']);
    expect(pipeline.status().state).toBe('finished');
  });

  it('end with the error that failed the run', async () => {
    const backend = new WatchedBackend();
    backend.beforeCommit = (commit) => {
      if (commit === 2) throw new Error('disk on fire');
    };
    const pipeline = readingsPipeline(readings(100))
      .withTumblingWindow(1)
      .withBufferSize(10)
      .withStateBackend(backend)
      .build();
    let count = 0;
    const reading = (async () => {
      for await (const _ of pipeline.results()) count += 1;
    })();
    await expect(reading).rejects.toThrow('disk on fire');
    expect(count).toBe(9);
  });
});
