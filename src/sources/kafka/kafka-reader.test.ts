import { describe, expect, it, onTestFinished } from 'vitest';
import { batchBytes } from '../../kafka/records/batch-fixtures.contract.ts';
import { KafkaFault } from '../../kafka/kafka-fault.ts';
import type { ManualClock } from '../../time/manual-clock.ts';
import { contextWith, textsOf } from '../event-source.contract.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import type { SourcePartition } from '../event-source.ts';
import { consumerSettings } from './consumer-settings.ts';
import { FakeCluster, LOST, TOPIC_ID } from './fake-cluster.contract.ts';
import { KafkaReader } from './kafka-reader.ts';

const settings = consumerSettings({ bootstrapServers: 'a:1', topics: ['t'], maxPollRecords: 10 });

/** A batch of records whose values are their offsets. */
function batch(baseOffset: number, count: number, valueBytes = 1): Buffer {
  const records = Array.from({ length: count }, (_, i) => ({ value: String(baseOffset + i).padEnd(valueBytes, '.') }));
  return batchBytes({ baseOffset, records });
}

interface World {
  readonly cluster: FakeCluster;
  readonly clock: ManualClock;
  readonly reader: KafkaReader;
  /** What was logged for an operator. */
  readonly logged: readonly string[];
}

/** Lets everything happen that needs no time. */
async function settle(clock: ManualClock): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await clock.nextTurn();
}

function reading(cluster: FakeCluster, offset = 0, fetchedEpoch = -1): World {
  const { clock } = cluster;
  const logged: string[] = [];
  const note = (_: object, message: string): void => void logged.push(message);
  const reader = new KafkaReader({
    cluster: cluster.asCluster(),
    settings,
    context: contextWith({ clock, maxBlockRecords: 1000, logger: { ...silentLogger, info: note, warn: note } }),
    groupId: null,
    starts: cluster.partitions.map(({ leader, leaderEpoch, latest }, index) => ({
      id: `t/${index}`,
      topic: 't',
      topicId: TOPIC_ID,
      index,
      leader,
      leaderEpoch,
      offset,
      fetchedEpoch,
      end: latest,
      isNew: false,
    })),
  });
  onTestFinished(() => reader.close());
  return { cluster, clock, reader, logged };
}

const only = ({ reader }: World): SourcePartition => reader.partitions[0] as SourcePartition;

async function valuesOf(partition: SourcePartition, count: number): Promise<string[]> {
  const values: string[] = [];
  while (values.length < count) {
    const block = await partition.read();
    if (block === null) break;
    values.push(...textsOf(block));
  }
  return values;
}

/** Lets seconds pass, and everything happen that they bring. */
async function wait({ clock }: World, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1000);
    await settle(clock);
  }
}

/** Lets time pass until a promise is settled. */
async function passing<T>({ clock }: World, promise: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const settled = (): void => ended.abort();
  promise.then(settled, settled);
  while (!ended.signal.aborted) {
    clock.advance(50);
    await settle(clock);
  }
  return promise;
}

/** A partition with these batches. */
function clusterWith(...batches: readonly (readonly [offset: number, count: number])[]): FakeCluster {
  const fake = new FakeCluster(1);
  const [partition] = fake.partitions;
  for (const [offset, count] of batches) {
    partition?.records.set(offset, batch(offset, count));
    if (partition !== undefined) partition.latest = offset + count;
  }
  return fake;
}

describe('a leader that changes', () => {
  it('is followed: no record is left out or comes twice', async () => {
    const fake = clusterWith([0, 3], [3, 2]);
    const [partition] = fake.partitions;
    const world = reading(fake);
    expect(await valuesOf(only(world), 3)).toEqual(['0', '1', '2']);
    if (partition === undefined) return;
    partition.leader = 2;
    partition.leaderEpoch = 1;
    partition.epochEnd = 5;
    partition.records.set(5, batch(5, 1));
    world.clock.advance(500);
    expect(await valuesOf(only(world), 3)).toEqual(['3', '4', '5']);
    expect(fake.fetches.at(-1)).toMatchObject({ node: 2, request: { sessionEpoch: expect.any(Number) } });
    expect(world.reader.fault()).toBeNull();
  });

  it('is not followed where it lacks records that were read', async () => {
    const fake = clusterWith([0, 3], [3, 2]);
    const [partition] = fake.partitions;
    const world = reading(fake);
    expect(await valuesOf(only(world), 5)).toEqual(['0', '1', '2', '3', '4']);
    if (partition === undefined) return;
    partition.leader = 2;
    partition.leaderEpoch = 1;
    partition.epochEnd = 4;
    const read = only(world)
      .read()
      .catch((error: unknown) => error);
    await settle(world.clock);
    world.clock.advance(500);
    expect(await read).toMatchObject({
      code: 'KAFKA_OFFSET_LOST',
      message: expect.stringContaining('what had been read ends at 4'),
    });
  });

  it('is waited for where there is none, with a fault meanwhile', async () => {
    const fake = clusterWith([0, 1]);
    const [partition] = fake.partitions;
    const world = reading(fake);
    expect(await valuesOf(only(world), 1)).toEqual(['0']);
    if (partition === undefined) return;
    partition.leader = -1;
    const read = valuesOf(only(world), 1);
    world.clock.advance(500);
    await settle(world.clock);
    expect(world.reader.fault()).toBe('partition t/0 cannot be read: it has no leader at the moment');
    expect(only(world).caughtUp).toBe(false);
    partition.leader = 3;
    partition.leaderEpoch = 2;
    partition.records.set(1, batch(1, 1));
    partition.latest = 2;
    world.clock.advance(1000);
    expect(await read).toEqual(['1']);
    expect(world.reader.fault()).toBeNull();
    expect(only(world).caughtUp).toBe(true);
  });
});

describe('a broker that has trouble', () => {
  it('is asked again after a while, longer and longer, and not at once', async () => {
    const world = reading(clusterWith());
    await settle(world.clock);
    world.cluster.fetchFaults.set(1, LOST);
    world.clock.advance(500);
    await settle(world.clock);
    expect(world.reader.fault()).toBe('broker 1 cannot be read from: the connection broke');
    const before = world.cluster.fetches.length;
    await settle(world.clock);
    expect(world.cluster.fetches.length).toBe(before);
    for (let second = 0; second < 60; second += 1) {
      world.clock.advance(1000);
      await settle(world.clock);
    }
    const tries = world.cluster.fetches.length - before;
    expect(tries).toBeGreaterThan(25);
    expect(tries).toBeLessThan(65);
    world.cluster.fetchFaults.clear();
    world.clock.advance(2000);
    await settle(world.clock);
    expect(world.reader.fault()).toBeNull();
  });

  it('with one partition leaves the others alone, and is not asked in a hurry', async () => {
    const fake = new FakeCluster(2);
    const [bad, good] = fake.partitions;
    if (bad === undefined || good === undefined) return;
    bad.error = 'KAFKA_STORAGE_ERROR';
    good.records.set(0, batch(0, 2));
    good.latest = 2;
    const world = reading(fake);
    expect(await valuesOf(world.reader.partitions[1] as SourcePartition, 2)).toEqual(['0', '1']);
    for (let second = 0; second < 30; second += 1) {
      world.clock.advance(1000);
      await settle(world.clock);
    }
    expect(fake.lookUps).toBeGreaterThan(8);
    expect(fake.lookUps).toBeLessThan(40);
    bad.error = null;
    bad.records.set(0, batch(0, 1));
    expect(await passing(world, valuesOf(only(world), 1))).toEqual(['0']);
  });

  it('and has forgotten the session is given a new one, which is no fault', async () => {
    const world = reading(clusterWith([0, 1]));
    expect(await valuesOf(only(world), 1)).toEqual(['0']);
    await settle(world.clock);
    world.cluster.nextFault = new KafkaFault('answered', 'gone', { code: 'FETCH_SESSION_ID_NOT_FOUND' });
    const before = world.cluster.fetches.length;
    world.clock.advance(500);
    await settle(world.clock);
    expect(world.reader.fault()).toBeNull();
    expect(world.cluster.fetches[before]?.request).toMatchObject({
      sessionId: 0,
      sessionEpoch: 0,
      partitions: [{ index: 0, fetchOffset: 1 }],
    });
  });

  it('while topics cannot be looked up either: that is the fault', async () => {
    const world = reading(clusterWith());
    await settle(world.clock);
    world.cluster.fetchFaults.set(1, LOST);
    world.cluster.lookUpFault = LOST;
    world.clock.advance(500);
    await settle(world.clock);
    expect(world.reader.fault()).toBe('topics cannot be looked up: the connection broke');
  });

  it('is logged once, and that it is over', async () => {
    const world = reading(clusterWith());
    await settle(world.clock);
    world.cluster.fetchFaults.set(1, LOST);
    world.cluster.lookUpFault = LOST;
    await wait(world, 10);
    expect(world.logged).toEqual(['Kafka cannot be read for now; will retry']);
    world.cluster.fetchFaults.clear();
    world.cluster.lookUpFault = null;
    await wait(world, 5);
    expect(world.reader.fault()).toBeNull();
    expect(world.logged).toEqual(['Kafka cannot be read for now; will retry', 'Kafka can be read again']);
  });
});

describe('a topic that is not there any more', () => {
  it('is a fault that says so, logged once it has lasted for some seconds', async () => {
    const fake = clusterWith();
    const world = reading(fake);
    await settle(world.clock);
    const [partition] = fake.partitions;
    if (partition === undefined) return;
    partition.error = 'UNKNOWN_TOPIC_OR_PARTITION';
    fake.topicError = 'UNKNOWN_TOPIC_OR_PARTITION';
    await wait(world, 1);
    expect(world.reader.fault()).toContain('partition t/0 cannot be read: the topic is not there any more');
    expect(world.logged).toEqual([]);
    await wait(world, 30);
    expect(world.logged).toEqual(['Kafka cannot be read for now; will retry']);
    partition.error = null;
    fake.topicError = null;
    await wait(world, 5);
    expect(world.logged.at(-1)).toBe('Kafka can be read again');
  });
});

describe('what is fetched', () => {
  it('is fetched again where it came broken; a fetch that was on its way for what comes after is not taken for it', async () => {
    const fake = clusterWith([0, 2]);
    const [partition] = fake.partitions;
    if (partition === undefined) return;
    const broken = batch(0, 2);
    broken[broken.length - 3] = 0x7e;
    partition.records.set(0, broken);
    partition.records.set(2, batch(2, 2));
    partition.latest = 4;
    const world = reading(fake);
    await settle(world.clock);
    await expect(only(world).read()).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('checksum of the batch at offset 0'),
    });
    partition.records.set(0, batch(0, 2));
    // What is asked for at the moment is what comes after all that.
    partition.records.set(4, batch(4, 1));
    partition.latest = 5;
    const values = valuesOf(only(world), 5);
    world.clock.advance(500);
    expect(await values).toEqual(['0', '1', '2', '3', '4']);
  });

  it('is bounded: a full partition is left out of the session, and the others waited for only briefly', async () => {
    const fake = new FakeCluster(2);
    const [full] = fake.partitions;
    if (full === undefined) return;
    for (let offset = 0; offset < 200; offset += 10) full.records.set(offset, batch(offset, 10, 30_000));
    full.latest = 200;
    const world = reading(fake);
    for (let step = 0; step < 20; step += 1) {
      await settle(world.clock);
      world.clock.advance(1);
    }
    const last = world.cluster.fetches.at(-1)?.request;
    // 300,000 bytes a batch: four of them are more than 1 MiB.
    expect(
      world.cluster.fetches.filter(({ request }) => request.partitions.some(({ index }) => index === 0)).length,
    ).toBe(4);
    expect(last?.maxWaitMs).toBeLessThan(100);
    expect(world.cluster.fetches.some(({ request }) => request.forgotten.some(({ index }) => index === 0))).toBe(true);
    expect(await passing(world, valuesOf(only(world), 200))).toHaveLength(200);
  });
});

describe('closing', () => {
  it('ends reads with null, and asks nothing any more', async () => {
    const world = reading(clusterWith());
    const read = only(world).read();
    await settle(world.clock);
    await world.reader.close();
    expect(await read).toBeNull();
    expect(await only(world).read()).toBeNull();
    const { length } = world.cluster.fetches;
    world.clock.advance(100_000);
    await settle(world.clock);
    expect(world.cluster.fetches.length).toBe(length);
  });
});
