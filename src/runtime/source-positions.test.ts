import { describe, expect, it } from 'vitest';
import type { SourceContext, SourcePosition } from '../sources/event-source.ts';
import { ManualClock } from '../time/manual-clock.ts';
import {
  blocksOf,
  CollectingSink,
  DurableBackend,
  partitionOf,
  readings,
  readingsPipeline,
  scriptedSource,
  settle,
  sourceOf,
  untilAborted,
} from './run-fixtures.contract.ts';

describe('a partition that begins at a place of its own', () => {
  it('has that place committed before anything is read, so that a restart begins there too', async () => {
    const state = new DurableBackend();
    const seen: (SourcePosition | undefined)[] = [];
    const source = sourceOf(({ positions, signal }) => {
      seen.push(positions.get('only'));
      const start = { offset: 40 + seen.length, token: 'newest' };
      return [{ ...partitionOf('only', () => untilAborted(signal)), start }];
    });
    for (let run = 0; run < 2; run += 1) {
      const clock = new ManualClock();
      const sink = new CollectingSink();
      const pipeline = readingsPipeline(source)
        .withTumblingWindow(10)
        .withStateBackend(state)
        .withSink(sink)
        .build({ clock });
      const running = pipeline.run();
      await settle(clock);
      expect(state.commits).toBe(1);
      void pipeline.stop();
      await running;
    }
    expect(seen).toEqual([undefined, { offset: 41, token: 'newest' }]);
  });

  it('is not ready before that is committed', async () => {
    const state = new DurableBackend();
    state.beforeCommit = () => {
      throw new Error('no room');
    };
    let reads = 0;
    const source = sourceOf(({ signal }) => {
      const read = (): Promise<null> => {
        reads += 1;
        return untilAborted(signal);
      };
      return [{ ...partitionOf('only', read), start: { offset: 7 } }];
    });
    const clock = new ManualClock();
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(10)
      .withStateBackend(state)
      .withSink(new CollectingSink())
      .build({ clock });
    const running = pipeline.run().catch(() => undefined);
    await settle(clock);
    expect(reads).toBe(0);
    void pipeline.stop();
    await running;
  });
});

it('what a source knows to be empty is part of the position that is committed', async () => {
  const state = new DurableBackend();
  const committed: ReadonlyMap<string, SourcePosition>[] = [];
  const source = sourceOf(
    () => [
      {
        ...partitionOf('only', blocksOf(readings(4))),
        beyond: ({ offset }) => ({ offset: offset + 2, token: 'markers' }),
      },
    ],
    { committed: (positions) => committed.push(positions) },
  );
  await readingsPipeline(source)
    .withTumblingWindow(10)
    .withStateBackend(state)
    .withSink(new CollectingSink())
    .build({ clock: new ManualClock() })
    .run();
  expect(committed.at(-1)).toEqual(new Map([['only', { offset: 6, token: 'markers' }]]));
});

it('a source that cannot read for the moment is degraded, and well again by itself', async () => {
  const clock = new ManualClock();
  let fault: string | null = 'broker 1 is away';
  const { source } = scriptedSource({ fault: () => fault });
  const pipeline = readingsPipeline(source).withTumblingWindow(10).withSink(new CollectingSink()).build({ clock });
  const running = pipeline.run();
  await settle(clock);
  expect(pipeline.status().components['source']).toEqual({ status: 'degraded', message: 'broker 1 is away' });
  fault = null;
  expect(pipeline.status().components['source']).toEqual({ status: 'ok', message: null });
  void pipeline.stop();
  await running;
});

it('a source is told that no sink commits its positions', async () => {
  const contexts: SourceContext[] = [];
  const source = sourceOf((context) => {
    contexts.push(context);
    return [partitionOf('only', blocksOf(readings(1)))];
  });
  await readingsPipeline(source, 'named').withTumblingWindow(10).withSink(new CollectingSink()).build().run();
  expect(contexts).toMatchObject([{ pipeline: 'named', sinkCommitsPositions: false }]);
});
