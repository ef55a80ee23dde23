import { describe, expect, it } from 'vitest';
import type { AggregationResult } from '../results/aggregation-result.ts';
import { ManualClock } from '../time/manual-clock.ts';
import {
  CollectingSink,
  partitionOf,
  readings,
  readingsPipeline,
  settle,
  sourceOf,
  blocksOf,
} from './run-fixtures.contract.ts';

const START = Date.UTC(2024, 2, 31, 0, 30);

async function runWith(jump: (clock: ManualClock, step: number) => void): Promise<readonly unknown[]> {
  const clock = new ManualClock(START);
  const sink = new CollectingSink<AggregationResult>();
  const events = readings(60, 90_000).map((one, i) => ({ ...one, timestamp: START - (i % 7) * 60_000 + i * 90_000 }));
  const source = sourceOf(() => {
    const next = blocksOf(...Array.from({ length: 12 }, (_, i) => events.slice(5 * i, 5 * i + 5)));
    let step = 0;
    return [
      partitionOf('only', async () => {
        step += 1;
        await clock.sleep(50);
        jump(clock, step);
        return (await next()) ?? new Promise(() => undefined);
      }),
      partitionOf(
        'silent',
        () => new Promise(() => undefined),
        () => true,
      ),
    ];
  });
  const pipeline = readingsPipeline(source)
    .withTumblingWindow('10m', { allowedLateness: '5m' })
    .withSessionWindow('10m')
    .withIdleTimeout('10s')
    .withSink(sink)
    .build({ clock });
  const running = pipeline.run();
  for (let turn = 0; turn < 400; turn += 1) {
    clock.advance(50);
    await settle(clock, 2);
  }
  const stopping = pipeline.stop();
  for (let turn = 0; turn < 40; turn += 1) {
    clock.advance(50);
    await settle(clock, 2);
  }
  await stopping;
  await running;
  return sink.items.map((result) => ({ ...result.toJSON(), timestamp: null }));
}

describe('a wall clock that is set', () => {
  it.each<[string, (clock: ManualClock, step: number) => void]>([
    ['back by an hour, as at the end of summer time', (clock, step) => step === 5 && clock.jumpTo(START - 3_600_000)],
    ['ahead by a day', (clock, step) => step === 5 && clock.jumpTo(START + 86_400_000)],
    ['to and fro all the time', (clock, step) => clock.jumpTo(START + (step % 2 === 0 ? -1 : 1) * 7_200_000)],
  ])('%s, in the middle of a run, changes no result', async (_, jump) => {
    const expected = await runWith(() => undefined);
    expect(expected.length).toBeGreaterThan(10);
    expect(await runWith(jump)).toEqual(expected);
  });
});
