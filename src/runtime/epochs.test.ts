import { describe, expect, it } from 'vitest';
import type { StateOperation } from '../state/state-backend.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { ProcessingTimeTrigger } from '../windows/processing-time-trigger.ts';
import {
  blocksOf,
  CollectingSink,
  gate,
  partitionOf,
  readings,
  readingsPipeline,
  settle,
  shown,
  sourceOf,
  untilAborted,
  WatchedBackend,
} from './run-fixtures.contract.ts';

function metaOf(operations: readonly StateOperation[]): { epoch: number } {
  const meta = operations.find(({ key }) => Buffer.from(key).toString() === 'p/meta');
  return JSON.parse(Buffer.from(meta?.value ?? []).toString()) as { epoch: number };
}

describe('an epoch', () => {
  it('is delivered only when it has been committed, and the next is committed only when it has been delivered', async () => {
    const order: string[] = [];
    const backend = new WatchedBackend();
    backend.beforeCommit = (_, operations) => void order.push(`commit ${metaOf(operations).epoch} begins`);
    backend.afterCommit = async (commit) => {
      await settle(new ManualClock(), 3);
      order.push(`commit ${commit} is done`);
    };
    const sink = {
      sendBatch: async (_: unknown, { epoch }: { epoch: number }) => {
        order.push(`delivery ${epoch} begins`);
        await settle(new ManualClock(), 3);
        order.push(`delivery ${epoch} is done`);
      },
    };
    const pipeline = readingsPipeline(readings(40))
      .withTumblingWindow(4)
      .withBufferSize(10)
      .withStateBackend(backend)
      .withSink(sink)
      .build();
    const { epoch } = await pipeline.run();
    expect(epoch).toBeGreaterThanOrEqual(4);
    const expected = Array.from({ length: epoch }, (_, i) => i + 1).flatMap((n) => [
      `commit ${n} begins`,
      `commit ${n} is done`,
      `delivery ${n} begins`,
      `delivery ${n} is done`,
    ]);
    expect(order).toEqual(expected);
  });

  it('is not committed when it is empty', async () => {
    const clock = new ManualClock();
    const backend = new WatchedBackend();
    const source = sourceOf(({ signal }) => [partitionOf('only', () => untilAborted(signal))]);
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(4)
      .withStateBackend(backend)
      .withSink(new CollectingSink())
      .build({ clock });
    const running = pipeline.run();
    for (let interval = 0; interval < 10; interval += 1) {
      clock.advance(100);
      await settle(clock, 3);
    }
    await pipeline.stop();
    expect(await running).toMatchObject({ outcome: 'stopped', epoch: 0 });
    expect(backend.commits).toBe(0);
  });

  it('is read while the one before is delivered, up to the buffer and no further', async () => {
    const clock = new ManualClock();
    const delivered = gate();
    let read = 0;
    const source = sourceOf(() => {
      const next = blocksOf(
        ...Array.from({ length: 30 }, (_, i) => readings(3).map((one) => ({ ...one, timestamp: i * 10 }))),
      );
      const count = async (): ReturnType<typeof next> => {
        const block = await next();
        read += block?.count ?? 0;
        return block;
      };
      return [partitionOf('only', count)];
    });
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(10)
      .withBufferSize(10)
      .withSink({ sendBatch: () => delivered.opened })
      .build({ clock });
    const running = pipeline.run();
    for (let interval = 0; interval < 20; interval += 1) {
      await settle(clock, 3);
      clock.advance(100);
    }
    // The first epoch holds 9 events, for a tenth is in no block of its own; as many are read on top; one block is ready.
    expect(pipeline.status()).toMatchObject({ epoch: 1, counters: { read: 18 } });
    expect(read).toBe(21);
    delivered.open();
    await running;
    expect(pipeline.status().counters.read).toBe(90);
  });

  it('never holds more events or results than the buffer, even at the end of the input', async () => {
    const backend = new WatchedBackend();
    const sink = new CollectingSink();
    const pipeline = readingsPipeline(readings(1000).map((one, i) => ({ ...one, key: `k${i % 200}`, timestamp: 5 })))
      .withTumblingWindow(10)
      .withBufferSize(16)
      .withStateBackend(backend)
      .withSink(sink)
      .build();
    await pipeline.run();
    expect(sink.items).toHaveLength(200);
    expect(Math.max(...sink.batches)).toBe(16);
    expect(sink.epochs).toEqual(Array.from({ length: 13 }, (_, i) => (sink.epochs[0] ?? 0) + i));
  });

  it.each(['before', 'after'] as const)(
    'that cannot be committed fails the run, and is not delivered (%s the write)',
    async (when) => {
      const backend = new WatchedBackend();
      const fail = (commit: number): void => {
        if (commit === 3) throw new Error('disk on fire');
      };
      if (when === 'before') backend.beforeCommit = fail;
      else backend.afterCommit = fail;
      const sink = new CollectingSink();
      const pipeline = readingsPipeline(readings(100))
        .withTumblingWindow(1)
        .withBufferSize(10)
        .withStateBackend(backend)
        .withSink(sink)
        .build();
      await expect(pipeline.run()).rejects.toThrow('disk on fire');
      expect(new Set(sink.epochs)).toEqual(new Set([1, 2]));
      expect(pipeline.status()).toMatchObject({ state: 'failed', health: 'failed', epoch: 2 });
      expect(await pipeline.metrics.export()).toContain('errors_total{kind="internal"} 1');
    },
  );

  it('holds the early panes that the passing of time brings about, also those of the last tick', async () => {
    const clock = new ManualClock();
    const backend = new WatchedBackend();
    const source = sourceOf(({ signal }) => {
      const read = blocksOf(readings(4));
      return [partitionOf('only', async () => (await read()) ?? untilAborted(signal))];
    });
    const sink = new CollectingSink();
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(1000, { trigger: new ProcessingTimeTrigger(50) })
      .withStateBackend(backend)
      .withSink(sink)
      .build({ clock });
    const running = pipeline.run();
    await settle(clock);
    clock.advance(60);
    await pipeline.stop();
    await running;
    expect(sink.items.map(shown)).toEqual(['[0,1000) key=a 2 early#0', '[0,1000) key=b 2 early#0']);
    expect(pipeline.status().counters.fired).toBe(2);
    expect(backend.commits).toBe(1);
  });
});
