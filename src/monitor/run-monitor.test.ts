import { describe, expect, it } from 'vitest';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import {
  CollectingSink,
  DurableBackend,
  gate,
  passTime,
  readings,
  readingsPipeline,
  scriptedSource,
  settle,
  WatchedBackend,
  type Reading,
} from '../runtime/run-fixtures.contract.ts';
import { MemorySource } from '../sources/memory/memory-source.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { RunMonitor } from './run-monitor.ts';

const event = (timestamp: number, key = 'a', value = 1): Reading => ({ timestamp, key, value });

function monitored<R>(build: (clock: ManualClock) => Pipeline<R>): {
  monitor: RunMonitor;
  pipeline: Pipeline<R>;
  clock: ManualClock;
} {
  const clock = new ManualClock(1_000_000);
  const pipeline = build(clock);
  return { monitor: new RunMonitor(pipeline, { clock }), pipeline, clock };
}

describe('a monitor', () => {
  it('has exactly the results that were delivered, in the store and in the stream', async () => {
    const sink = new CollectingSink();
    const { monitor, pipeline } = monitored((clock) =>
      readingsPipeline(readings(200)).withTumblingWindow(10).withSink(sink).build({ clock }),
    );
    await pipeline.run();
    expect(monitor.stream.after(0, 1000).map(({ text }) => text)).toEqual(sink.items.map((item) => item.toText()));
    expect(monitor.results.size).toBe(sink.items.length);
    for (const { key, window, results } of sink.items) {
      const point = monitor.results.find('tumbling', String(key))?.between(window.start, window.end, 1)[0];
      const { columns } = monitor.results;
      expect(Object.fromEntries(columns.all.map(({ name }, place) => [name, point?.values[place]]))).toEqual(results);
    }
  });

  it('sees nothing before the sinks have taken it', async () => {
    const delivering = gate();
    const { source, give } = scriptedSource();
    const { monitor, pipeline, clock } = monitored((time) =>
      readingsPipeline(source)
        .withTumblingWindow(10)
        .withSink({ name: 'slow', sendBatch: () => delivering.opened })
        .build({ clock: time }),
    );
    const running = pipeline.run();
    give(event(0), event(20));
    await passTime(clock, 100, () => monitor.status().epoch === 1);
    await settle(clock);
    expect([monitor.status().epoch, monitor.results.size, monitor.stream.last, monitor.epochs.total]).toEqual([
      1, 0, 0, 0,
    ]);
    delivering.open();
    await passTime(clock, 100, () => monitor.stream.last === 1);
    expect(monitor.results.size).toBe(1);
    expect(monitor.epochs.newest()).toMatchObject([{ epoch: 1, records: 2, results: 1, lateEvents: 0 }]);
    await pipeline.stop();
    await running;
  });

  it('keeps late events, dead letters and what a sink has refused, with their first bytes', async () => {
    const deadLetters = new CollectingSink<never>('dead');
    const events = [event(0), event(50), event(5, 'b'), { timestamp: 60, key: 'a', value: 'x\u0007' }];
    const refusing = { name: 'picky', sendBatch: () => Promise.reject(new Error('no')) };
    const { monitor, pipeline } = monitored((clock) =>
      readingsPipeline(new MemorySource(events))
        .withTumblingWindow(10)
        .withSink(refusing)
        .withDeadLetterSink(deadLetters)
        .withErrorHandler(new ErrorHandler(ErrorPolicy.deadLetter(), { sink: deadLetters }))
        .build({ clock }),
    );
    await pipeline.run();
    expect(monitor.lateEvents.newest()).toMatchObject([
      { eventTime: 5, latenessMs: 45, windowStart: 0, windowEnd: 10, key: 'key=b', offset: 2 },
    ]);
    const [refused, , rejected] = monitor.deadLetters.newest();
    expect(refused).toMatchObject({ reason: 'undeliverable', partition: 'results' });
    expect(rejected).toMatchObject({
      reason: 'invalid_value',
      path: 'value',
      offset: 3,
      preview: { text: String.raw`{"timestamp":60,"key":"a","value":"x\\u0007"}`, isCut: false },
    });
    expect(deadLetters.items).toHaveLength(monitor.deadLetters.total);
  });

  it('keeps checkpoints, and what was logged as wrong, whatever is logged', async () => {
    const backend = new DurableBackend();
    backend.beforeCheckpoint = (id) => {
      if (id === 'bad') throw new Error('disk on fire');
    };
    const { source } = scriptedSource();
    const { monitor, pipeline, clock } = monitored((time) =>
      readingsPipeline(source)
        .withTumblingWindow(10)
        .withStateBackend(backend)
        .withSink(new CollectingSink())
        .build({ clock: time }),
    );
    const running = pipeline.run();
    await passTime(clock, 10, () => pipeline.status().state === 'running');
    await pipeline.checkpoint('good');
    await expect(pipeline.checkpoint('bad')).rejects.toThrow('disk on fire');
    expect(monitor.checkpoints.newest()).toMatchObject([
      { id: 'bad', sizeBytes: null, error: 'disk on fire' },
      { id: 'good', error: null },
    ]);
    expect(monitor.problems.newest()).toMatchObject([
      { level: 'error', message: 'a checkpoint could not be made', details: { id: 'bad', error: 'disk on fire' } },
    ]);
    await pipeline.stop();
    await running;
  });

  it('tells how much flows', async () => {
    const { source, give } = scriptedSource();
    const { monitor, pipeline, clock } = monitored((time) =>
      readingsPipeline(source).withTumblingWindow(10).withSink(new CollectingSink()).build({ clock: time }),
    );
    expect(monitor.rates()).toBeNull();
    const running = pipeline.run();
    for (let second = 0; second < 5; second += 1) {
      give(...readings(100).map((reading) => ({ ...reading, timestamp: second * 1000 })));
      await passTime(clock, 100, () => false, 10);
    }
    expect(monitor.rates()?.read).toBeGreaterThan(70);
    expect(monitor.rates()?.read).toBeLessThan(130);
    expect(monitor.rateHistory().length).toBeGreaterThan(2);
    await passTime(clock, 1000, () => false, 60);
    expect(monitor.rates()?.read).toBe(0);
    await pipeline.stop();
    await running;
  });

  it('tells the rates of a run that commits nothing, by what was there when it was last asked', async () => {
    const { source } = scriptedSource();
    const { monitor, pipeline, clock } = monitored((time) =>
      readingsPipeline(source).withTumblingWindow(10).withSink(new CollectingSink()).build({ clock: time }),
    );
    const running = pipeline.run();
    await passTime(clock, 100, () => pipeline.status().state === 'running');
    expect(monitor.rates()).toBeNull();
    clock.advance(1000);
    expect(monitor.rates()).toMatchObject({ read: 0, delivered: 0 });
    expect(monitor.rateHistory()).toHaveLength(1);
    await pipeline.stop();
    await running;
  });

  it('looks at the open windows twice a second at most', async () => {
    const { source, give } = scriptedSource();
    let looked = 0;
    const { monitor, pipeline, clock } = monitored((time) => {
      const built = readingsPipeline(source)
        .withTumblingWindow(10)
        .withSink(new CollectingSink())
        .build({ clock: time });
      const [openWindows, openSpans] = [built.openWindows.bind(built), built.openSpans.bind(built)];
      return Object.assign(built, {
        openWindows: (limit?: number) => ((looked += 1), openWindows(limit)),
        openSpans: (limit?: number) => ((looked += 1), openSpans(limit)),
      });
    });
    const running = pipeline.run();
    give(event(0), event(1, 'b'));
    await passTime(clock, 100, () => pipeline.status().activeWindows === 2);
    for (let call = 0; call < 5; call += 1) {
      monitor.openWindows();
      expect(monitor.explain().windows).toMatchObject([{ start: 0, end: 10, keys: 2, reason: 'watermark' }]);
    }
    expect(looked).toBe(2);
    clock.advance(500);
    expect(monitor.openWindows()).toHaveLength(2);
    expect(looked).toBe(3);
    await pipeline.stop();
    await running;
  });

  it('goes on over runs, and takes what is delivered again for what it is', async () => {
    let isBroken = true;
    const { monitor, pipeline } = monitored(() =>
      readingsPipeline(readings(40))
        .withTumblingWindow(10)
        .withStateBackend(new WatchedBackend())
        .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 0 })))
        .withSink({
          name: 'moody',
          sendBatch: async () => (isBroken ? Promise.reject(new Error('not now')) : undefined),
        })
        .build(),
    );
    await expect(pipeline.run()).rejects.toThrow('not now');
    expect([monitor.results.size, monitor.stream.last]).toEqual([0, 0]);
    isBroken = false;
    await pipeline.run();
    expect(
      monitor.results
        .find('tumbling', 'key=a')
        ?.newest(Infinity)
        .map(({ start }) => start),
    ).toEqual([0, 10, 20, 30]);
    expect(monitor.stream.last).toBe(8);
  });
});
