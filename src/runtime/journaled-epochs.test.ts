import { describe, expect, it } from 'vitest';
import type { Aggregator } from '../aggregations/aggregator.ts';
import type { PipelineBuilder } from '../pipeline/pipeline-builder.ts';
import type { AggregationResult } from '../results/aggregation-result.ts';
import type { EventSource } from '../sources/event-source.ts';
import { objectBlock } from '../sources/memory/object-block.ts';
import type { StateOperation } from '../state/state-backend.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { CountTrigger } from '../windows/count-trigger.ts';
import {
  CollectingSink,
  partitionOf,
  readings,
  readingsPipeline,
  settle,
  shown,
  sourceOf,
  WatchedBackend,
  type Reading,
} from './run-fixtures.contract.ts';
import { inspectState } from './state-inspection.ts';

type Builder = PipelineBuilder<Reading, unknown>;

/** What a commit writes, in one word each: `journal`, or `windows` where it writes or deletes any of these. */
function kindOf(operations: readonly StateOperation[]): string {
  const keys = operations
    .filter(({ value }) => value !== undefined)
    .map(({ key }) => Buffer.from(key).toString('latin1'));
  if (keys.some((key) => key.includes('/journal/'))) return 'journal';
  return operations.some(({ key }) => Buffer.from(key).toString('latin1').includes('/w/')) ? 'windows' : 'neither';
}

/** Blocks of five events, from where the last run was. */
function inBlocks(events: readonly Reading[]): EventSource {
  return sourceOf(({ positions }) => {
    let offset = positions.get('only')?.offset ?? 0;
    return [
      partitionOf('only', async () => {
        if (offset >= events.length) return null;
        const block = objectBlock(events.slice(offset, offset + 5), offset, 0);
        offset = block.nextOffset;
        return block;
      }),
    ];
  });
}

interface Scene {
  readonly backend: WatchedBackend;
  readonly sink: CollectingSink;
  readonly kinds: string[];
  readonly clock: ManualClock;
  /** Runs until the process dies, in its `dieAfter`-th commit, or to the end. */
  readonly run: (dieAfter?: number) => Promise<void>;
}

/** Runs over the same events and the same state, one after another. No time passes unless the clock is moved. */
function scene(events: readonly Reading[], define: (builder: Builder) => Builder): Scene {
  const [backend, sink, clock, kinds]: [WatchedBackend, CollectingSink, ManualClock, string[]] = [
    new WatchedBackend(),
    new CollectingSink(),
    new ManualClock(),
    [],
  ];
  const run = async (dieAfter = Infinity): Promise<void> => {
    let commits = 0;
    backend.beforeCommit = (_, operations) => void kinds.push(kindOf(operations));
    backend.afterCommit = () => {
      commits += 1;
      if (commits === dieAfter) throw new Error('the process dies');
    };
    const builder = define(readingsPipeline(inBlocks(events)));
    const running = builder.withBufferSize(10).withStateBackend(backend).withSink(sink).build({ clock }).run();
    if (dieAfter === Infinity) await running;
    else await expect(running).rejects.toThrow('the process dies');
  };
  return { backend, sink, kinds, clock, run };
}

/** How many epochs the journal of a state has, as those see it who look into it. */
async function journalOf(backend: WatchedBackend): Promise<number> {
  await backend.open();
  const { pipelines } = await inspectState(backend, { spans: 1, keyPrefixes: 1 });
  await backend.close();
  return pipelines[0]?.journal.entries ?? Number.NaN;
}

const texts = ({ items }: CollectingSink): readonly string[] => (items as readonly AggregationResult[]).map(shown);

describe('epochs that follow each other faster than windows are stored', () => {
  it('are kept by what was read for them, the windows with the first and the last', async () => {
    const { kinds, run, backend } = scene(readings(60), (builder) => builder.withTumblingWindow(100));
    await run();
    expect(kinds[0]).toBe('windows');
    expect(new Set(kinds.slice(1, -1))).toEqual(new Set(['journal']));
    expect(kinds.length).toBeGreaterThan(5);
    expect(await journalOf(backend)).toBe(0);
  });

  it('are done again after a crash, whatever the number, and nothing else shows of it', async () => {
    const define = (builder: Builder): Builder =>
      builder
        .withTumblingWindow(20, { allowedLateness: 5 })
        .withSlidingWindow(10, 5)
        .withSessionWindow(3, { allowedLateness: 4 });
    const events = readings(120).map((one, i) => (i % 7 === 3 ? { ...one, timestamp: one.timestamp - 4 } : one));
    const undisturbed = scene(events, define);
    await undisturbed.run();
    for (let dieAfter = 1; dieAfter < undisturbed.kinds.length; dieAfter += 1) {
      const { run, sink, backend } = scene(events, define);
      await run(dieAfter);
      expect((await journalOf(backend)) > 0).toBe(undisturbed.kinds[dieAfter - 1] === 'journal');
      await run();
      expect(texts(sink), `died after ${dieAfter}`).toEqual(texts(undisturbed.sink));
    }
  });

  it('say the time at which their results were made, also when they are delivered after a crash', async () => {
    const { run, sink, clock } = scene(readings(60), (builder) => builder.withTumblingWindow(2));
    const before = clock.now();
    await run(4);
    clock.advance(500);
    await run();
    const times = new Map(sink.items.map(({ id, timestamp }) => [id, timestamp]));
    expect([...times.values()].filter((time) => time === before).length).toBeGreaterThan(10);
    expect(new Set(times.values())).toEqual(new Set([before, before + 500]));
  });

  it('are done again under the lateness of their time, where it has grown since', async () => {
    // Too late for 5, in the fourth epoch; not for 50.
    const events = readings(60).map((one, i) => (i === 38 ? { ...one, timestamp: 12 } : one));
    let lateness = 5;
    const { run, sink, kinds } = scene(events, (builder) =>
      builder.withTumblingWindow(10, { allowedLateness: lateness }),
    );
    await run(5);
    expect(kinds.at(-1)).toBe('journal');
    lateness = 50;
    await run();
    expect(texts(sink).filter((text) => text.includes('late#'))).toEqual([]);
  });

  it('store their windows once a second, or ten commit intervals where that is less', async () => {
    for (const [interval, least] of [
      [1000, 1000],
      [20, 200],
    ] as const) {
      const one = scene(readings(200), (builder) => builder.withTumblingWindow(1000).withCommitInterval(interval));
      const { backend, clock, kinds } = one;
      const running = one.run();
      const stored: number[] = [];
      const begun = clock.monotonic();
      const noted = backend.beforeCommit;
      backend.beforeCommit = async (commit, operations) => {
        await noted(commit, operations);
        if (kinds.at(-1) === 'windows') stored.push(clock.monotonic() - begun);
        clock.advance(least / 4);
        await settle(clock, 1);
      };
      await running;
      const gaps = stored.slice(1, -1).map((at, i) => at - (stored[i] ?? 0));
      expect(gaps.length).toBeGreaterThan(1);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(least);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(least + least / 2);
    }
  });

  it.each<[string, (builder: Builder) => Builder]>([
    ['a trigger', (builder) => builder.withTumblingWindow(100, { trigger: new CountTrigger(3) })],
    [
      'an aggregator of one’s own',
      (builder) =>
        builder.withTumblingWindow(100).withAggregator({
          name: 'last',
          createAccumulator: () => ({ value: 0 }),
          add: (held, value) => {
            held.value = value;
          },
          merge: (_, other) => other,
          getResult: ({ value }) => value,
        } satisfies Aggregator<number, { value: number }, number>),
    ],
  ])('store their windows always where there is %s, which may not do the same again', async (_, define) => {
    const { kinds, run } = scene(readings(60), define);
    await run();
    expect(new Set(kinds)).not.toContain('journal');
  });

  it.each<[string, (journal: readonly Uint8Array[], backend: WatchedBackend) => Promise<void>]>([
    ['a part of it is missing', async ([, second], backend) => backend.delete(second ?? new Uint8Array())],
    ['its beginning is missing', async ([first], backend) => backend.delete(first ?? new Uint8Array())],
    ['its end is missing', async (journal, backend) => backend.delete(journal.at(-1) ?? new Uint8Array())],
    ['it is cut', (journal, backend) => altered(journal.at(-1), backend, (bytes) => bytes.subarray(0, -3))],
    ['it is of a later version', (journal, backend) => altered(journal[0], backend, (bytes) => bytes.fill(99, 0, 1))],
    ['it gives other panes', (journal, backend) => altered(journal.at(-1), backend, withoutFired)],
  ])('are refused where %s', async (_, damage) => {
    const { run, backend } = scene(readings(60), (builder) => builder.withTumblingWindow(3));
    await run(4);
    await backend.open();
    const keys: Uint8Array[] = [];
    for await (const { key } of backend.scan(Buffer.from('p/journal/'))) keys.push(key);
    expect(keys).toHaveLength(3);
    await damage(keys, backend);
    await backend.close();
    await expect(run()).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  });
});

async function altered(
  key: Uint8Array | undefined,
  backend: WatchedBackend,
  alter: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const value = key === undefined ? undefined : await backend.get(key);
  if (key === undefined || value === undefined) throw new Error('there is no such part');
  await backend.put(key, alter(value));
}

/** Without the last step, which says how many panes were taken. */
function withoutFired(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.lastIndexOf(4));
}
