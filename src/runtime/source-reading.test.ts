import { describe, expect, it, vi } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import { MemorySource } from '../sources/memory/memory-source.ts';
import type { SourcePartition } from '../sources/event-source.ts';
import { ManualClock } from '../time/manual-clock.ts';
import {
  blocksOf,
  CollectingSink,
  partitionOf,
  passTime,
  readings,
  readingsPipeline,
  rememberingLogger,
  settle,
  shown,
  sourceOf,
  untilAborted,
  type Reading,
} from './run-fixtures.contract.ts';

const at = (timestamp: number, key = 'a'): Reading => ({ timestamp, key, value: 1 });

/** Fails so many times, then goes on. */
function flaky(failures: number, read: SourcePartition['read']): SourcePartition['read'] {
  let left = failures;
  return async () => {
    left -= 1;
    if (left >= 0) throw new Error('cable cut');
    return read();
  };
}

describe('a read that fails', () => {
  it('is tried again, and nothing is lost where that succeeds', async () => {
    const clock = new ManualClock();
    const sink = new CollectingSink();
    const source = sourceOf(() => [partitionOf('only', flaky(3, blocksOf(readings(4), readings(4))))]);
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(10)
      .withCommitInterval('1h')
      .withSink(sink)
      .build({ clock });
    let ended = false;
    const running = pipeline.run().finally(() => (ended = true));
    await settle(clock);
    expect(pipeline.status().components['source']).toEqual({
      status: 'degraded',
      message: 'partition only: cable cut',
    });
    // 100, 200 and 400 ms at most, however long the commit interval is.
    await passTime(clock, 50, () => ended, 14);
    await running;
    expect(sink.items.map(shown)).toEqual(['[0,10) key=a 4 on_time#0', '[0,10) key=b 4 on_time#0']);
    expect(pipeline.status().health).toBe('ok');
  });

  it('fails the run once the attempts are used up', async () => {
    const clock = new ManualClock();
    const source = sourceOf(() => [partitionOf('only', flaky(Infinity, blocksOf()))]);
    const pipeline = readingsPipeline(source).withTumblingWindow(10).withSink(new CollectingSink()).build({ clock });
    let failure: unknown;
    const running = pipeline.run().catch((error: unknown) => (failure = error));
    await passTime(clock, 100, () => failure !== undefined);
    await running;
    expect(failure).toMatchObject({ kind: 'source', code: 'SOURCE_FAILED' });
    expect(String(failure)).toContain('source "memory", partition only: cable cut');
  });

  it.each(['SOURCE_CHANGED', 'KAFKA_OFFSET_LOST'] as const)(
    'because of what is gone is not tried again: %s',
    async (code) => {
      const clock = new ManualClock();
      const gone = new ProcessorError('source', code, 'what was read is gone');
      const read = vi.fn<SourcePartition['read']>(() => Promise.reject(gone));
      const source = sourceOf(() => [partitionOf('only', read)]);
      const pipeline = readingsPipeline(source).withTumblingWindow(10).withSink(new CollectingSink()).build({ clock });
      await expect(pipeline.run()).rejects.toBe(gone);
      expect(read).toHaveBeenCalledOnce();
    },
  );

  it.each([ErrorPolicy.skip(), ErrorPolicy.deadLetter()])(
    'gives up its partition alone by the policy $type',
    async (policy) => {
      const sink = new CollectingSink();
      const logger = rememberingLogger();
      const source = sourceOf(() => [
        partitionOf('bad', flaky(Infinity, blocksOf())),
        partitionOf('good', blocksOf(readings(4))),
      ]);
      const pipeline = readingsPipeline(source)
        .withTumblingWindow(10)
        .withErrorHandler(new ErrorHandler(policy))
        .withSink(sink)
        .build({ logger });
      await pipeline.run();
      expect(sink.items).toHaveLength(2);
      expect(pipeline.status().components['source']).toEqual({
        status: 'degraded',
        message: 'partition bad was given up: cable cut',
      });
      expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toContain('error partition given up');
    },
  );

  it('of an iterable that throws is no end of it: what came before is used, and the run fails', async () => {
    function* broken(): Iterable<Reading> {
      yield at(1);
      yield at(2);
      throw new Error('torn');
    }
    const sink = new CollectingSink();
    const pipeline = readingsPipeline([])
      .withSource(new MemorySource(broken()))
      .withTumblingWindow(1)
      .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 1, initialDelay: 0 })))
      .withSink(sink)
      .build();
    await expect(pipeline.run()).rejects.toThrow('torn');
    expect(sink.items.every(({ window }) => window.start === 1)).toBe(true);
    expect(pipeline.status().partitions[0]?.state).toBe('active');
  });
});

describe('partitions', () => {
  it('are read by the lowest watermark first', async () => {
    const order: number[] = [];
    const from = (start: number): Reading[][] => Array.from({ length: 3 }, (_, i) => [at(start + 10 * i)]);
    const source = sourceOf(() => [
      partitionOf('high', blocksOf(...from(25))),
      partitionOf('low', blocksOf(...from(0))),
    ]);
    const pipeline = readingsPipeline(source)
      .filter(({ timestamp }) => order.push(timestamp) > 0)
      .withTumblingWindow(10)
      .withSink(new CollectingSink())
      .build();
    await pipeline.run();
    // Before its first event a partition is at −∞, and so comes first.
    expect(order).toEqual([25, 0, 10, 20, 35, 45]);
  });

  it('fire their windows only when all have come to their end', async () => {
    const sink = new CollectingSink();
    const source = new MemorySource({ short: [at(1)], long: [at(2), at(50), at(99)] });
    await readingsPipeline(source).withTumblingWindow(100).withSink(sink).build().run();
    expect(sink.items.map(shown)).toEqual(['[0,100) key=a 4 on_time#0']);
    expect(sink.items[0]?.pane.final).toBe(true);
  });

  it('that appear while the run goes on are read too', async () => {
    const clock = new ManualClock();
    const sink = new CollectingSink();
    let late: SourcePartition[] = [];
    const source = sourceOf(({ signal }) => [partitionOf('first', () => untilAborted(signal))], {
      newPartitions: () => late.splice(0),
    });
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(10)
      .withCommitInterval('1h')
      .withSink(sink)
      .build({ clock });
    const running = pipeline.run();
    await settle(clock);
    late = [partitionOf('second', blocksOf([at(5)]))];
    await passTime(clock, 500, () => pipeline.status().counters.read === 1, 4);
    expect(pipeline.status().partitions.map(({ id }) => id)).toEqual(['first', 'second']);
    await pipeline.stop();
    expect(await running).toMatchObject({ outcome: 'stopped', counters: { read: 1 } });
  });
});

describe('stopping', () => {
  it('leaves open windows unfired', async () => {
    const clock = new ManualClock();
    const sink = new CollectingSink();
    const source = sourceOf(({ signal }) => {
      const read = blocksOf([at(1), at(12)]);
      return [partitionOf('only', async () => (await read()) ?? untilAborted(signal))];
    });
    const pipeline = readingsPipeline(source).withTumblingWindow(10).withSink(sink).build({ clock });
    const running = pipeline.run();
    await settle(clock);
    await pipeline.stop();
    expect(await running).toMatchObject({ outcome: 'stopped' });
    expect(sink.items.map(shown)).toEqual(['[0,10) key=a 1 on_time#0']);
    expect(pipeline.status()).toMatchObject({ state: 'finished', activeWindows: 1 });
  });

  it('does not wait longer than a second for a read that does not heed the signal', async () => {
    const clock = new ManualClock();
    const source = sourceOf(() => [partitionOf('deaf', () => new Promise(() => undefined))]);
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(10)
      .withCommitInterval('1h')
      .withSink(new CollectingSink())
      .build({ clock });
    let ended = false;
    const running = pipeline.run().finally(() => (ended = true));
    await settle(clock);
    const stopping = pipeline.stop();
    await settle(clock);
    expect(ended).toBe(false);
    expect(pipeline.status().state).toBe('stopping');
    await passTime(clock, 250, () => ended, 4);
    await stopping;
    expect(await running).toMatchObject({ outcome: 'stopped' });
  });

  it('comes to an end though a source does not', async () => {
    const source = sourceOf(() => [partitionOf('endless', async () => (await blocksOf([at(1)])()) ?? null)]);
    const pipeline = readingsPipeline(source).withTumblingWindow(10).withSink(new CollectingSink()).build();
    const stop = new AbortController();
    const running = pipeline.run({ signal: stop.signal });
    await settle(new ManualClock());
    stop.abort();
    expect(await running).toMatchObject({ outcome: 'stopped' });
  });

  it('takes a read that fails because of it for no failure', async () => {
    const clock = new ManualClock();
    const source = sourceOf(({ signal }) => [
      partitionOf('only', async () => {
        await untilAborted(signal);
        throw new Error('aborted');
      }),
    ]);
    const pipeline = readingsPipeline(source).withTumblingWindow(10).withSink(new CollectingSink()).build({ clock });
    const running = pipeline.run();
    await settle(clock);
    await pipeline.stop();
    expect(await running).toMatchObject({ outcome: 'stopped' });
  });

  it('before the start reads nothing', async () => {
    const pipeline = readingsPipeline(readings(10)).withTumblingWindow(10).withSink(new CollectingSink()).build();
    expect(await pipeline.run({ signal: AbortSignal.abort() })).toMatchObject({
      outcome: 'stopped',
      counters: { read: 0 },
    });
  });
});

describe('a silent partition', () => {
  it.each([
    ['with nothing left to read lets the watermark go on after the timeout', true, 7],
    ['with a backlog holds it', false, -Infinity],
  ])('%s', async (_, caughtUp, watermark) => {
    const clock = new ManualClock();
    const source = sourceOf(({ signal }) => {
      const read = blocksOf([at(7)]);
      return [
        partitionOf(
          'silent',
          () => untilAborted(signal),
          () => caughtUp,
        ),
        partitionOf('busy', async () => (await read()) ?? untilAborted(signal)),
      ];
    });
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(10)
      .withIdleTimeout('5s')
      .withSink(new CollectingSink())
      .build({ clock });
    const running = pipeline.run();
    await passTime(clock, 100, () => false, 48);
    expect(pipeline.status().watermark).toBe(-Infinity);
    await passTime(clock, 100, () => false, 4);
    expect(pipeline.status().watermark).toBe(watermark);
    await pipeline.stop();
    await running;
  });
});
