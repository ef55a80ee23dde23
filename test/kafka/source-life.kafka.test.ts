import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaCluster } from '../../src/kafka/cluster.ts';
import type { OpenSource } from '../../src/sources/event-source.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { Broker } from './broker.ts';
import { Measurements } from './measurements.ts';
import { clusterAt, RawProducer } from './raw-producer.ts';
import { firstValues, openKafka, partitionAt, valuesUpToNow } from './reading.ts';
import { GUEST } from './server-properties.ts';
import { sharedBroker } from './shared-broker.ts';
import { createTopic, createTopics, uniqueName, withAdmin } from './topics.ts';

const kafka = await sharedBroker();
const { bootstrapServers, secure } = kafka;

/** Waits until something is so. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await after(5);
}

const faultOf = (open: OpenSource): string | null => open.fault?.() ?? null;

describe.skipIf(kafka.missing)('a broker that is away', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await Broker.start();
  });
  afterAll(() => broker.remove());

  it('because it does not answer is taken for lost after sessionTimeout, and read on when it does', async () => {
    const topic = await createTopic(broker.bootstrapServers, 'frozen');
    const config = { bootstrapServers: broker.bootstrapServers, topics: [topic], sessionTimeout: 2000, maxWait: 100 };
    const open = await openKafka(config);
    const partition = partitionAt(open);
    const read = firstValues(partition, 1);
    broker.freeze();
    await until(() => faultOf(open) !== null);
    expect(faultOf(open)).toMatch(/has not answered Fetch within 2000 ms|cannot be connected to/);
    broker.thaw();
    const cluster = await clusterAt(broker.bootstrapServers);
    await (await RawProducer.open(cluster)).write(topic, 0, ['a']);
    cluster.close();
    expect(await read).toEqual(['a']);
    await until(() => faultOf(open) === null);
  });

  it('and comes back is read on from where it was, and meanwhile there is a fault and no idleness', async () => {
    const topic = await createTopic(broker.bootstrapServers, 'away', { partitions: 2 });
    const write = async (partition: number, ...values: readonly string[]): Promise<void> => {
      const cluster = await clusterAt(broker.bootstrapServers);
      await (await RawProducer.open(cluster)).write(topic, partition, values);
      cluster.close();
    };
    await write(0, 'a', 'b');
    const open = await openKafka({ bootstrapServers: broker.bootstrapServers, topics: [topic] });
    const [one, other] = [partitionAt(open, 0), partitionAt(open, 1)];
    expect(await valuesUpToNow(one)).toEqual(['a', 'b']);
    await until(() => other.caughtUp);
    expect([one.caughtUp, other.caughtUp, faultOf(open)]).toEqual([true, true, null]);
    const reads = [firstValues(one, 1), firstValues(other, 1)];
    await broker.kill();
    await until(() => faultOf(open) !== null);
    expect(faultOf(open)).toContain(broker.bootstrapServers);
    expect([one.caughtUp, other.caughtUp]).toEqual([false, false]);
    await broker.restart();
    await write(0, 'c');
    await write(1, 'd');
    expect(await Promise.all(reads)).toEqual([['c'], ['d']]);
    await until(() => faultOf(open) === null && one.caughtUp && other.caughtUp);
  });
});

describe.skipIf(kafka.missing)('a topic that changes while it is read', () => {
  let cluster: KafkaCluster;
  let plain: RawProducer;
  beforeAll(async () => {
    cluster = await clusterAt(bootstrapServers);
    plain = await RawProducer.open(cluster);
  });
  afterAll(() => cluster.close());

  it('may get more partitions: they are read from their start, whatever autoOffsetReset says', async () => {
    const topic = await createTopic(bootstrapServers, 'growing', { partitions: 2 });
    const clock = new ManualClock();
    const config = { bootstrapServers, topics: [topic], autoOffsetReset: 'latest', sessionTimeout: '1h' } as const;
    const shares = await Promise.all(
      [0, 1].map((instance) => openKafka({ ...config, instances: 2, instance, partitionedByKey: true }, { clock })),
    );
    await withAdmin(bootstrapServers, (admin) =>
      admin.createPartitions({ topics: [{ name: topic, count: 5, assignments: null as never }] }),
    );
    for (let index = 2; index < 5; index += 1) await plain.write(topic, index, [`of ${index}`]);
    expect(shares.flatMap((open) => open.newPartitions?.())).toEqual([]);
    clock.advance(30_000);
    const added = new Map<number, string[]>();
    for (const [instance, count] of [
      [0, 2],
      [1, 1],
    ] as const) {
      const ids: string[] = [];
      while (ids.length < count) {
        for (const partition of shares[instance]?.newPartitions?.() ?? []) {
          ids.push(partition.id);
          expect(await firstValues(partition, 1)).toEqual([`of ${partition.id.split('/')[1]}`]);
        }
        await after(5);
      }
      added.set(instance, ids.sort());
    }
    expect([...added]).toEqual([
      [0, [`${topic}/2`, `${topic}/4`]],
      [1, [`${topic}/3`]],
    ]);
  });

  it('may be made anew: that is an error, also where the new one has records at the same offsets', async () => {
    const topic = uniqueName('remade');
    await createTopics(bootstrapServers, [topic]);
    await plain.write(topic, 0, ['a']);
    const partition = partitionAt(await openKafka({ bootstrapServers, topics: [topic], maxWait: 20 }));
    expect(await valuesUpToNow(partition)).toEqual(['a']);
    const read = partition.read().catch((error: unknown) => error);
    await withAdmin(bootstrapServers, (admin) => admin.deleteTopics({ topics: [topic] }));
    await createTopics(bootstrapServers, [topic]);
    await plain.write(topic, 0, ['x', 'y']);
    expect(await read).toMatchObject({ code: 'SOURCE_CHANGED' });
    await expect(partition.read()).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
    expect(partition.caughtUp).toBe(false);
  });

  it('may lose what is to be read next: that is an error, once what has been fetched is handed on', async () => {
    const topic = await createTopic(bootstrapServers, 'eaten');
    for (let i = 0; i < 20; i += 1) await plain.write(topic, 0, [`${i}`.padEnd(900, '.')]);
    const open = await openKafka({ bootstrapServers, topics: [topic], fetchMaxBytes: 1024, maxPollRecords: 1 });
    const partition = partitionAt(open);
    expect((await partition.read())?.nextOffset).toBe(1);
    await withAdmin(bootstrapServers, (admin) =>
      admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 15n }] }] }),
    );
    let next = 1;
    const error: unknown = await (async () => {
      for (;;) next = (await partition.read())?.nextOffset ?? next;
    })().catch((thrown: unknown) => thrown);
    expect(next).toBeLessThan(15);
    expect(error).toMatchObject({ code: 'KAFKA_OFFSET_LOST' });
    expect(String(error)).toContain(`offset ${next} is to be read next, and the oldest that is left is 15`);
  });

  it('is fetched no further ahead than so many bytes, while nobody takes what is there', async () => {
    const topic = await createTopic(bootstrapServers, 'full', { partitions: 2 });
    for (let i = 0; i < 40; i += 1) await plain.write(topic, 0, ['x'.repeat(10_000)]);
    const instruments = new Measurements();
    const open = await openKafka(
      { bootstrapServers, topics: [topic], fetchMaxBytes: 50_000, maxWait: 20 },
      { instruments },
    );
    const fetched = (): number => instruments.counts.get('kafka_fetched_bytes_total 1') ?? 0;
    // Of the other partition, nothing keeps what comes from being read.
    for (let i = 0; i < 5; i += 1) {
      await plain.write(topic, 1, [`${i}`]);
      expect(await firstValues(partitionAt(open, 1), 1)).toEqual([`${i}`]);
    }
    expect(fetched()).toBeGreaterThan(20_000);
    expect(fetched()).toBeLessThan(100_000);
    expect(await firstValues(partitionAt(open, 0), 40)).toHaveLength(40);
  });
});

describe.skipIf(secure === undefined)('a permission that is withdrawn', () => {
  it('is a fault until it is given again', async () => {
    const topic = await createTopic(bootstrapServers, 'withdrawn');
    const acl = (operation: 3 | 8): object => ({
      resourceType: 2,
      resourceName: topic,
      resourcePatternType: 3,
      principal: `User:${GUEST.username}`,
      host: '*',
      operation,
      permissionType: 3,
    });
    const both = [acl(3), acl(8)];
    const grant = (): Promise<void> =>
      withAdmin(bootstrapServers, (admin) => admin.createAcls({ creations: both as never }));
    await grant();
    const security = { protocol: 'SASL_PLAINTEXT', sasl: GUEST } as const;
    let open: OpenSource | undefined;
    while (open === undefined) {
      open = await openKafka({
        bootstrapServers: secure?.saslPlaintext ?? '',
        topics: [topic],
        security,
        maxWait: 20,
      }).catch(() => undefined);
    }
    const read = firstValues(partitionAt(open), 1);
    await withAdmin(bootstrapServers, (admin) => admin.deleteAcls({ filters: both as never }));
    const opened = open;
    await until(() => faultOf(opened)?.includes('TOPIC_AUTHORIZATION_FAILED') === true);
    await grant();
    const cluster = await clusterAt(bootstrapServers);
    await (await RawProducer.open(cluster)).write(topic, 0, ['a']);
    cluster.close();
    expect(await read).toEqual(['a']);
    await until(() => faultOf(opened) === null);
  });
});
