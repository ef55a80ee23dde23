import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaCluster } from '../../src/kafka/cluster.ts';
import type { SourcePosition } from '../../src/event/source-position.ts';
import type { OpenSource } from '../../src/sources/event-source.ts';
import { positionAfter } from '../../src/sources/event-source.contract.ts';
import { groupOffsetsOf } from './groups.ts';
import { Measurements } from './measurements.ts';
import { clusterAt, RawProducer } from './raw-producer.ts';
import { blocksUpToNow, firstValues, openKafka, partitionAt, valuesUpToNow } from './reading.ts';
import { freePorts } from './ports.ts';
import { sharedBroker } from './shared-broker.ts';
import { createTopic, uniqueName, withAdmin } from './topics.ts';

const kafka = await sharedBroker();
const { bootstrapServers } = kafka;

describe.skipIf(kafka.missing)('the settings of a source of Kafka', () => {
  let cluster: KafkaCluster;
  let plain: RawProducer;
  beforeAll(async () => {
    cluster = await clusterAt(bootstrapServers);
    plain = await RawProducer.open(cluster);
  });
  afterAll(() => cluster.close());

  const topicOf = async (...values: readonly string[]): Promise<string> => {
    const topic = await createTopic(bootstrapServers, 'settings');
    if (values.length > 0) await plain.write(topic, 0, values);
    return topic;
  };

  it('bootstrapServers: the next is asked where one is dead', async () => {
    const [dead = 0] = await freePorts(1);
    const topics = [await topicOf('a')];
    const open = await openKafka({ bootstrapServers: `127.0.0.1:${dead}, ${bootstrapServers}`, topics });
    expect(await valuesUpToNow(partitionAt(open))).toEqual(['a']);
  });

  it('topics: all of them are read, each once', async () => {
    const [one, other] = [await topicOf('a'), await topicOf('b', 'c')];
    const open = await openKafka({ bootstrapServers, topics: [one, other, one] });
    expect(open.partitions.map(({ id }) => id)).toEqual([`${one}/0`, `${other}/0`]);
    expect(await Promise.all(open.partitions.map(valuesUpToNow))).toEqual([['a'], ['b', 'c']]);
  });

  it('maxPollRecords: bounds a block', async () => {
    const topics = [await topicOf('a', 'b', 'c', 'd', 'e')];
    const blocks = await blocksUpToNow(partitionAt(await openKafka({ bootstrapServers, topics, maxPollRecords: 2 })));
    expect(blocks.map(({ count }) => count)).toEqual([2, 2, 1]);
  });

  it('fetchMaxBytes: bounds an answer, down to one batch', async () => {
    const topics = [await topicOf()];
    for (let i = 0; i < 6; i += 1) await plain.write(topics[0] ?? '', 0, [String(i).repeat(800)]);
    const answers = async (fetchMaxBytes: number): Promise<number> => {
      const open = await openKafka({ bootstrapServers, topics, fetchMaxBytes, maxPollRecords: 1000 });
      return (await blocksUpToNow(partitionAt(open))).length;
    };
    expect(await answers(1024)).toBe(6);
    expect(await answers(1_000_000)).toBe(1);
  });

  it('maxWait: so long a broker waits for news', async () => {
    const topics = [await topicOf()];
    const instruments = new Measurements();
    const waits = (): number[] => instruments.observed.map(({ value }) => value);
    const open = await openKafka({ bootstrapServers, topics, maxWait: 300 }, { instruments });
    const read = firstValues(partitionAt(open), 1);
    while (waits().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(waits()[0]).toBeGreaterThan(0.28);
    await plain.write(topics[0] ?? '', 0, ['a']);
    expect(await read).toEqual(['a']);
  });

  describe('autoOffsetReset', () => {
    it('earliest: begins at the oldest record that is left, and is the default', async () => {
      const topics = [await topicOf('a', 'b', 'c')];
      const partitions = [{ partition: 0, offset: 1n }];
      await withAdmin(bootstrapServers, (admin) =>
        admin.deleteRecords({ topics: [{ name: topics[0] ?? '', partitions }] }),
      );
      expect(await valuesUpToNow(partitionAt(await openKafka({ bootstrapServers, topics })))).toEqual(['b', 'c']);
    });

    it('latest: begins behind what is there, at a place that is pinned', async () => {
      const topics = [await topicOf('a', 'b')];
      const open = await openKafka({ bootstrapServers, topics, autoOffsetReset: 'latest' });
      const partition = partitionAt(open);
      expect(partition.start?.offset).toBe(2);
      await plain.write(topics[0] ?? '', 0, ['c']);
      expect(await firstValues(partition, 1)).toEqual(['c']);
      // A restart from what was pinned, with more written in between.
      const positions = new Map([[partition.id, partition.start ?? { offset: -1 }]]);
      const again = await openKafka({ bootstrapServers, topics, autoOffsetReset: 'latest' }, { positions });
      expect(partitionAt(again).start).toBeUndefined();
      expect(await valuesUpToNow(partitionAt(again))).toEqual(['c']);
    });

    it('none: is an error where nothing is known, and only there', async () => {
      const topics = [await topicOf('a', 'b')];
      const config = { bootstrapServers, topics, autoOffsetReset: 'none' } as const;
      await expect(openKafka(config)).rejects.toMatchObject({
        code: 'KAFKA_OFFSET_LOST',
        message: expect.stringContaining('set it to earliest or latest for the first start'),
      });
      const positions = new Map([[`${topics[0]}/0`, { offset: 1 }]]);
      expect(await valuesUpToNow(partitionAt(await openKafka(config, { positions })))).toEqual(['b']);
    });

    it('does not count for a partition that was added to a topic that the state knows', async () => {
      const topic = await createTopic(bootstrapServers, 'added', { partitions: 2 });
      await plain.write(topic, 1, ['x', 'y']);
      const positions = new Map([[`${topic}/0`, { offset: 0 }]]);
      for (const autoOffsetReset of ['latest', 'none'] as const) {
        const open = await openKafka({ bootstrapServers, topics: [topic], autoOffsetReset }, { positions });
        expect(await valuesUpToNow(partitionAt(open, 1))).toEqual(['x', 'y']);
      }
    });
  });

  describe('enableAutoCommit and groupId', () => {
    /** Reads a block, and tells the source that it is committed. */
    async function readAndCommit(open: OpenSource): Promise<SourcePosition> {
      const partition = partitionAt(open);
      const block = await partition.read();
      if (block === null) throw new Error('nothing to read');
      const position = positionAfter(block);
      open.committed?.(new Map([[partition.id, position]]));
      return position;
    }

    it('commit the offsets of the group, at the latest when the source is closed', async () => {
      const topics = [await topicOf('a', 'b', 'c')];
      const groupId = uniqueName('group');
      const instruments = new Measurements();
      const config = { bootstrapServers, topics, groupId, enableAutoCommit: true, maxPollRecords: 2 };
      const open = await openKafka(config, { instruments });
      await readAndCommit(open);
      await open.close();
      expect(await groupOffsetsOf(bootstrapServers, groupId)).toEqual({ [`${topics[0]}/0`]: 2 });
      expect(instruments.counts.get('kafka_offset_commits_total ok')).toBeGreaterThan(0);
    });

    it('commit beyond markers: whoever looks at the lag of the group sees none', async () => {
      const topics = [await topicOf()];
      const producer = await RawProducer.open(cluster, uniqueName('tx'));
      await producer.write(topics[0] ?? '', 0, ['a']);
      const groupId = uniqueName('group');
      const open = await openKafka({
        bootstrapServers,
        topics,
        groupId,
        enableAutoCommit: true,
        isolationLevel: 'read_uncommitted',
      });
      await readAndCommit(open);
      const waiting = partitionAt(open).read();
      await producer.end('commit');
      while (partitionAt(open).beyond?.({ offset: 1 }).offset !== 2)
        await new Promise((resolve) => setTimeout(resolve, 5));
      await open.close();
      expect(await waiting).toBeNull();
      expect(await groupOffsetsOf(bootstrapServers, groupId)).toEqual({ [`${topics[0]}/0`]: 2 });
    });

    it('by default the group has the name of the pipeline', async () => {
      const topics = [await topicOf('a')];
      const pipeline = uniqueName('pipeline');
      const open = await openKafka({ bootstrapServers, topics, enableAutoCommit: true }, { pipeline });
      await readAndCommit(open);
      await open.close();
      expect(await groupOffsetsOf(bootstrapServers, pipeline)).toEqual({ [`${topics[0]}/0`]: 1 });
    });

    it.each([
      ['it is not asked for', { enableAutoCommit: false }, {}],
      ['a sink does it', { enableAutoCommit: true }, { sinkCommitsPositions: true }],
    ])('commit nothing where %s', async (_, settings, context) => {
      const topics = [await topicOf('a')];
      const groupId = uniqueName('group');
      const open = await openKafka({ bootstrapServers, topics, groupId, ...settings }, context);
      await readAndCommit(open);
      await open.close();
      expect(await groupOffsetsOf(bootstrapServers, groupId)).toEqual({});
    });

    it('have a later run begin at the offsets of the group, where the state does not outlive the process', async () => {
      const topics = [await topicOf('a', 'b', 'c')];
      const config = {
        bootstrapServers,
        topics,
        groupId: uniqueName('group'),
        enableAutoCommit: true,
        maxPollRecords: 2,
      };
      const first = await openKafka(config);
      await readAndCommit(first);
      await first.close();
      expect(await valuesUpToNow(partitionAt(await openKafka(config)))).toEqual(['c']);
      expect(await valuesUpToNow(partitionAt(await openKafka({ ...config, enableAutoCommit: false })))).toEqual([
        'a',
        'b',
        'c',
      ]);
      // What is durable is the truth, also where it is nothing.
      const durable = await openKafka(config, { directory: '/nowhere' });
      expect(await valuesUpToNow(partitionAt(durable))).toEqual(['a', 'b', 'c']);
    });

    it('go by autoOffsetReset where the offset of the group is not in the topic any more', async () => {
      const topics = [await topicOf('a', 'b', 'c')];
      const groupId = uniqueName('group');
      const topic = topics[0] ?? '';
      const config = { bootstrapServers, topics, groupId, enableAutoCommit: true };
      await withAdmin(bootstrapServers, async (admin) => {
        await admin.alterConsumerGroupOffsets({
          groupId,
          topics: [{ name: topic, partitionOffsets: [{ partition: 0, offset: 1n }] }],
        });
        await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 2n }] }] });
      });
      expect(await valuesUpToNow(partitionAt(await openKafka(config)))).toEqual(['c']);
      await expect(openKafka({ ...config, autoOffsetReset: 'none' })).rejects.toMatchObject({
        code: 'KAFKA_OFFSET_LOST',
      });
    });
  });

  it.each([
    [0, [0, 3]],
    [1, [1, 4]],
    [2, [2]],
  ])('instances, instance: of 3 the one of number %i reads the partitions %j', async (instance, expected) => {
    const topic = await createTopic(bootstrapServers, 'shared', { partitions: 5 });
    const open = await openKafka({ bootstrapServers, topics: [topic], instances: 3, instance, partitionedByKey: true });
    expect(open.partitions.map(({ id }) => id)).toEqual(expected.map((index) => `${topic}/${index}`));
  });

  it('shows lag, bytes, records and the time of fetches', async () => {
    const topic = await createTopic(bootstrapServers, 'measured', { partitions: 2 });
    await plain.write(topic, 0, ['a', 'b', 'c']);
    await plain.write(topic, 1, ['d']);
    const instruments = new Measurements();
    const open = await openKafka({ bootstrapServers, topics: [topic], maxPollRecords: 2 }, { instruments });
    expect(instruments.gauges.get(`kafka_consumer_lag ${topic} 0`)).toBe(3);
    await partitionAt(open).read();
    await valuesUpToNow(partitionAt(open, 1));
    await open.close();
    expect(instruments.gauges.get(`kafka_consumer_lag ${topic} 0`)).toBe(1);
    expect(instruments.gauges.get(`kafka_consumer_lag ${topic} 1`)).toBe(0);
    expect(instruments.counts.get(`kafka_records_total ${topic}`)).toBe(3);
    expect(instruments.counts.get('kafka_fetched_bytes_total 1')).toBeGreaterThan(100);
    expect(instruments.observed.filter(({ name }) => name === 'kafka_fetch_seconds').length).toBeGreaterThan(0);
  });
});
