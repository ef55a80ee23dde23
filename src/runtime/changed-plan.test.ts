import { describe, expect, it } from 'vitest';
import type { StateBackend } from '../state/state-backend.ts';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import { BoundedOutOfOrdernessWatermark } from '../time/bounded-out-of-orderness-watermark.ts';
import { CARRIED_OVER, REFUSED, type BuildOver } from './plan-changes.contract.ts';
import {
  CollectingSink,
  readings,
  readingsPipeline,
  shown,
  WatchedBackend,
  type Reading,
} from './run-fixtures.contract.ts';

/** In order but for one in each ten, which is a little behind: late for nothing. */
const EVENTS: readonly Reading[] = readings(60).map((one, i) => ({ ...one, timestamp: i - (i % 10 === 5 ? 2 : 0) }));

/** Runs over all events, in epochs of ten; stops after so many of them, else runs to the end. */
async function runOver(backend: StateBackend, build: BuildOver, epochs = Infinity) {
  const sink = new CollectingSink();
  const pipeline = build(EVENTS).withBufferSize(10).withStateBackend(backend).withSink(sink).build();
  if (backend instanceof WatchedBackend) {
    backend.afterCommit = (commit) => {
      if (commit === epochs) void pipeline.stop();
    };
  }
  await pipeline.run();
  return sink.items;
}

/** The highest pane of each window: what a store that upserts holds in the end. */
function held(items: CollectingSink['items']): readonly string[] {
  return [
    ...new Map(
      items.map((item) => [
        `${item.windowName} ${item.window.start} ${item.window.end} ${String(item.key)}`,
        shown(item).replace(/ \S+$/, ''),
      ]),
    ).values(),
  ].toSorted();
}

describe('a second run on the state of a first', () => {
  it.each(REFUSED)('is refused after a change of %s', async (_, before, after, changes) => {
    const backend = new WatchedBackend();
    await runOver(backend, before, 3);
    const refused = runOver(backend, after);
    await expect(refused).rejects.toMatchObject({ kind: 'state', code: 'STATE_MISMATCH' });
    for (const { field, from, to } of changes) {
      await expect(refused).rejects.toThrow(
        new RegExp(`^  ${escaped(field)} +was ${escaped(from)}; is now ${escaped(to)}$`, 'm'),
      );
    }
    // Nothing has been spoilt: under the old configuration it goes on.
    await expect(runOver(backend, before)).resolves.toBeDefined();
  });

  it.each(CARRIED_OVER)('goes on after a change of %s', async (name, before, after) => {
    const backend = new WatchedBackend();
    const first = await runOver(backend, before, 3);
    const second = await runOver(backend, after);
    const whole = await runOver(new MemoryStateBackend(), before);
    // What was held back longer, and fired later, is the same in the end.
    expect(held([...first, ...second]), name).toEqual(held(whole));
    expect(first.length).toBeLessThan(whole.length);
  });
});

describe('a lateness that has grown', () => {
  const build =
    (allowedLateness: number): BuildOver =>
    (events) =>
      readingsPipeline(events)
        .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0))
        .withKey()
        .withTumblingWindow(10, { allowedLateness });
  const at = (...times: readonly number[]): Reading[] => times.map((timestamp) => ({ timestamp, key: 'a', value: 1 }));

  async function run(backend: StateBackend, allowedLateness: number, events: readonly Reading[], stopAfter = Infinity) {
    const sink = new CollectingSink();
    const late = new CollectingSink<unknown>('late');
    const watched = backend as WatchedBackend;
    const pipeline = build(allowedLateness)(events).withBufferSize(1).withStateBackend(backend).withSink(sink).build();
    watched.commits = 0;
    watched.afterCommit = (commit) => {
      if (commit === stopAfter) void pipeline.stop();
    };
    const { counters } = await pipeline.run();
    return { results: sink.items.map(shown), counters, late };
  }

  it('takes late events for what is still held, and begins nothing anew that was let go', async () => {
    const backend = new WatchedBackend();
    // At 24 the window [0, 10) is gone under a lateness of 5, and [10, 20) and [20, 30) are held.
    const before = at(1, 2, 12, 24);
    const events = [...before, ...at(24, 24, 24, 24, 3, 13, 41)];
    const first = await run(backend, 5, events, before.length);
    expect(first.results).toEqual(['[0,10)  2 on_time#0', '[10,20)  1 on_time#0']);
    expect(first.counters.droppedLate).toBe(0);
    // Under a lateness of 30 the event at 3 would be in time; but its window was reported, and is not there any more.
    const second = await run(backend, 30, events);
    expect(second.results).toEqual(['[10,20)  2 late#1', '[20,30)  5 on_time#0', '[40,50)  1 on_time#0']);
    expect(second.counters).toMatchObject({ droppedLate: 1, acceptedLate: 1 });
  });

  it('is remembered over a further restart', async () => {
    const backend = new WatchedBackend();
    const before = at(1, 2, 12, 24);
    const events = [...before, ...at(25, 25, 25, 25, 3, 41)];
    await run(backend, 5, events, before.length);
    const second = await run(backend, 30, events, 1);
    expect(second.counters).toMatchObject({ droppedLate: 0 });
    const third = await run(backend, 30, events);
    expect([...second.results, ...third.results]).toEqual(['[20,30)  5 on_time#0', '[40,50)  1 on_time#0']);
    expect(third.counters.droppedLate).toBe(1);
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[()[\]{}.*+?^$|\\]/g, String.raw`\$&`);
}
