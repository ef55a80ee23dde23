import { Consumer, Producer, type BaseOptions } from '@platformatic/kafka';
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GUEST, PROCESSOR } from './server-properties.ts';
import { ownBroker, sharedBroker } from './shared-broker.ts';
import { createTopic, withAdmin } from './topics.ts';

const kafka = await sharedBroker();

async function writeOne(client: Partial<BaseOptions> & { bootstrapBrokers: string[] }, topic: string): Promise<void> {
  const producer = new Producer({ clientId: 'test', retries: 0, ...client });
  try {
    await producer.send({ messages: [{ topic, value: Buffer.from('one') }] });
  } finally {
    await producer.close();
  }
}

async function readOne(bootstrapServers: string, topic: string): Promise<string> {
  const consumer = new Consumer({ clientId: 'test', groupId: topic, bootstrapBrokers: [bootstrapServers] });
  onTestFinished(() => consumer.close(true));
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest' });
  for await (const message of stream) return message.value.toString();
  return '';
}

describe.skipIf(kafka.missing)('the shared broker', () => {
  it('keeps what is written to a topic', async () => {
    const topic = await createTopic(kafka.bootstrapServers, 'kept', { partitions: 3 });
    await writeOne({ bootstrapBrokers: [kafka.bootstrapServers] }, topic);
    expect(await readOne(kafka.bootstrapServers, topic)).toBe('one');
  });

  it('makes topics as they are asked for', async () => {
    const topic = await createTopic(kafka.bootstrapServers, 'made', {
      partitions: 7,
      config: { 'max.message.bytes': '2000' },
    });
    await withAdmin(kafka.bootstrapServers, async (admin) => {
      const { topics } = await admin.metadata({ topics: [topic] });
      expect(topics.get(topic)?.partitions.length).toBe(7);
      const resource = { resourceType: 2, resourceName: topic, configurationKeys: ['max.message.bytes'] };
      const [described] = await admin.describeConfigs({ resources: [resource] });
      expect(described?.configs[0]).toMatchObject({ name: 'max.message.bytes', value: '2000' });
    });
  });

  it('does not make a topic because somebody asks about it', async () => {
    await expect(writeOne({ bootstrapBrokers: [kafka.bootstrapServers] }, 'never-made')).rejects.toThrow();
  });
});

const { secure } = kafka;

describe.skipIf(secure === undefined)('the listeners with TLS and SASL', () => {
  const ca = (): string => readFileSync(secure?.files.ca ?? '', 'utf8');
  const cert = (): string => readFileSync(secure?.files.cert ?? '', 'utf8');
  const key = (): string => readFileSync(secure?.files.key ?? '', 'utf8');
  const topic = (): Promise<string> => createTopic(kafka.bootstrapServers, 'secure');

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('let %s in over TLS', async (mechanism) => {
    const client = { bootstrapBrokers: [secure?.saslSsl ?? ''], tls: { ca: ca() }, sasl: { mechanism, ...PROCESSOR } };
    await writeOne(client, await topic());
  });

  it.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('let %s in without TLS', async (mechanism) => {
    await writeOne(
      { bootstrapBrokers: [secure?.saslPlaintext ?? ''], sasl: { mechanism, ...PROCESSOR } },
      await topic(),
    );
  });

  it('let a client in by its certificate', async () => {
    const tls = { ca: ca(), cert: cert(), key: key() };
    await writeOne({ bootstrapBrokers: [secure?.ssl ?? ''], tls }, await topic());
  });

  it('refuse a wrong password', async () => {
    const sasl = { mechanism: 'SCRAM-SHA-512', ...PROCESSOR, password: 'wrong' } as const;
    const client = { bootstrapBrokers: [secure?.saslPlaintext ?? ''], sasl };
    await expect(writeOne(client, await topic())).rejects.toThrow();
  });

  it('are not trusted by a client that does not know their authority', async () => {
    await expect(writeOne({ bootstrapBrokers: [secure?.ssl ?? ''], tls: {} }, await topic())).rejects.toThrow();
  });

  it('let a guest in, and then let him do nothing', async () => {
    const client = {
      bootstrapBrokers: [secure?.saslSsl ?? ''],
      tls: { ca: ca() },
      sasl: { mechanism: 'PLAIN', ...GUEST } as const,
    };
    await expect(writeOne(client, await topic())).rejects.toThrow();
  });
});

describe.skipIf(kafka.missing)('a broker of a test’s own', () => {
  it('has its data and address again after a crash', async () => {
    const broker = await ownBroker();
    const topic = await createTopic(broker.bootstrapServers, 'crash');
    await writeOne({ bootstrapBrokers: [broker.bootstrapServers] }, topic);
    const before = broker.pid;
    await broker.kill();
    expect(broker.pid).toBeUndefined();
    await broker.restart();
    expect(broker.pid).not.toBe(before);
    expect(await readOne(broker.bootstrapServers, topic)).toBe('one');
  });

  it('says why it did not come up', async () => {
    await expect(ownBroker({ properties: { 'process.roles': 'cook' } })).rejects.toThrow(/cook/);
  });
});
