import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { ManualClock } from '../time/manual-clock.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { MetricResults } from '../results/aggregation-result.ts';
import type { StateOperation } from '../state/state-backend.ts';
import {
  CollectingSink,
  partitionOf,
  passTime,
  readings,
  readingsPipeline,
  rememberingLogger,
  settle,
  sourceOf,
  untilAborted,
  blocksOf,
  WatchedBackend,
  type LogLine,
} from './run-fixtures.contract.ts';

const full = (): ProcessorError => new ProcessorError('state', 'STATE_FULL', 'no space left on device');
const lost = (): ProcessorError => new ProcessorError('state', 'STATE_FAILED', 'the answer was lost');

interface Subject {
  readonly pipeline: Pipeline<MetricResults>;
  readonly backend: WatchedBackend;
  readonly sink: CollectingSink;
  readonly clock: ManualClock;
  readonly lines: readonly LogLine[];
  /** What each commit was to write. */
  readonly written: (readonly StateOperation[])[];
}

/** 200 events in blocks of 5, a window each, 20 of them an epoch; the input ends, or waits for the end of the run. */
function subject(ends = true): Subject {
  const clock = new ManualClock();
  const backend = new WatchedBackend();
  const sink = new CollectingSink();
  const logger = rememberingLogger();
  const source = sourceOf(({ signal }) => {
    const next = blocksOf(
      ...Array.from({ length: 40 }, (_, i) => readings(5).map((one) => ({ ...one, timestamp: i }))),
    );
    return [partitionOf('only', async () => (await next()) ?? (ends ? null : untilAborted(signal)))];
  });
  const pipeline = readingsPipeline(source)
    .withTumblingWindow(1)
    .withBufferSize(20)
    .withStateBackend(backend)
    .withSink(sink)
    .build({ clock, logger });
  return { pipeline, backend, sink, clock, lines: logger.lines, written: [] };
}

describe('a disk that is full', () => {
  it('stops the reading at the buffer, is told of, and when there is room all goes on without loss', async () => {
    const { pipeline, backend, sink, clock, written, lines } = subject();
    let hasRoom = false;
    backend.beforeCommit = (_, operations) => {
      if (hasRoom || sink.epochs.length === 0) return;
      written.push(operations);
      throw full();
    };
    let ended = false;
    const running = pipeline.run().finally(() => (ended = true));
    await passTime(clock, 500, () => false, 20);
    const { health, components, counters, epoch, stateStatus } = pipeline.status();
    expect({ health, epoch }).toEqual({ health: 'degraded', epoch: 1 });
    expect(components['state']).toEqual({ status: 'degraded', message: 'disk full: no space left on device' });
    expect(stateStatus.isFull).toBe(true);
    expect(await pipeline.metrics.export()).toContain('\nstate_full 1\n');
    // The epoch that is committed, the one that waits, and a buffer full on top.
    expect(counters.read).toBe(60);
    await passTime(clock, 60_000, () => false, 5);
    expect(pipeline.status().counters.read).toBe(60);
    expect(new Set(written).size).toBe(1);
    hasRoom = true;
    await passTime(clock, 500, () => ended);
    await running;
    expect(pipeline.status()).toMatchObject({ health: 'ok', counters: { read: 200 }, stateStatus: { isFull: false } });
    expect(await pipeline.metrics.export()).toContain('\nstate_full 0\n');
    const ids = sink.items.map(({ id }) => id);
    expect(ids).toHaveLength(80);
    expect(new Set(ids).size).toBe(80);
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'warn disk full',
      'info the state can be written again',
    ]);
  });

  it('is tried again after growing delays of 5 s at most', async () => {
    const { pipeline, backend, clock } = subject();
    const tries: number[] = [];
    backend.beforeCommit = () => {
      tries.push(clock.monotonic());
      throw full();
    };
    const running = pipeline.run().catch(() => undefined);
    await passTime(clock, 50, () => false, 800);
    const gaps = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
    expect(gaps.slice(0, 6).every((gap, i) => gap >= 50 * 2 ** i && gap <= 50 + 100 * 2 ** i)).toBe(true);
    expect(gaps.slice(6).every((gap) => gap >= 2500 && gap <= 5050)).toBe(true);
    expect(gaps.length).toBeGreaterThan(10);
    const stopping = pipeline.stop();
    await passTime(clock, 500, () => pipeline.status().state === 'failed');
    await Promise.all([stopping, running]);
  });

  it('holds up the end of a run for 5 s; then it fails, and the next run has lost nothing', async () => {
    const clock = new ManualClock();
    const backend = new WatchedBackend();
    const sink = new CollectingSink();
    const build = (): Pipeline<MetricResults> =>
      readingsPipeline(readings(200))
        .withTumblingWindow(1)
        .withBufferSize(20)
        .withStateBackend(backend)
        .withSink(sink)
        .build({ clock });
    const pipeline = build();
    backend.beforeCommit = (commit) => {
      if (commit > 2) throw full();
    };
    let failure: unknown;
    const running = pipeline.run().catch((error: unknown) => (failure = error));
    await passTime(clock, 1000, () => false, 60);
    const stoppedAt = clock.monotonic();
    const { commits } = backend;
    const stopping = pipeline.stop();
    await settle(clock);
    expect(backend.commits).toBe(commits + 1);
    await passTime(clock, 100, () => failure !== undefined);
    await Promise.all([stopping, running]);
    expect(failure).toMatchObject({ code: 'STATE_FULL' });
    expect(clock.monotonic() - stoppedAt).toBeGreaterThanOrEqual(5000);
    expect(clock.monotonic() - stoppedAt).toBeLessThanOrEqual(5200);
    expect(new Set(sink.epochs)).toEqual(new Set([1, 2]));
    backend.beforeCommit = () => undefined;
    expect(await build().run()).toMatchObject({ outcome: 'finished', counters: { read: 200, fired: 200 } });
    const ids = new Set(sink.items.map(({ id }) => id));
    expect(ids.size).toBe(200);
  });

  it('ends the wait of a stopped run as soon as there is room', async () => {
    const { pipeline, backend, clock } = subject(false);
    let hasRoom = false;
    backend.beforeCommit = () => {
      if (!hasRoom) throw full();
    };
    let ended = false;
    const running = pipeline.run().finally(() => (ended = true));
    await passTime(clock, 1000, () => false, 20);
    const stopping = pipeline.stop();
    await settle(clock);
    hasRoom = true;
    await passTime(clock, 100, () => ended, 49);
    await stopping;
    expect(await running).toMatchObject({ outcome: 'stopped' });
  });
});

describe('a commit that fails for another reason', () => {
  it.each(['before', 'after'] as const)(
    'is repeated as it was, for it is not known whether it was written (it fails %s the write)',
    async (when) => {
      const { pipeline, backend, sink, clock, written } = subject();
      let failures = 0;
      const fail = (commit: number): void => {
        if (commit < 2 || failures >= 3) return;
        failures += 1;
        throw lost();
      };
      backend.beforeCommit = (commit, operations) => {
        if (commit >= 2 && commit <= 5) written.push(operations);
        if (when === 'before') fail(commit);
      };
      if (when === 'after') backend.afterCommit = fail;
      let ended = false;
      const running = pipeline.run().finally(() => (ended = true));
      await settle(clock);
      expect(pipeline.status().components['state']).toEqual({
        status: 'degraded',
        message: 'a write failed: the answer was lost',
      });
      await passTime(clock, 100, () => ended);
      await running;
      expect(new Set(written).size).toBe(1);
      expect(written).toHaveLength(4);
      expect(pipeline.status()).toMatchObject({ health: 'ok', counters: { read: 200 } });
      expect(new Set(sink.items.map(({ id }) => id)).size).toBe(80);
      expect(sink.items).toHaveLength(80);
      expect(await pipeline.metrics.export()).toContain('errors_total{kind="state"} 3');
    },
  );

  it('four times in a row ends the run', async () => {
    const { pipeline, backend, clock } = subject();
    backend.beforeCommit = () => {
      throw lost();
    };
    let failure: unknown;
    const running = pipeline.run().catch((error: unknown) => (failure = error));
    await passTime(clock, 100, () => failure !== undefined);
    await running;
    expect(failure).toMatchObject({ code: 'STATE_FAILED' });
    expect(backend.commits).toBe(4);
    expect(await pipeline.metrics.export()).toContain('errors_total{kind="state"} 4');
  });

  it.each([new Error('disk on fire'), new ProcessorError('state', 'STATE_CORRUPT', 'rotten')])(
    'that no repetition heals ends the run at once: %s',
    async (error) => {
      const { pipeline, backend } = subject();
      backend.beforeCommit = () => {
        throw error;
      };
      await expect(pipeline.run()).rejects.toBe(error);
      expect(backend.commits).toBe(1);
    },
  );
});
