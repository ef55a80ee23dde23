import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaCluster } from '../../src/kafka/cluster.ts';
import { createPipeline } from '../../src/pipeline/create-pipeline.ts';
import type { Pipeline } from '../../src/pipeline/pipeline.ts';
import type { DeadLetter } from '../../src/results/dead-letter.ts';
import { CollectingSink, DurableBackend } from '../../src/runtime/run-fixtures.contract.ts';
import { CallbackSink } from '../../src/sinks/callback/callback-sink.ts';
import { Broker } from './broker.ts';
import { javaClassPath, runProgram } from './java.ts';
import { clusterAt, RawProducer } from './raw-producer.ts';
import { firstValues, openKafka, partitionAt, valuesUpToNow } from './reading.ts';
import { sharedBroker } from './shared-broker.ts';
import { createTopic } from './topics.ts';

const kafka = await sharedBroker();
const { bootstrapServers } = kafka;

const event = (timestamp: number, value = 1): string => JSON.stringify({ timestamp, model: 'm', value });

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await after(5);
}

/** Runs a pipeline while the test does something; then ends it. */
async function running(pipeline: Pipeline<unknown>, action: () => Promise<void>): Promise<void> {
  const run = pipeline.run();
  await Promise.race([action(), run]);
  await pipeline.stop();
  await run;
}

describe.skipIf(kafka.missing)('a pipeline that reads from Kafka', () => {
  let cluster: KafkaCluster;
  let plain: RawProducer;
  beforeAll(async () => {
    cluster = await clusterAt(bootstrapServers);
    plain = await RawProducer.open(cluster);
  });
  afterAll(() => cluster.close());

  it('makes dead letters of tombstones and of values that are too long, and goes on', async () => {
    const topic = await createTopic(bootstrapServers, 'letters', { config: { 'max.message.bytes': '4000000' } });
    await plain.write(topic, 0, [event(1)]);
    await plain.write(topic, 0, [
      { key: Buffer.from('k'), value: null },
      { value: 'x'.repeat(1_048_577) },
      { value: 'no json' },
    ]);
    await plain.write(topic, 0, [{ key: Buffer.from('k'), value: event(2), headers: { traceparent: '00-1-2-01' } }], {
      compression: 'lz4',
    });
    const letters: DeadLetter[] = [];
    const pipeline = createPipeline('letters')
      .withKafkaSource({ bootstrapServers, topics: [topic] })
      .withValue('value')
      .withTumblingWindow('1h')
      .withDeadLetterSink(new CallbackSink((letter: DeadLetter) => void letters.push(letter)))
      .withSink(new CollectingSink())
      .build();
    await running(pipeline, () => until(() => pipeline.status().counters.decoded === 2 && letters.length === 3));
    expect(letters.map(({ code, partition, offset, raw }) => [code, partition, offset, raw.length])).toEqual([
      ['tombstone', `${topic}/0`, 1, 0],
      ['too_large', `${topic}/0`, 2, 1_048_576],
      ['not_json', `${topic}/0`, 3, 7],
    ]);
  });

  it('with autoOffsetReset latest leaves out nothing that comes while it is down, even if it had read nothing', async () => {
    const topic = await createTopic(bootstrapServers, 'pinned', { partitions: 2 });
    await plain.write(topic, 0, [event(1)]);
    const state = new DurableBackend();
    const build = (): Pipeline<unknown> =>
      createPipeline('pinned')
        .withKafkaSource({ bootstrapServers, topics: [topic], autoOffsetReset: 'latest', maxWait: 50 })
        .withValue('value')
        .withTumblingWindow('1h')
        .withStateBackend(state)
        .withSink(new CollectingSink())
        .build();
    const first = build();
    await running(first, () => until(() => state.commits > 0));
    expect(first.status().counters.read).toBe(0);
    await plain.write(topic, 0, [event(2), event(3)]);
    await plain.write(topic, 1, [event(4)]);
    const second = build();
    await running(second, () => until(() => second.status().counters.read === 3));
    expect(second.status().partitions.map(({ offset }) => offset)).toEqual([3, 1]);
  });

  it('reads hundreds of partitions, of which most are idle', async () => {
    const topic = await createTopic(bootstrapServers, 'many', { partitions: 500 });
    const pipeline = createPipeline('many')
      .withKafkaSource({ bootstrapServers, topics: [topic] })
      .withValue('value')
      .withTumblingWindow('1h')
      .withSink(new CollectingSink())
      .build();
    await running(pipeline, async () => {
      for (const partition of [3, 250, 499]) await plain.write(topic, partition, [event(1), event(2)]);
      await until(() => pipeline.status().counters.read === 6);
      expect(pipeline.status().partitions).toHaveLength(500);
      await until(() => pipeline.status().partitions.every(({ caughtUp }) => caughtUp));
    });
  });

  it('reads what the Java client writes, whatever it compresses with', async () => {
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
    const topic = await createTopic(bootstrapServers, 'java', { partitions: 1 });
    const values = (codec: string): string[] =>
      Array.from({ length: 300 }, (_, i) => `${codec} ${i} ${'again '.repeat(i % 7)}`);
    const program = join(import.meta.dirname, 'WriteEachCodec.java');
    const args = ['-cp', await javaClassPath(), program, bootstrapServers, topic, '300', ...codecs];
    const { code, stderr } = await runProgram('java', args);
    expect(code, stderr).toBe(0);
    const partition = partitionAt(await openKafka({ bootstrapServers, topics: [topic] }));
    expect(await valuesUpToNow(partition)).toEqual(codecs.flatMap(values));
  });
});

describe.skipIf(kafka.missing)('the health of a pipeline', () => {
  it('is degraded while the broker is away, and well again by itself, with the same run going on', async () => {
    const broker = await Broker.start();
    try {
      const topic = await createTopic(broker.bootstrapServers, 'health');
      const write = async (timestamp: number): Promise<void> => {
        const cluster = await clusterAt(broker.bootstrapServers);
        await (await RawProducer.open(cluster)).write(topic, 0, [event(timestamp)]);
        cluster.close();
      };
      await write(1);
      const pipeline = createPipeline('health')
        .withKafkaSource({ bootstrapServers: broker.bootstrapServers, topics: [topic] })
        .withValue('value')
        .withTumblingWindow('1h')
        .withSink(new CollectingSink())
        .build();
      await running(pipeline, async () => {
        await until(() => pipeline.status().counters.read === 1);
        expect(pipeline.status().health).toBe('ok');
        await broker.kill();
        await until(() => pipeline.status().health === 'degraded');
        expect(pipeline.status().components['source']?.message).toContain(broker.bootstrapServers);
        await broker.restart();
        await write(2);
        await until(() => pipeline.status().counters.read === 2 && pipeline.status().health === 'ok');
      });
    } finally {
      await broker.remove();
    }
  });
});

it.skipIf(kafka.missing)('a block keeps its values while later batches are decompressed', async () => {
  const topic = await createTopic(bootstrapServers, 'kept');
  const cluster = await clusterAt(bootstrapServers);
  const producer = await RawProducer.open(cluster);
  for (let i = 0; i < 20; i += 1)
    await producer.write(topic, 0, [`value ${i} ${'.'.repeat(i)}`], { compression: 'lz4' });
  cluster.close();
  const partition = partitionAt(await openKafka({ bootstrapServers, topics: [topic], maxPollRecords: 3 }));
  const expected = Array.from({ length: 20 }, (_, i) => `value ${i} ${'.'.repeat(i)}`);
  expect(await firstValues(partition, 20)).toEqual(expected);
});
