import { describe, expect, it } from 'vitest';
import { createPipeline } from '../../src/pipeline/create-pipeline.ts';
import { Pipeline } from '../../src/pipeline/pipeline.ts';
import { EpochStore } from '../../src/runtime/epoch-store.ts';
import {
  CollectingSink,
  DurableBackend,
  readingsPipeline,
  rememberingLogger,
  sourceOf,
  partitionOf,
  type Reading,
} from '../../src/runtime/run-fixtures.contract.ts';
import type { PartitionShare } from '../../src/sources/partition-share.ts';
import { instanceOf, partitionNumber } from '../../src/sources/partition-share.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { sharedSource } from './shared-source.ts';

const reading = (key: string, timestamp: number): Reading => ({ timestamp, key, value: 1 });

async function run(
  state: DurableBackend,
  partitions: readonly (readonly Reading[])[],
  given: PartitionShare = { instances: 1, instance: 0, partitionedByKey: true },
) {
  const logger = rememberingLogger();
  const { plan } = readingsPipeline([]).withTumblingWindow(10).build();
  const source = sharedSource({
    partitions,
    share: given,
    upTo: partitions.map(({ length }) => length),
    blockRecords: 10,
    onExhausted: () => void pipeline.stop(),
  });
  const pipeline: Pipeline = new Pipeline(
    { ...plan, source, state, sinks: [new CollectingSink()] },
    { clock: new ManualClock(), logger },
  );
  const { epoch } = await pipeline.run();
  await state.open();
  const stored = await new EpochStore(state, 'p').read();
  return { epoch, stored, warnings: logger.lines.filter(({ level }) => level === 'warn') };
}

describe('a run whose state is kept by partition', () => {
  it('has noted its partitions before anything is read of them, and those that are new', async () => {
    const state = new DurableBackend();
    const first = await run(state, [[], [], []], { instances: 2, instance: 0, partitionedByKey: true });
    expect(first.epoch).toBe(1);
    expect(first.stored?.plan?.share).toEqual({ instances: 2, instance: 0, partitionedByKey: true });
    expect(first.stored?.meta.progress).toMatchObject({ partitions: [{ id: 't/0' }, { id: 't/2' }] });
    const again = await run(state, [[], [], []], { instances: 2, instance: 0, partitionedByKey: true });
    expect(again.epoch).toBe(1);
    const grown = await run(state, [[], [], [], [], []], { instances: 2, instance: 0, partitionedByKey: true });
    expect(grown.epoch).toBe(2);
    expect(grown.stored?.meta.progress).toMatchObject({ partitions: [{ id: 't/0' }, { id: 't/2' }, { id: 't/4' }] });
  });

  it('commits nothing before there is something where it is not', async () => {
    const { epoch, stored } = await run(new DurableBackend(), [[]], {
      instances: 1,
      instance: 0,
      partitionedByKey: false,
    });
    expect([epoch, stored]).toEqual([0, undefined]);
  });

  it('warns once of keys that have events in several partitions', async () => {
    const { warnings } = await run(new DurableBackend(), [
      [reading('a', 1), reading('b', 1)],
      [reading('a', 2), reading('b', 2)],
    ]);
    expect(warnings).toEqual([
      {
        level: 'warn',
        fields: { key: 'key=a', partitions: '0, 1' },
        message: expect.stringContaining('a key has events in several partitions'),
      },
    ]);
    expect((await run(new DurableBackend(), [[reading('a', 1)], [reading('b', 1)]])).warnings).toEqual([]);
  });

  it('refuses a partition that has no number', async () => {
    const source = { ...sourceOf(() => [partitionOf('events', async () => null)]), share: share(1, 0, true) };
    const pipeline = readingsPipeline(source).withTumblingWindow(10).withSink(new CollectingSink()).build();
    await expect(pipeline.run()).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: 'state is kept by the numbers of partitions, and "events" does not end in one',
    });
  });
});

function share(instances: number, instance: number, partitionedByKey: boolean): PartitionShare {
  return { instances, instance, partitionedByKey };
}

describe('a share', () => {
  const built = (given: PartitionShare, withKey = true): (() => unknown) => {
    const source = { ...sourceOf(() => []), share: given };
    const builder = createPipeline<Reading>('p').withSource(source).withValue('value').withTumblingWindow(10);
    return () => (withKey ? builder.withKey('key') : builder).build();
  };

  it.each<[PartitionShare, string]>([
    [share(0, 0, true), 'instances must be a whole number from 1 to 100000, found 0'],
    [share(1.5, 0, true), 'instances must be a whole number from 1 to 100000, found 1.5'],
    [share(3, 3, true), 'instance must be a whole number from 0 to 2, found 3'],
    [share(3, -1, true), 'instance must be a whole number from 0 to 2, found -1'],
    [
      share(2, 0, false),
      '2 instances have some of the partitions each, and would each report a part of a group whose events stand in several',
    ],
  ])('%j is refused', (given, message) => {
    expect(built(given)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
    );
  });

  it('of several asks for a key', () => {
    expect(built(share(2, 1, true), false)).toThrow('without a key all events are one group');
    expect(built(share(1, 0, true), false)).not.toThrow();
    expect(built(share(2, 1, true))).not.toThrow();
  });
});

it.each([
  ['t/0', 0],
  ['t/12', 12],
  ['part-007', 7],
  ['7', 7],
  ['t/', undefined],
  ['t/1a', undefined],
  ['', undefined],
  ['t/99999999999999999999', undefined],
])('the number of the partition %j is %s', (id, number) => {
  expect(partitionNumber(id)).toBe(number);
});

it('a partition is of the instance of its number modulo theirs', () => {
  expect([0, 1, 2, 3, 4].map((partition) => instanceOf(partition, 3))).toEqual([0, 1, 2, 0, 1]);
});
