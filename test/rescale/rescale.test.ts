import { describe, expect, it } from 'vitest';
import { EpochStore } from '../../src/runtime/epoch-store.ts';
import { readingsPipeline, shown, type Reading } from '../../src/runtime/run-fixtures.contract.ts';
import { BoundedOutOfOrdernessWatermark } from '../../src/time/bounded-out-of-orderness-watermark.ts';
import { Instances } from './instances.ts';

const at = (key: string, ...times: readonly number[]): readonly Reading[] =>
  times.map((timestamp) => ({ timestamp, key, value: 1 }));

interface Topic {
  readonly instances: Instances;
  /** More events of a partition, which is new if it was not there. */
  readonly add: (partition: number, events: readonly Reading[]) => void;
  /** Runs all instances over what is there so far. */
  readonly runOn: () => Promise<readonly string[]>;
}

/** An empty topic of `count` partitions, and instances that read it in tumbling windows of 10. */
function topic(count: number, instanceCount: number, allowedLateness = 0): Topic {
  const partitions: Reading[][] = Array.from({ length: count }, () => []);
  const { plan } = readingsPipeline([])
    .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0))
    .withTumblingWindow(10, { name: 'w', allowedLateness })
    .build();
  const instances = new Instances({ plan, partitions, blockRecords: 1 }, instanceCount);
  return {
    instances,
    add: (partition, events) => void (partitions[partition] ??= []).push(...events),
    runOn: async () => {
      const before = instances.items.length;
      await instances.run({ upTo: partitions.map(({ length }) => length) });
      return instances.items.slice(before).map(shown);
    },
  };
}

/** What each instance has stored besides windows. */
async function epochsOf({ states }: Instances) {
  const epochs = [];
  for (const state of states) {
    await state.open();
    epochs.push(await new EpochStore(state, 'p').read());
    await state.close();
  }
  return epochs;
}

describe('states that are dealt out', () => {
  it('go on where they were, 2 to 3 to 1', async () => {
    const { instances, add, runOn } = topic(6, 2);
    for (let p = 0; p < 6; p += 1) add(p, at(`k${String(p)}`, 1, 2, 12));
    expect((await runOn()).toSorted()).toEqual(
      Array.from({ length: 6 }, (_, p) => `[0,10) key=k${String(p)} 2 on_time#0`),
    );
    await instances.rescale(3);
    for (let p = 0; p < 6; p += 1) add(p, at(`k${String(p)}`, 13));
    expect(await runOn()).toEqual([]);
    await instances.rescale(1);
    for (let p = 0; p < 6; p += 1) add(p, at(`k${String(p)}`, 20));
    // In order of the keys, whatever instance they came from.
    expect(await runOn()).toEqual(Array.from({ length: 6 }, (_, p) => `[10,20) key=k${String(p)} 2 on_time#0`));
    expect(instances.counters).toMatchObject([{ read: 30, assigned: 30, onTime: 30, fired: 12 }]);
  });

  it('have fired all that was due, also where that is more than an epoch holds, and more than memory does', async () => {
    const partitions = [at('a', 0, 5, 5, 10)];
    const { plan } = readingsPipeline([])
      .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(1))
      .withSlidingWindow(4, 1, { name: 'w' })
      .withBufferSize(3)
      .build();
    const instances = new Instances({ plan: { ...plan, stateMemoryLimitBytes: 0 }, partitions, blockRecords: 3 }, 1);
    await instances.run({ upTo: [4] });
    const before = instances.items.map(shown);
    expect(before.at(-1)).toBe('[5,9) key=a 2 on_time#0');
    await instances.rescale(1);
    await instances.run({});
    expect(instances.items.slice(before.length).map(shown)).toEqual([
      '[7,11) key=a 1 on_time#0',
      '[8,12) key=a 1 on_time#0',
      '[9,13) key=a 1 on_time#0',
      '[10,14) key=a 1 on_time#0',
    ]);
  });

  it('tell what went where', async () => {
    const { instances, add, runOn } = topic(3, 2);
    for (let p = 0; p < 3; p += 1) add(p, at(`k${String(p)}`, 1, 12 + p));
    await runOn();
    expect(await instances.rescale(3)).toEqual({
      pipeline: 'p',
      from: [
        { name: 'old-0', instance: 0, epoch: 2, watermark: 12, partitions: ['t/0', 't/2'] },
        { name: 'old-1', instance: 1, epoch: 2, watermark: 13, partitions: ['t/1'] },
      ],
      into: [12, 13, 14].map((watermark, instance) => ({
        name: `new-${String(instance)}`,
        instance,
        epoch: 2,
        watermark,
        partitions: [`t/${String(instance)}`],
        windows: 1,
        // The window, how many there are, plan and epoch.
        entries: 4,
        bytes: expect.any(Number),
        read: [4, 2, 0][instance],
      })),
      leftBehind: [],
    });
  });

  it('have positions, progress and plan of their partitions, and epochs above all before', async () => {
    const { instances, add, runOn } = topic(4, 2);
    add(0, at('a', 1, 30));
    add(2, at('c', 1, 22));
    add(1, at('b', 5));
    await runOn();
    // One of them has had more epochs.
    add(0, at('a', 40));
    await runOn();
    const [even, odd] = await epochsOf(instances);
    expect(even?.meta.epoch).not.toBe(odd?.meta.epoch);
    await instances.rescale(4);
    const all = await epochsOf(instances);
    expect(all.map((one) => one?.meta.epoch)).toEqual(
      Array(4).fill(Math.max(even?.meta.epoch ?? 0, odd?.meta.epoch ?? 0)),
    );
    expect(all.map((one) => [...(one?.meta.positions ?? [])])).toEqual([
      [['t/0', { offset: 3 }]],
      [['t/1', { offset: 1 }]],
      [['t/2', { offset: 2 }]],
      [],
    ]);
    expect(all.map((one) => one?.meta.progress)).toMatchObject([
      { watermark: 40, partitions: [{ id: 't/0', watermark: 40 }] },
      { watermark: 5, partitions: [{ id: 't/1', watermark: 5 }] },
      { watermark: 22, partitions: [{ id: 't/2', watermark: 22 }] },
      { watermark: null, partitions: [{ id: 't/3', watermark: null }] },
    ]);
    expect(all.map((one) => one?.plan?.share)).toEqual(
      [0, 1, 2, 3].map((instance) => ({ instances: 4, instance, partitionedByKey: true })),
    );
    expect(all.every((one) => one?.isAcknowledged === true)).toBe(true);
    // Sinks go on under the number that they had.
    expect(all.map((one) => one?.meta.sinks)).toEqual([even?.meta.sinks, odd?.meta.sinks, new Map(), new Map()]);
    // Of what instance 0 had closed up to 22, partition 0 alone is beyond; all else is behind no watermark.
    expect(all.map((one) => one?.plan?.passed)).toEqual([undefined, undefined, undefined, undefined]);
    await instances.rescale(1);
    const [one] = await epochsOf(instances);
    expect(one?.plan?.passed).toEqual([
      { partitions: [0], watermark: 40, goneUntil: [] },
      { partitions: [1], watermark: 5, goneUntil: [] },
      { partitions: [2], watermark: 22, goneUntil: [] },
    ]);
  });

  it('give the totals of an old instance to the new one of its number, so that each adds up', async () => {
    const { instances, add, runOn } = topic(3, 3);
    for (let p = 0; p < 3; p += 1) add(p, at(`k${String(p)}`, ...Array.from({ length: p + 1 }, (_, i) => i)));
    await runOn();
    await instances.rescale(2);
    await runOn();
    expect(instances.counters).toMatchObject([
      { read: 4, assigned: 4 },
      { read: 2, assigned: 2 },
    ]);
    await instances.rescale(3);
    await runOn();
    expect(instances.counters.map(({ read }) => read)).toEqual([4, 2, 0]);
  });

  it('begin no window anew that an instance before had let go, whatever the watermark is now', async () => {
    const { instances, add, runOn } = topic(2, 2);
    add(0, at('a', 5, 100));
    add(1, at('b', 5));
    await runOn();
    // A partition that is new to an instance whose watermark is far ahead, and one that nothing is known of.
    add(2, at('c', 12));
    add(3, []);
    expect(await runOn()).toEqual([]);
    expect(instances.late).toMatchObject([{ window: { key: 'key=c' }, source: { partition: 't/2', offset: 0 } }]);
    for (const count of [1, 3, 2]) {
      await instances.rescale(count);
      add(2, at('c', 13));
      expect(await runOn()).toEqual([]);
    }
    expect(instances.late.map(({ source, watermark }) => [source.offset, watermark])).toEqual(
      [0, 1, 2, 3].map((offset) => [offset, '1970-01-01T00:00:00.100Z']),
    );
  });

  it('go on under the names of instances that there were before, each at its mark', async () => {
    const { instances, add, runOn } = topic(3, 3);
    let time = 5;
    for (const count of [1, 2, 3, 1, 3]) {
      for (let p = 0; p < 3; p += 1) add(p, at(`k${String(p)}`, time));
      await runOn();
      await instances.rescale(count);
      time += 10;
    }
    for (let p = 0; p < 3; p += 1) add(p, at(`k${String(p)}`, time));
    await runOn();
    expect(instances.items.map(({ id }) => id).toSorted()).toEqual(
      [0, 1, 2].flatMap((p) =>
        [0, 10, 20, 30, 40].map((start) => `p/w/key=k${String(p)}/${String(start)}/${String(start + 10)}/0`),
      ),
    );
  });

  it('refuse to go on where an old instance has delivered since', async () => {
    const { instances, add, runOn } = topic(2, 2);
    add(0, at('a', 1));
    add(1, at('b', 1));
    await runOn();
    const old = instances.states;
    await instances.rescale(1);
    const both = instances.states;
    instances.goOnWith(old);
    add(0, at('a', 11));
    await runOn();
    instances.goOnWith(both);
    await expect(runOn()).rejects.toMatchObject({ code: 'DELIVERY_MISMATCH' });
  });

  it('take in an instance that has no partition, and make such', async () => {
    const { instances, add, runOn } = topic(1, 3);
    add(0, at('a', 1));
    await runOn();
    const { from } = await instances.rescale(2);
    expect(from.map(({ partitions }) => partitions)).toEqual([['t/0'], [], []]);
    add(0, at('a', 2, 11));
    expect(await runOn()).toEqual(['[0,10) key=a 2 on_time#0']);
  });
});
