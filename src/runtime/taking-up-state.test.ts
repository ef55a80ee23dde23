import { describe, expect, it } from 'vitest';
import type { PipelineBuilder } from '../pipeline/pipeline-builder.ts';
import type { MetricResults } from '../results/aggregation-result.ts';
import { MemorySource } from '../sources/memory/memory-source.ts';
import type { ScanOptions, StateEntry } from '../state/state-backend.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { CountTrigger } from '../windows/count-trigger.ts';
import {
  CollectingSink,
  DurableBackend,
  gate,
  readings,
  readingsPipeline,
  rememberingLogger,
  scriptedSource,
  settle,
  WatchedBackend,
  type Reading,
} from './run-fixtures.contract.ts';

type Builder = PipelineBuilder<Reading, MetricResults>;

const at = (timestamp: number, key = 'a'): Reading => ({ timestamp, key, value: 1 });

/** Runs a pipeline that stops with its windows open. */
async function leaveOpen(builder: Builder, events: readonly Reading[]): Promise<void> {
  const clock = new ManualClock();
  const { source, give } = scriptedSource();
  const pipeline = builder.withSource(source).withSink(new CollectingSink()).build({ clock });
  const running = pipeline.run();
  give(...events);
  await settle(clock);
  await pipeline.stop();
  await running;
}

const on = (backend: WatchedBackend, name = 'p'): Builder => readingsPipeline([], name).withStateBackend(backend);

describe('state of other settings', () => {
  it('is refused, with what has changed and what can be done; and is not touched', async () => {
    const backend = new WatchedBackend();
    await leaveOpen(on(backend).withTumblingWindow(10), [at(1), at(2)]);
    const { commits } = backend;
    const changed = on(backend).withTumblingWindow(20).withKey('other').withSink(new CollectingSink()).build();
    await expect(changed.run()).rejects.toMatchObject({
      kind: 'state',
      code: 'STATE_MISMATCH',
      message: expect.stringMatching(
        /windows\.tumbling +was tumbling\(size=10ms\); is now tumbling\(size=20ms\)\n +event\.key +was key; is now other\n.*processor state reset$/s,
      ),
    });
    expect(backend.commits).toBe(commits);
    expect(changed.status()).toMatchObject({ state: 'failed', stateStatus: { recovery: null } });
    const sink = new CollectingSink();
    await on(backend).withSource(new MemorySource([])).withTumblingWindow(10).withSink(sink).build().run();
    expect(await on(backend, 'q').withTumblingWindow(20).withSink(sink).build().run()).toMatchObject({ epoch: 0 });
  });

  it('is carried over where it fits, and from then on belongs to the new ones', async () => {
    const backend = new WatchedBackend();
    const lateness = (allowedLateness: number): Builder => on(backend).withTumblingWindow(10, { allowedLateness });
    await leaveOpen(lateness(5), [at(1)]);
    await leaveOpen(lateness(9), [at(2)]);
    await expect(lateness(5).withSink(new CollectingSink()).build().run()).rejects.toThrow(
      /allowed lateness of windows\.tumbling +was 9ms; is now 5ms/,
    );
  });

  it('is described once, not with every commit or run, and again where something has changed', async () => {
    const backend = new WatchedBackend();
    let described = 0;
    backend.beforeCommit = (_, operations) => {
      if (operations.some(({ key }) => Buffer.from(key).toString() === 'p/plan')) described += 1;
    };
    const settings = (): Builder => on(backend).withTumblingWindow(10);
    const more = settings()
      .withSource(new MemorySource(readings(20)))
      .withBufferSize(5)
      .withSink(new CollectingSink());
    await more.build().run();
    expect(backend.commits).toBeGreaterThan(3);
    await leaveOpen(settings(), [at(1)]);
    expect(described).toBe(1);
    await leaveOpen(on(backend).withTumblingWindow(10, { allowedLateness: 1 }), [at(2)]);
    expect(described).toBe(2);
  });
});

/** State whose reading back waits at the third entry. */
class SlowBackend extends DurableBackend {
  readonly halfWay = gate();
  clock: ManualClock | undefined;
  isSlow = false;

  override async *scan(prefix: Uint8Array, options?: ScanOptions): AsyncGenerator<StateEntry, void, undefined> {
    let given = 0;
    for await (const entry of super.scan(prefix, options)) {
      yield entry;
      given += 1;
      // More than a stretch: the progress is told from time to time, not with each entry.
      if (this.isSlow) this.clock?.advance(20);
      if (this.isSlow && given === 3) await this.halfWay.opened;
    }
  }
}

describe('taking up the state', () => {
  it('is told of while it goes on: the pipeline is starting, so many percent are done', async () => {
    const backend = new SlowBackend();
    // Windows with a trigger are all loaded; of others, only how many there are.
    const settings = (): Builder => on(backend).withTrigger(new CountTrigger(100)).withTumblingWindow(1000);
    await leaveOpen(settings(), [at(1), at(2, 'b'), at(3, 'c'), at(4, 'd')]);
    const clock = new ManualClock();
    backend.clock = clock;
    backend.isSlow = true;
    const { source, give } = scriptedSource();
    const pipeline = settings().withSource(source).withSink(new CollectingSink()).build({ clock });
    const running = pipeline.run();
    await settle(clock);
    expect(pipeline.status()).toMatchObject({ state: 'starting', stateStatus: { recovery: { percent: 75 } } });
    expect(await pipeline.metrics.export()).toContain('\nrecovery_progress_ratio 0.75\n');
    await expect(pipeline.checkpoint('early')).rejects.toMatchObject({ code: 'RUN_STATE' });
    backend.halfWay.open();
    await settle(clock);
    expect(pipeline.status()).toMatchObject({ state: 'running', activeWindows: 4, stateStatus: { recovery: null } });
    expect(await pipeline.metrics.export()).toContain('\nrecovery_progress_ratio 1\n');
    give(at(5));
    await settle(clock);
    clock.advance(100);
    await settle(clock);
    clock.advance(30);
    expect(pipeline.status().stateStatus).toEqual({
      backend: 'memory',
      recovery: null,
      isFull: false,
      lastCommit: { epoch: 2, ageMs: 30, durationMs: 0 },
      lastCheckpoint: null,
      checkpointFailures: 0,
    });
    await pipeline.stop();
    await running;
  });

  it('that had to be mended is logged, counted, and shown until a checkpoint holds it', async () => {
    const clock = new ManualClock();
    const backend = new DurableBackend();
    const restored = { id: 'auto-20261123T225751Z-7', createdAt: 0, sizeBytes: 9 };
    backend.repair = { damage: 'a file was cut', restored, putAside: '/state.damaged' };
    const logger = rememberingLogger();
    const { source, give } = scriptedSource();
    const pipeline = on(backend)
      .withSource(source)
      .withTumblingWindow(10)
      .withCheckpoints({ interval: '1m' })
      .withSink(new CollectingSink())
      .build({ clock, logger });
    const running = pipeline.run();
    await settle(clock);
    expect(pipeline.status().components['state']).toEqual({
      status: 'degraded',
      message:
        'the state was damaged (a file was cut); checkpoint auto-20261123T225751Z-7 has taken its place, and what was damaged is kept in /state.damaged',
    });
    expect(logger.lines).toMatchObject([
      { level: 'warn', fields: { damage: 'a file was cut', restored: restored.id } },
    ]);
    expect(await pipeline.metrics.export()).toContain('\nstate_repairs_total 1\n');
    clock.advance(60_000);
    give(at(1));
    await settle(clock);
    clock.advance(100);
    await settle(clock);
    expect(pipeline.status()).toMatchObject({ health: 'ok', components: { state: { status: 'ok' } } });
    await pipeline.stop();
    await running;
  });
});

describe('input that had come to its end', () => {
  const run = async (backend: WatchedBackend, events: readonly Reading[]): Promise<readonly string[]> => {
    const logger = rememberingLogger();
    const pipeline = readingsPipeline(events).withTumblingWindow(5).withStateBackend(backend);
    await pipeline.withSink(new CollectingSink()).build({ logger }).run();
    return logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  };

  it('and has grown since is judged as late, with a warning', async () => {
    const backend = new WatchedBackend();
    expect(await run(backend, readings(10))).toEqual([]);
    expect(await run(backend, readings(10))).toEqual([]);
    expect(await run(backend, readings(30))).toEqual([
      'an earlier run came to the end of the input and fired all windows, and now there is more: it is judged as late. A source that follows its input comes to no end',
    ]);
  });
});
