import { expect, it } from 'vitest';
import { Pipeline } from '../../src/pipeline/pipeline.ts';
import { EpochStore, recordsOf, windowStatePrefix, type StoredEpoch } from '../../src/runtime/epoch-store.ts';
import type { StoredPlan } from '../../src/runtime/plan-fingerprint.ts';
import { rescale, type RescaleReport } from '../../src/runtime/rescale/rescale.ts';
import {
  CollectingSink,
  readingsPipeline,
  WatchedBackend,
  type Reading,
} from '../../src/runtime/run-fixtures.contract.ts';
import { MemoryStateBackend } from '../../src/state/memory/memory-state-backend.ts';
import type { StateEntry } from '../../src/state/state-backend.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { targetOf } from './instances.ts';
import { sharedSource } from './shared-source.ts';

/** Of partition p: an event of the key `kp` in the first window of 10, and one in the next. */
const EVENTS = (p: number): readonly Reading[] =>
  [1, 11].map((timestamp) => ({ timestamp, key: `k${String(p)}`, value: p }));

interface Given {
  readonly instances?: number;
  readonly partitions?: number;
  readonly size?: number;
  readonly lateness?: number;
  readonly name?: string;
  readonly partitionedByKey?: boolean;
  readonly crashes?: boolean;
}

/** The state of an instance that has read all its partitions and was stopped. */
async function stateOf(instance: number, given: Given = {}): Promise<WatchedBackend> {
  const { instances = 2, partitions = 4, size = 10, lateness = 0, name = 'p', partitionedByKey = true } = given;
  const state = new WatchedBackend();
  const { plan } = readingsPipeline([], name).withTumblingWindow(size, { allowedLateness: lateness }).build();
  const events = Array.from({ length: partitions }, (_, p) => EVENTS(p));
  const source = sharedSource({
    partitions: events,
    share: { instances, instance, partitionedByKey },
    upTo: events.map(({ length }) => length),
    blockRecords: 10,
    onExhausted: () => void pipeline.stop(),
  });
  const pipeline: Pipeline = new Pipeline(
    { ...plan, source, state, sinks: [new CollectingSink()] },
    { clock: new ManualClock() },
  );
  if (given.crashes === true) {
    state.beforeNote = () => Promise.reject(new Error('the process is gone'));
    await expect(pipeline.run()).rejects.toThrow('the process is gone');
  } else await pipeline.run();
  await state.open();
  return state;
}

const states = (given: Given = {}): Promise<WatchedBackend>[] =>
  Array.from({ length: given.instances ?? 2 }, (_, instance) => stateOf(instance, given));

/** Deals states called a, b, c and so on out to some new ones. */
async function attempt(
  given: readonly Promise<WatchedBackend>[],
  count = 3,
  pipeline?: string,
): Promise<RescaleReport> {
  const from = (await Promise.all(given)).map((reader, i) => ({ name: 'abcdef'.charAt(i), reader }));
  const into = Array.from({ length: count }, () => new MemoryStateBackend());
  for (const backend of into) await backend.open();
  return rescale({
    from,
    into: into.map((backend, i) => targetOf(`new-${String(i)}`, backend)),
    ...(pipeline === undefined ? {} : { pipeline }),
  });
}

/** A state whose records are changed. */
async function changed(
  state: Promise<WatchedBackend>,
  change: (stored: StoredEpoch, plan: StoredPlan) => { meta?: object; plan?: object },
): Promise<WatchedBackend> {
  const backend = await state;
  const stored = await new EpochStore(backend, 'p').read();
  if (stored?.plan === undefined) throw new Error('there is no epoch');
  const { meta, plan } = change(stored, stored.plan);
  await backend.batch(recordsOf('p', { ...stored.meta, ...meta }, { ...stored.plan, ...plan }));
  return backend;
}

/** A state into which the entries of another are put, besides its own. */
async function joined(state: Promise<WatchedBackend>, other: Promise<WatchedBackend>): Promise<WatchedBackend> {
  const backend = await state;
  const entries: StateEntry[] = [];
  for await (const entry of (await other).scan(new Uint8Array())) entries.push(entry);
  await backend.batch(entries);
  return backend;
}

it.each<[string, () => Promise<unknown>, string]>([
  ['nothing', () => attempt([]), 'there is no state to deal out'],
  [
    'a state that is missing',
    () => attempt([stateOf(0, { instances: 3 }), stateOf(2, { instances: 3 })]),
    'the state of instance 1 is missing: there were 3 instances, and the states of all are needed',
  ],
  [
    'a state that is given twice',
    () => attempt([stateOf(1), stateOf(0), stateOf(1)]),
    'a and c are both of instance 1',
  ],
  [
    'states of different numbers of instances',
    () => attempt([stateOf(0), stateOf(1, { instances: 3 })]),
    'a is of one of 2 instances, and b of one of 3',
  ],
  [
    'states of different pipelines',
    () => attempt([stateOf(0), stateOf(1, { name: 'q' })]),
    'a is of pipeline "p", and b of "q"',
  ],
  [
    'states of different settings',
    () => attempt([stateOf(0), stateOf(1, { size: 20 })]),
    'a and b were run with different settings: windows.tumbling is tumbling(size=10ms) in one and tumbling(size=20ms) in the other. Run all instances with the same once, and stop them',
  ],
  [
    'a lateness that not all have yet',
    () => attempt([stateOf(0, { lateness: 5 }), stateOf(1)]),
    'allowed lateness of windows.tumbling is 5ms in one and 0ms in the other',
  ],
  [
    'state that is not kept by partition',
    () => attempt([stateOf(0, { instances: 1, partitionedByKey: false })]),
    'the state in a is not kept by partition, so nothing tells what of it belongs to which. Only what ran with partitioned_by_key: true from its first epoch on can be dealt out',
  ],
  [
    'an instance that was not stopped in order',
    () => attempt([stateOf(0), stateOf(1, { crashes: true })]),
    'the instance of the state in b was not stopped in order: 2 results, late events and dead letters of epoch 2 may not have been delivered, or this is a checkpoint that was made while it ran. Start the instance once more as it was, stop it, and take its state folder or a checkpoint made then',
  ],
  [
    'an instance that has committed nothing',
    async () => {
      const empty = new WatchedBackend();
      await empty.open();
      return attempt([stateOf(0), Promise.resolve(empty)]);
    },
    'no instance has committed anything to b. If it is the folder of one that was never started, start that once, and stop it',
  ],
  [
    'partitions that an instance has not taken up yet',
    () => attempt([stateOf(0, { partitions: 5 }), stateOf(1, { partitions: 3 })]),
    'no state has partition "t/3", which is for instance 1: b is of a time when that was not there, or was not read. Start that instance once more, and stop it',
  ],
  [
    'a partition that belongs to another instance',
    () =>
      attempt([
        stateOf(0),
        changed(stateOf(1), ({ meta: { progress } }) => ({
          meta: { progress: JSON.parse(JSON.stringify(progress).replace('t/3', 't/2')) as unknown },
        })),
      ]),
    'b is of instance 1 of 2, and has partition "t/2", which belongs to another',
  ],
  [
    'a partition without a number',
    () =>
      attempt([
        stateOf(0),
        changed(stateOf(1), ({ meta: { progress } }) => ({
          meta: { progress: JSON.parse(JSON.stringify(progress).replace('t/3', 'none')) as unknown },
        })),
      ]),
    'the state in b has a partition "none", whose name does not end in a number',
  ],
  [
    'several pipelines in one state',
    () => attempt([joined(stateOf(0), stateOf(0, { name: 'q' })), stateOf(1)]),
    'a holds the state of several pipelines, "p", "q"; say which is meant',
  ],
  ['a pipeline that is not there', () => attempt(states(), 3, 'q'), 'a holds no state of pipeline "q", but of "p"'],
  [
    'a key that has moved to another partition',
    async () => {
      const [a, b] = await Promise.all([stateOf(0), stateOf(1)]);
      // What instance 1 has of partition 3, said to be of the key of partition 0.
      for await (const { key, value } of b.scan(windowStatePrefix('p'))) {
        const text = Buffer.from(key).toString('latin1');
        if (text.endsWith('k3'))
          await b.batch([{ key }, { key: Buffer.from(text.replace(/3$/, '0'), 'latin1'), value }]);
      }
      return attempt([Promise.resolve(a), Promise.resolve(b)], 1);
    },
    'a key has the same window in a and in b, and both would go to one instance.',
  ],
])('refuses %s', async (_, run, message) => {
  await expect(run()).rejects.toMatchObject({
    kind: 'state',
    code: 'RESCALE_REFUSED',
    message: expect.stringContaining(message),
  });
});

it('deals out the pipeline that is meant, and says what is left behind', async () => {
  const [both, other] = await Promise.all([joined(stateOf(0), stateOf(0, { name: 'q' })), stateOf(1)]);
  await both.put(Buffer.from('my own'), Buffer.from('entry'));
  const report = await attempt([Promise.resolve(both), Promise.resolve(other)], 3, 'p');
  expect(report.leftBehind).toEqual(['the state of pipeline "q" in a', '1 entries of no pipeline in a']);
  expect(report.into.map(({ windows }) => windows)).toEqual([2, 1, 1]);
});

it.each([
  ['loses a write', (entries: StateEntry[]) => entries.slice(1)],
  [
    'alters a byte',
    ([first, ...rest]: StateEntry[]) => (first === undefined ? [] : [{ ...first, value: Uint8Array.of(1) }, ...rest]),
  ],
])('finds out where a disk %s', async (_, alter) => {
  const from = (await Promise.all(states())).map((reader, i) => ({ name: String(i), reader }));
  const backend = new MemoryStateBackend();
  await backend.open();
  const target = targetOf('new', backend);
  const dealt = rescale({
    from,
    into: [
      {
        ...target,
        async *readBack() {
          const entries: StateEntry[] = [];
          for await (const entry of target.readBack()) entries.push(entry);
          yield* alter(entries);
        },
      },
    ],
  });
  await expect(dealt).rejects.toMatchObject({
    code: 'STATE_CORRUPT',
    message: expect.stringMatching(/^what was written to new does not read back as it was: \d+ entries were written/),
  });
});

it('makes no state of what could not be dealt out to its end', async () => {
  const from = (await Promise.all(states())).map((reader, i) => ({ name: String(i), reader }));
  const backends = [new MemoryStateBackend(), new MemoryStateBackend()];
  for (const backend of backends) await backend.open();
  const [first, second] = backends.map((backend, i) => targetOf(String(i), backend));
  if (first === undefined || second === undefined) throw new Error('two targets were made');
  const broken = { ...second, write: () => Promise.reject(new Error('the disk is gone')) };
  await expect(rescale({ from, into: [first, broken] })).rejects.toThrow('the disk is gone');
  for (const backend of backends) expect(await new EpochStore(backend, 'p').read()).toBeUndefined();
});
