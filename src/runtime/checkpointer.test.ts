import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { MetricResults } from '../results/aggregation-result.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { lowestPositions } from './lowest-positions.ts';
import {
  CollectingSink,
  DurableBackend,
  gate,
  passTime,
  readings,
  readingsPipeline,
  rememberingLogger,
  scriptedSource,
  settle,
  WatchedBackend,
  type LogLine,
  type Reading,
} from './run-fixtures.contract.ts';

/** 2026-11-23T22:57:50Z. */
const START = Date.UTC(2026, 10, 23, 22, 57, 50);
const INTERVAL_MS = 10_000;

interface Subject {
  readonly clock: ManualClock;
  readonly pipeline: Pipeline<MetricResults>;
  /** Offsets that the source was told are released. */
  readonly released: number[];
  readonly lines: readonly LogLine[];
  /** So many more events of as many epochs, a second after one another. */
  readonly feed: (count: number) => Promise<void>;
}

function subject(backend: WatchedBackend, clock = new ManualClock(START), retained = 3): Subject {
  const released: number[] = [];
  const { source, give } = scriptedSource({
    released: (positions) => released.push(positions.get('only')?.offset ?? Number.NaN),
  });
  const logger = rememberingLogger();
  const pipeline = readingsPipeline(source)
    .withTumblingWindow(1000)
    .withCheckpoints({ interval: INTERVAL_MS, retained })
    .withStateBackend(backend)
    .withSink(new CollectingSink())
    .build({ clock, logger });
  let timestamp = 0;
  return {
    clock,
    pipeline,
    released,
    lines: logger.lines,
    feed: async (count) => {
      for (let i = 0; i < count; i += 1) {
        const event: Reading = { timestamp: (timestamp += 1), key: 'a', value: 1 };
        give(event);
        await settle(clock, 5);
        clock.advance(1000);
        await settle(clock);
      }
    },
  };
}

async function idsOf(backend: WatchedBackend): Promise<readonly string[]> {
  await backend.open();
  return (await backend.listCheckpoints()).map(({ id }) => id);
}

describe('checkpoints of a run', () => {
  it('are made by themselves, after a commit, with the time and the epoch in their ids; the newest are kept', async () => {
    const backend = new DurableBackend();
    const { pipeline, feed } = subject(backend);
    const running = pipeline.run();
    await feed(9);
    expect(await pipeline.checkpoints()).toEqual([]);
    await feed(2);
    expect(await pipeline.checkpoints()).toMatchObject([{ id: 'auto-20261123T225800Z-10' }]);
    await feed(50);
    const ids = (await pipeline.checkpoints()).map(({ id }) => id);
    expect(ids).toEqual(['auto-20261123T225830Z-40', 'auto-20261123T225840Z-50', 'auto-20261123T225850Z-60']);
    await pipeline.stop();
    await running;
    expect(await idsOf(backend)).toEqual(ids);
  });

  it.each([
    ['does not outlive the process', new WatchedBackend()],
    ['nobody can read back', new WatchedBackend({ recoverable: false })],
  ])('are not made of a state that %s', async (_, backend) => {
    const { pipeline, feed } = subject(backend);
    const running = pipeline.run();
    await feed(15);
    await pipeline.stop();
    await running;
    expect(await idsOf(backend)).toEqual([]);
  });

  it('are not made while nothing is committed', async () => {
    const backend = new DurableBackend();
    const { pipeline, clock, feed } = subject(backend);
    const running = pipeline.run();
    await feed(11);
    await passTime(clock, INTERVAL_MS, () => false, 10);
    expect(await pipeline.checkpoints()).toHaveLength(1);
    await pipeline.stop();
    await running;
  });

  it('hold up neither reading, commits nor delivery, however long one takes; the end of the run waits for it', async () => {
    const backend = new DurableBackend();
    const slow = gate();
    let begun = 0;
    backend.beforeCheckpoint = () => {
      begun += 1;
      return slow.opened;
    };
    const { pipeline, feed, clock } = subject(backend);
    const running = pipeline.run();
    await feed(40);
    expect(begun).toBe(1);
    expect(pipeline.status()).toMatchObject({ epoch: 40, health: 'ok', counters: { read: 40 } });
    let ended = false;
    const stopping = pipeline.stop().then(() => (ended = true));
    await settle(clock);
    expect(ended).toBe(false);
    slow.open();
    await stopping;
    await running;
    expect(await idsOf(backend)).toHaveLength(1);
  });

  it('that fail are told of until one succeeds, and do not end the run', async () => {
    const clock = new ManualClock(START);
    const backend = new DurableBackend({ clock });
    let isFull = true;
    backend.beforeCheckpoint = () => {
      if (isFull) throw new ProcessorError('state', 'STATE_FULL', 'no room');
    };
    const { pipeline, feed, lines } = subject(backend, clock);
    const running = pipeline.run();
    await feed(11);
    const { health, components, stateStatus } = pipeline.status();
    expect(health).toBe('degraded');
    expect(components['state']?.message).toBe('a checkpoint could not be made: no room');
    expect(stateStatus).toMatchObject({ checkpointFailures: 1, lastCheckpoint: null });
    expect(lines).toContainEqual({
      level: 'error',
      fields: { id: 'auto-20261123T225800Z-10', error: 'no room' },
      message: 'a checkpoint could not be made',
    });
    isFull = false;
    await feed(10);
    expect(pipeline.status()).toMatchObject({
      health: 'ok',
      epoch: 21,
      stateStatus: { checkpointFailures: 1, lastCheckpoint: { id: 'auto-20261123T225810Z-20', ageMs: 1000 } },
    });
    const page = await pipeline.metrics.export();
    expect(page).toContain('\ncheckpoint_failures_total 1\n');
    expect(page).toContain('\ncheckpoint_seconds_count 1\n');
    expect(page).toContain(`\nlast_checkpoint_timestamp_seconds ${START / 1000 + 20}\n`);
    await pipeline.stop();
    await running;
  });

  it('that are asked for are made at once, and never deleted', async () => {
    const backend = new DurableBackend();
    const { pipeline, feed } = subject(backend, new ManualClock(START), 1);
    const running = pipeline.run();
    await feed(3);
    expect(await pipeline.checkpoint('mine')).toMatchObject({ id: 'mine' });
    expect(await pipeline.checkpoint()).toMatchObject({ id: 'manual-20261123T225753Z-3' });
    await expect(pipeline.checkpoint('auto-1')).rejects.toMatchObject({ code: 'CONFIG_INVALID', path: 'id' });
    await feed(50);
    expect((await pipeline.checkpoints()).map(({ id }) => id)).toEqual([
      'mine',
      'manual-20261123T225753Z-3',
      'auto-20261123T225840Z-50',
    ]);
    await pipeline.stop();
    await running;
  });

  it('wait for the commit that is under way', async () => {
    const backend = new DurableBackend();
    const committing = gate();
    const order: string[] = [];
    backend.beforeCommit = (commit) => (commit === 2 ? committing.opened : undefined);
    backend.afterCommit = (commit) => void order.push(`commit ${commit}`);
    backend.beforeCheckpoint = (id) => void order.push(id);
    const { pipeline, feed, clock } = subject(backend);
    const running = pipeline.run();
    await feed(2);
    const made = pipeline.checkpoint('mine');
    await settle(clock);
    expect(order).toEqual(['commit 1']);
    committing.open();
    await made;
    expect(order).toEqual(['commit 1', 'commit 2', 'mine']);
    await pipeline.stop();
    await running;
  });
});

describe('what no checkpoint needs any more', () => {
  it('is released up to the oldest one kept', async () => {
    const backend = new DurableBackend();
    const { pipeline, feed, released } = subject(backend, new ManualClock(START), 2);
    const running = pipeline.run();
    await feed(9);
    expect(released).toEqual([]);
    await feed(52);
    expect(released).toEqual([10, 10, 20, 30, 40, 50]);
    await pipeline.stop();
    await running;
  });

  it('is known to the next run, and held by checkpoints of which nothing is known', async () => {
    const backend = new DurableBackend();
    const first = subject(backend, new ManualClock(START), 2);
    let running = first.pipeline.run();
    await first.feed(31);
    await first.pipeline.stop();
    await running;
    const second = subject(backend, first.clock, 2);
    running = second.pipeline.run();
    await settle(second.clock);
    expect(second.released).toEqual([20]);
    await backend.checkpoint('foreign');
    await second.feed(11);
    expect(second.released).toEqual([20]);
    await backend.deleteCheckpoint('foreign');
    await second.feed(10);
    expect(second.released).toEqual([20, 41]);
    await second.pipeline.stop();
    await running;
  });

  it('is held back by a state that has gone back to an old checkpoint', async () => {
    const backend = new DurableBackend();
    const first = subject(backend);
    let running = first.pipeline.run();
    await first.feed(2);
    await first.pipeline.checkpoint('old');
    await first.feed(2);
    await first.pipeline.checkpoint('new');
    await first.pipeline.stop();
    await running;
    await first.pipeline.restore('old');
    await backend.open();
    await backend.deleteCheckpoint('old');
    const second = subject(backend, first.clock);
    running = second.pipeline.run();
    await settle(second.clock);
    expect(second.pipeline.status().epoch).toBe(2);
    expect(second.released).toEqual([2]);
    await second.pipeline.stop();
    await running;
  });

  it.each([
    [[], {}],
    [[{ a: 5 }], { a: 5 }],
    [
      [
        { a: 5, b: 7 },
        { a: 6, b: 3 },
      ],
      { a: 5, b: 3 },
    ],
    [[{ a: 5, b: 7 }, { a: 6 }], { a: 5 }],
    [[{ a: 5 }, {}], {}],
  ] as const)('of %j is %j', (all, expected) => {
    const positions = all.map((one) => new Map(Object.entries(one).map(([id, offset]) => [id, { offset }])));
    const lowest = [...lowestPositions(positions)].map(([id, { offset }]) => [id, offset]);
    expect(Object.fromEntries(lowest)).toEqual(expected);
  });
});

describe('of a pipeline that does not run', () => {
  const build = (backend: WatchedBackend, sink = new CollectingSink()): Pipeline<MetricResults> =>
    readingsPipeline(readings(20)).withTumblingWindow(10).withStateBackend(backend).withSink(sink).build();

  it('the state can be checkpointed, and gone back to', async () => {
    const backend = new WatchedBackend();
    const sink = new CollectingSink();
    const pipeline = build(backend, sink);
    await pipeline.checkpoint('empty');
    await pipeline.run();
    await pipeline.checkpoint('full');
    expect((await pipeline.checkpoints()).map(({ id }) => id)).toEqual(['empty', 'full']);
    await pipeline.restore('empty');
    await pipeline.run();
    await pipeline.restore('full');
    await pipeline.run();
    const ids = sink.items.map(({ id }) => id);
    expect(ids).toEqual([...ids.slice(0, 4), ...ids.slice(0, 4)]);
  });

  it('a checkpoint that there is not cannot be gone back to', async () => {
    await expect(build(new WatchedBackend()).restore('never')).rejects.toMatchObject({ code: 'CHECKPOINT_UNKNOWN' });
  });

  it('a state that is not kept is refused, with what to do', async () => {
    const pipeline = build(new WatchedBackend({ recoverable: false }));
    for (const refused of [pipeline.checkpoint('a'), pipeline.restore('a'), pipeline.checkpoints()]) {
      await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID', path: 'state' });
    }
  });

  it('the state is used by one at a time', async () => {
    const backend = new WatchedBackend();
    const pipeline = build(backend);
    const [made, run, restored] = await Promise.allSettled([
      pipeline.checkpoint('a'),
      pipeline.run(),
      pipeline.restore('a'),
    ]);
    expect(made.status).toBe('fulfilled');
    for (const refused of [run, restored]) expect(refused).toMatchObject({ reason: { code: 'RUN_STATE' } });
    const running = pipeline.run();
    await expect(pipeline.restore('a')).rejects.toMatchObject({ code: 'RUN_STATE' });
    await running;
    await pipeline.restore('a');
  });
});
