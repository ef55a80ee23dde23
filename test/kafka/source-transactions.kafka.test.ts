import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaCluster } from '../../src/kafka/cluster.ts';
import { clusterAt, RawProducer } from './raw-producer.ts';
import { blocksUpToNow, firstValues, openKafka, partitionAt, valuesUpToNow } from './reading.ts';
import { sharedBroker } from './shared-broker.ts';
import { createTopic, uniqueName } from './topics.ts';

const kafka = await sharedBroker();
const { bootstrapServers } = kafka;

describe.skipIf(kafka.missing)('transactions of a real broker', () => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await clusterAt(bootstrapServers);
  });
  afterAll(() => cluster.close());

  const transactional = (): Promise<RawProducer> => RawProducer.open(cluster, uniqueName('tx'));

  /** Records of a size, so that one fetch of the smallest size holds one batch. */
  const padded = (name: string, count = 2): string[] =>
    Array.from({ length: count }, (_, i) => `${name}${i}`.padEnd(700, '.'));
  const names = (values: readonly string[]): string[] => values.map((value) => value.replace(/\.+$/, ''));

  /** Two producers, each with several transactions of both outcomes, interleaved. */
  async function interleaved(): Promise<{ topic: string; committed: string[]; all: string[] }> {
    const topic = await createTopic(bootstrapServers, 'interleaved');
    const [one, other, plain] = [await transactional(), await transactional(), await RawProducer.open(cluster)];
    const write = (producer: RawProducer, name: string): Promise<void> =>
      producer.write(topic, 0, padded(name), { compression: 'lz4' });
    await write(one, 'a');
    await write(other, 'b');
    await one.end('abort');
    await write(one, 'c');
    await write(plain, 'd');
    await one.end('abort');
    await write(other, 'e');
    await other.end('commit');
    await write(one, 'f');
    await write(other, 'g');
    await other.end('abort');
    await write(one, 'h');
    await one.end('commit');
    await write(one, 'i');
    await one.end('abort');
    const all = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].flatMap((name) => names(padded(name)));
    const committed = ['b', 'd', 'e', 'f', 'h'].flatMap((name) => names(padded(name)));
    return { topic, committed, all };
  }

  it.each([
    ['in one fetch', {}],
    ['in a fetch for each batch', { fetchMaxBytes: 1024 }],
    ['in blocks of one record', { maxPollRecords: 1, fetchMaxBytes: 2000 }],
  ])('that were aborted are left out, several of a producer and interleaved, %s', async (_, config) => {
    const { topic, committed } = await interleaved();
    const partition = partitionAt(await openKafka({ bootstrapServers, topics: [topic], ...config }));
    expect(names(await valuesUpToNow(partition))).toEqual(committed);
  });

  it('are all there with read_uncommitted', async () => {
    const { topic, all } = await interleaved();
    const partition = partitionAt(
      await openKafka({ bootstrapServers, topics: [topic], isolationLevel: 'read_uncommitted' }),
    );
    expect(names(await valuesUpToNow(partition))).toEqual(all);
  });

  it('go on rightly from the position after any block, in the middle of an aborted one too', async () => {
    const { topic, committed } = await interleaved();
    const config = { bootstrapServers, topics: [topic], maxPollRecords: 1, fetchMaxBytes: 1024 };
    const blocks = await blocksUpToNow(partitionAt(await openKafka(config)));
    for (let offset = 0; offset <= 24; offset += 1) {
      const positions = new Map([[`${topic}/0`, { offset }]]);
      const partition = partitionAt(await openKafka(config, { positions }));
      const expected = blocks.filter((block) => (block.offsets[0] ?? 0) >= offset).length;
      expect(names(await valuesUpToNow(partition))).toEqual(committed.slice(committed.length - expected));
    }
  });

  it('that are open hold back what comes after them, and the partition has not caught up meanwhile', async () => {
    const topic = await createTopic(bootstrapServers, 'open');
    const [open, plain] = [await transactional(), await RawProducer.open(cluster)];
    await plain.write(topic, 0, ['before']);
    await open.write(topic, 0, ['inside']);
    await plain.write(topic, 0, ['after']);
    const partition = partitionAt(await openKafka({ bootstrapServers, topics: [topic], maxWait: 20 }));
    expect(await firstValues(partition, 1)).toEqual(['before']);
    expect(partition.caughtUp).toBe(false);
    const rest = firstValues(partition, 2);
    await open.end('commit');
    expect(await rest).toEqual(['inside', 'after']);
  });

  it('leave no lag behind: markers and aborted records at the end are passed over', async () => {
    const topic = await createTopic(bootstrapServers, 'tail');
    const producer = await transactional();
    await producer.write(topic, 0, ['kept']);
    await producer.end('commit');
    await producer.write(topic, 0, ['gone']);
    await producer.end('abort');
    const partition = partitionAt(await openKafka({ bootstrapServers, topics: [topic] }));
    const [block, ...none] = await blocksUpToNow(partition);
    expect(none).toEqual([]);
    expect(partition.beyond?.({ offset: block?.nextOffset ?? -1 })).toMatchObject({ offset: 4 });
    expect(partition.caughtUp).toBe(true);
  });

  it('of which nothing is left to read are passed over too', async () => {
    const topic = await createTopic(bootstrapServers, 'nothing');
    const producer = await transactional();
    for (let i = 0; i < 3; i += 1) {
      await producer.write(topic, 0, padded('gone'));
      await producer.end('abort');
    }
    const partition = partitionAt(
      await openKafka({ bootstrapServers, topics: [topic], fetchMaxBytes: 1024, maxWait: 20 }),
    );
    const waiting = partition.read();
    const plain = await RawProducer.open(cluster);
    await plain.write(topic, 0, ['first']);
    expect((await waiting)?.offsets[0]).toBe(9);
  });
});
