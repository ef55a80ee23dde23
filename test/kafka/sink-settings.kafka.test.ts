import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { KafkaProducerConfig } from '../../src/kafka/kafka-settings.ts';
import { CODEC_NAMES } from '../../src/kafka/records/batch-codec.ts';
import { createPipeline } from '../../src/pipeline/create-pipeline.ts';
import type { Pipeline } from '../../src/pipeline/pipeline.ts';
import { ErrorHandler, ErrorPolicy } from '../../src/plan/error-handler.ts';
import { DurableBackend, rememberingLogger } from '../../src/runtime/run-fixtures.contract.ts';
import { DeadLetterSink } from '../../src/sinks/dead-letter/dead-letter-sink.ts';
import { ClusterRequests } from '../../src/sinks/kafka/cluster-requests.ts';
import { KafkaAggregationSink } from '../../src/sinks/kafka/kafka-aggregation-sink.ts';
import { KafkaOutput } from '../../src/sinks/kafka/kafka-output.ts';
import { producerSettings } from '../../src/sinks/kafka/producer-settings.ts';
import { TransactionalProducer } from '../../src/sinks/kafka/transactional-producer.ts';
import { MemorySource } from '../../src/sources/memory/memory-source.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { ProcessorMetrics } from '../../src/telemetry/metrics.ts';
import { SystemClock } from '../../src/time/clock.ts';
import { GUEST, PROCESSOR } from './server-properties.ts';
import { sharedBroker } from './shared-broker.ts';
import { contentOf, valuesOf } from './topic-content.ts';
import { createTopic, uniqueName, withAdmin } from './topics.ts';

const kafka = await sharedBroker();
const { bootstrapServers } = kafka;

interface Options {
  readonly config: Partial<KafkaProducerConfig>;
  readonly keys?: readonly string[];
  readonly policy?: ErrorPolicy;
  /** Topic for dead letters. */
  readonly letters?: string;
  readonly metrics?: ProcessorMetrics;
  readonly logger?: ReturnType<typeof rememberingLogger>;
}

/** A result for each key, to a topic. */
function pipelineOf({ config, keys = ['a', 'b', 'c'], policy, letters, metrics, logger }: Options): Pipeline<unknown> {
  const whole: KafkaProducerConfig = { bootstrapServers, resultTopic: 'never-made', ...config };
  const handler = new ErrorHandler(policy ?? ErrorPolicy.retry({ maxAttempts: 1, initialDelay: 10 }));
  return createPipeline<{ timestamp: number; key: string }>(uniqueName('settings'))
    .withSource(new MemorySource(keys.map((key) => ({ timestamp: 0, key }))))
    .withKey('key')
    .withMaxFuture(Infinity)
    .withTumblingWindow(10)
    .withSink(new KafkaAggregationSink(whole))
    .withErrorHandler(letters === undefined ? handler : handler.withSink(new DeadLetterSink(letters)))
    .withStateBackend(new DurableBackend())
    .build({ ...(metrics === undefined ? {} : { metrics }), ...(logger === undefined ? {} : { logger }) });
}

async function keysIn(topic: string, from = bootstrapServers): Promise<readonly string[]> {
  const values = await valuesOf(from, topic);
  return values.map((text) => (JSON.parse(text) as { key: { key: string } }).key.key).toSorted();
}

const resultTopic = (config?: Record<string, string>): Promise<string> =>
  createTopic(bootstrapServers, 'settings', { partitions: 3, ...(config === undefined ? {} : { config }) });

describe.skipIf(kafka.missing)('settings of a producer', () => {
  it.each(CODEC_NAMES)(
    'compressionType %s: what is written can be read, and takes less room',
    async (compressionType) => {
      const topic = await resultTopic();
      const metrics = new ProcessorMetrics();
      const keys = Array.from({ length: 400 }, (_, i) => `key ${String(i)}`);
      await pipelineOf({ config: { resultTopic: topic, compressionType }, keys, metrics }).run();
      expect(await keysIn(topic)).toEqual(keys.toSorted());
      const text = await metrics.export();
      const bytes = Number(/kafka_produced_bytes_total\{topic="[^"]+"\} (\d+)/.exec(text)?.[1]);
      expect(bytes / keys.length).toBeGreaterThan(compressionType === 'none' ? 200 : 0);
      expect(bytes / keys.length).toBeLessThan(compressionType === 'none' ? 1000 : 120);
      expect(text).toMatch(/kafka_produced_records_total\{topic="[^"]+"\} 400/);
      expect(text).toMatch(/kafka_transactions_total\{outcome="committed"\} [1-9]/);
    },
  );

  it.each(['all', -1] as const)('acks %s: in a transaction', async (acks) => {
    const topic = await resultTopic();
    const logger = rememberingLogger();
    const metrics = new ProcessorMetrics();
    await pipelineOf({ config: { resultTopic: topic, acks }, logger, metrics }).run();
    expect(await keysIn(topic)).toEqual(['a', 'b', 'c']);
    expect(await metrics.export()).toMatch(/kafka_transactions_total\{outcome="committed"\} [1-9]/);
    expect(logger.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it.each([1, 0] as const)('acks %s: in none, and says so', async (acks) => {
    const topic = await resultTopic();
    const logger = rememberingLogger();
    const metrics = new ProcessorMetrics();
    await pipelineOf({ config: { resultTopic: topic, acks }, logger, metrics }).run();
    while ((await keysIn(topic)).length < 3) await after(20);
    expect(await metrics.export()).toMatch(/kafka_transactions_total\{outcome="committed"\} 0/);
    expect(logger.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { fields: { acks }, message: /acks other than all: results may be lost or repeated/ },
    ]);
  });

  it('keys are those of the results: each in the partition of the Java client', async () => {
    const topic = await createTopic(bootstrapServers, 'settings', { partitions: 12 });
    const keys = ['gpt-4', 'ä☃', 'claude', '__proto__'];
    await pipelineOf({ config: { resultTopic: topic }, keys }).run();
    const content = await contentOf(bootstrapServers, topic);
    // By Utils.murmur2 of kafka-clients 4.4.0, of `key=gpt-4` and so on.
    const expected = [
      [0, 'gpt-4'],
      [8, 'ä☃'],
      [10, 'claude'],
      [4, '__proto__'],
    ] as const;
    for (const [partition, key] of expected) {
      expect(content.get(partition)?.map((text) => JSON.parse(text) as unknown)).toMatchObject([{ key: { key } }]);
    }
  });

  it('createTopics: makes topics that do not exist, as the cluster makes them by default', async () => {
    const [topic, letters] = [uniqueName('made'), uniqueName('made')];
    await pipelineOf({ config: { resultTopic: topic, createTopics: true }, letters }).run();
    expect(await keysIn(topic)).toEqual(['a', 'b', 'c']);
    expect(await valuesOf(bootstrapServers, letters)).toEqual([]);
  });

  it.each([
    ['results', { config: {} }, 'never-made'],
    ['dead letters', { config: {}, letters: 'never-made-too' }, 'never-made-too'],
  ] as const)(
    'without it a topic for %s that does not exist is an error with the command that makes it',
    async (what, options, missing) => {
      const topic = what === 'results' ? missing : await resultTopic();
      await expect(pipelineOf({ ...options, config: { resultTopic: topic } }).run()).rejects.toMatchObject({
        kind: 'sink',
        code: 'KAFKA_TOPIC_UNKNOWN',
        message: expect.stringMatching(
          new RegExp(
            `"${missing}" does not exist.*kafka-topics.sh --bootstrap-server ${bootstrapServers} --create --topic ${missing} `,
          ),
        ),
      });
    },
  );

  it('security: with TLS and a login', async () => {
    const { secure } = kafka;
    if (secure === undefined) return;
    const topic = await resultTopic();
    const security = {
      protocol: 'SASL_SSL',
      ssl: { ca: secure.files.ca },
      sasl: { mechanism: 'SCRAM-SHA-512', ...PROCESSOR },
    } as const;
    await pipelineOf({ config: { bootstrapServers: secure.saslSsl, resultTopic: topic, security } }).run();
    expect(await keysIn(topic)).toEqual(['a', 'b', 'c']);
  });

  it('transactionalId: the name under which it delivers', async () => {
    const [topic, transactionalId] = [await resultTopic(), uniqueName('mine')];
    await pipelineOf({ config: { resultTopic: topic, transactionalId } }).run();
    const marks = await withAdmin(bootstrapServers, (admin) =>
      admin.listConsumerGroupOffsets({ groups: [transactionalId], requireStable: true }),
    );
    expect(marks[0]?.topics.map(({ name }) => name)).toEqual([topic]);
  });

  it.each([
    [
      'no broker at all',
      { bootstrapServers: '127.0.0.1:1' },
      'KAFKA_UNREACHABLE',
      /127.0.0.1:1.*Check that Kafka runs/,
    ],
    ['no address', { bootstrapServers: 'localhost' }, 'CONFIG_INVALID', /expected host:port/],
    ['a topic that cannot be', { resultTopic: 'a/b' }, 'CONFIG_INVALID', /letters, digits/],
    [
      'a compression that is none',
      { compressionType: 'rar' as never },
      'CONFIG_INVALID',
      /one of none, gzip, snappy, lz4, zstd; found "rar"/,
    ],
    ['half a retry', { retries: 0.5 }, 'CONFIG_INVALID', /whole number from 0 to 1000; found 0.5/],
    ['acks of two', { acks: 2 as never }, 'CONFIG_INVALID', /one of all, -1, 0, 1; found 2/],
  ] as const)('%s is refused with what to do', async (_what, config, code, message) => {
    const build = async (): Promise<unknown> => pipelineOf({ config: { resultTopic: 'any', ...config } }).run();
    await expect(build()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe.skipIf(kafka.missing)('a result that is longer than its topic takes', () => {
  const keys = ['a', 'b'.repeat(4000), 'c'];
  const short = { 'max.message.bytes': '2000' };

  it('ends the run where the policy is retry, and the message says which limit, and how to raise it', async () => {
    const topic = await resultTopic(short);
    await expect(
      pipelineOf({ config: { resultTopic: topic, compressionType: 'none' }, keys }).run(),
    ).rejects.toMatchObject({
      code: 'SINK_REFUSED',
      message: expect.stringMatching(
        /an item has \d+ bytes, compressed, and the topic "\S+" takes 2000 \(max.message.bytes\).*kafka-configs.sh --bootstrap-server \S+ --alter/,
      ),
    });
    expect(await keysIn(topic)).toEqual([]);
  });

  it('is left out and counted where it is skip, and the others are there', async () => {
    const topic = await resultTopic(short);
    const policy = ErrorPolicy.skip();
    const { counters } = await pipelineOf({
      config: { resultTopic: topic, compressionType: 'none' },
      keys,
      policy,
    }).run();
    expect(counters.skipped).toBe(1);
    expect(await keysIn(topic)).toEqual(['a', 'c']);
  });

  it('is a dead letter where it is that, whole or as much of it as that topic takes', async () => {
    const [topic, letters] = [await resultTopic(short), await resultTopic(short)];
    const policy = ErrorPolicy.deadLetter();
    await pipelineOf({ config: { resultTopic: topic, compressionType: 'none' }, keys, policy, letters }).run();
    expect(await keysIn(topic)).toEqual(['a', 'c']);
    const [letter] = (await valuesOf(bootstrapServers, letters)).map((text) => JSON.parse(text) as { raw: string });
    expect(letter).toMatchObject({ error: { code: 'undeliverable' }, raw_truncated: true });
    expect(Buffer.from(letter?.raw ?? '', 'base64').toString()).toMatch(/^\{"id":"settings/);
  });

  it('is not, when compression makes it short enough', async () => {
    const topic = await resultTopic(short);
    await pipelineOf({ config: { resultTopic: topic, compressionType: 'zstd' }, keys }).run();
    expect(await keysIn(topic)).toEqual(keys.toSorted());
  });

  it('is found out from what the broker says, where nobody may ask for the limit', async () => {
    const topic = await resultTopic({ 'max.message.bytes': '5000' });
    const many = Array.from({ length: 40 }, (_, i) => `${String(i)}${'x'.repeat(300)}`);
    const sink = new KafkaAggregationSink({ bootstrapServers, resultTopic: topic, compressionType: 'none' });
    // The limit falls after it was asked for.
    const pipeline = createPipeline<{ timestamp: number; key: string }>(uniqueName('settings'))
      .withSource(new MemorySource(many.map((key) => ({ timestamp: 0, key }))))
      .withKey('key')
      .withMaxFuture(Infinity)
      .withTumblingWindow(10)
      .withSink({
        name: 'before',
        sendBatch: async () => {
          await withAdmin(bootstrapServers, (admin) =>
            admin.incrementalAlterConfigs({
              resources: [
                {
                  resourceType: 2,
                  resourceName: topic,
                  configs: [{ name: 'max.message.bytes', configOperation: 0, value: '2000' }],
                },
              ],
            }),
          );
        },
      })
      .withSink(sink)
      .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ initialDelay: 10 })))
      .withStateBackend(new DurableBackend())
      .build();
    await pipeline.run();
    expect(await keysIn(topic)).toEqual(many.toSorted());
  });
});

describe.skipIf(kafka.secure === undefined)('a user without permission', () => {
  it('is told which, and what it is for', async () => {
    const { secure } = kafka;
    const topic = await resultTopic();
    const security = {
      protocol: 'SASL_PLAINTEXT',
      sasl: { mechanism: 'SCRAM-SHA-512', ...GUEST },
    } as const;
    const config = { bootstrapServers: secure?.saslPlaintext ?? '', resultTopic: topic, security };
    await expect(pipelineOf({ config }).run()).rejects.toMatchObject({
      code: expect.stringMatching(/KAFKA_DENIED|KAFKA_TOPIC_UNKNOWN/),
    });
  });
});

describe.skipIf(kafka.missing)('a transaction that is not committed', () => {
  it('is not seen by readers of committed records, and by others it is', async () => {
    const topic = await resultTopic();
    const sink = new KafkaAggregationSink({ bootstrapServers, resultTopic: topic });
    let failures = 2;
    const pipeline = createPipeline<{ timestamp: number; key: string }>(uniqueName('settings'))
      .withSource(new MemorySource(['a', 'b'].map((key) => ({ timestamp: 0, key }))))
      .withKey('key')
      .withMaxFuture(Infinity)
      .withTumblingWindow(10)
      .withSink(sink)
      .withSink({
        name: 'moody',
        ...(sink.transaction === undefined ? {} : { transaction: sink.transaction }),
        sendBatch: () => {
          failures -= 1;
          if (failures >= 0) throw new Error('not yet');
        },
      })
      .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ initialDelay: 10 })))
      .withStateBackend(new DurableBackend())
      .build();
    await pipeline.run();
    expect(await keysIn(topic)).toEqual(['a', 'b']);
    expect(await valuesOf(bootstrapServers, topic, 'read_uncommitted')).toHaveLength(6);
  });

  it('because the broker has ended it for having taken too long is begun anew', async () => {
    const topic = await resultTopic();
    const { output, producer, requests } = await openProducer(topic, 3000);
    const { signal } = new AbortController();
    const { run, mark } = await producer.open();
    expect(mark).toBeNull();
    const identity = await requests.currentProducer(signal);
    const recordOf = (value: string) => ({ key: null, value, timestamp: 0 });
    const write = async (value: string): Promise<void> => {
      producer.begin();
      await producer.write(await output.pack([value], recordOf, { topic, turn: 0, signal }), signal);
    };
    await write('too slow');
    while ((await requests.currentProducer(signal))?.epoch === identity?.epoch) await after(50);
    const commit = { mark: { epoch: 1, run }, positions: new Map<never, never>(), signal };
    await expect(producer.commit(commit)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    // Which may be too slow as well, where the machine is.
    for (let failure: unknown = commit; failure !== null;) {
      expect(await producer.reopen(signal)).toBeNull();
      await write('again');
      failure = await producer.commit(commit).then(
        () => null,
        (error: unknown) => error,
      );
      if (failure !== null) expect(failure).toMatchObject({ code: 'SINK_UNAVAILABLE' });
    }
    expect(await valuesOf(bootstrapServers, topic)).toEqual(['again']);
    expect(await producer.reopen(signal)).toEqual({ epoch: 1, run });
    output.close();
  });

  it('is ended by whoever takes over', async () => {
    const topic = await resultTopic();
    const name = uniqueName('taken');
    const [one, other] = [await openProducer(topic, 60_000, name), await openProducer(topic, 60_000, name)];
    const { signal } = new AbortController();
    const recordOf = (value: string) => ({ key: null, value, timestamp: 0 });
    const { run } = await one.producer.open();
    one.producer.begin();
    await one.producer.write(await one.output.pack(['left'], recordOf, { topic, turn: 0, signal }), signal);
    const taken = await other.producer.open();
    expect(taken.mark).toBeNull();
    other.producer.begin();
    await other.producer.commit({ mark: { epoch: 0, run: taken.run }, positions: new Map<never, never>(), signal });
    const commit = { mark: { epoch: 1, run }, positions: new Map<never, never>(), signal };
    await expect(one.producer.commit(commit)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    await expect(one.producer.reopen(signal)).rejects.toMatchObject({ code: 'SINK_FENCED' });
    expect(await valuesOf(bootstrapServers, topic)).toEqual([]);
    expect(await other.producer.reopen(signal)).toEqual({ epoch: 0, run: taken.run });
    one.output.close();
    other.output.close();
  });
});

async function openProducer(
  topic: string,
  transactionTimeoutMs: number,
  pipeline = uniqueName('producer'),
): Promise<{ output: KafkaOutput; producer: TransactionalProducer; requests: ClusterRequests }> {
  const clock = new SystemClock();
  const output = await KafkaOutput.open({
    settings: producerSettings({ bootstrapServers }),
    topics: [topic],
    clientId: pipeline,
    clock,
    logger: silentLogger,
    instruments: new ProcessorMetrics(),
    requestTimeoutMs: 10_000,
  });
  const { cluster, writer } = output;
  const requests = new ClusterRequests({ cluster, writer, transactionalId: pipeline, transactionTimeoutMs });
  const instruments = new ProcessorMetrics();
  const options = {
    requests,
    clock,
    instruments,
    pipeline,
    transactionalId: pipeline,
    markTopic: topic,
    retries: 3,
    transactionTimeoutMs,
  };
  return { output, requests, producer: new TransactionalProducer(options) };
}
