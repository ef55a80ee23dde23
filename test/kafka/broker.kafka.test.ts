import { ConfigResourceTypes, Consumer, Producer, type BaseOptions } from '@platformatic/kafka';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GUEST, PROCESSOR } from './server-properties.ts';
import { ownBroker, sharedBroker } from './shared-broker.ts';
import { createTopic, withAdmin } from './topics.ts';

type Client = Omit<BaseOptions, 'clientId'>;

const kafka = await sharedBroker();
const { secure } = kafka;

/** Writes a record. @returns `written`, or all that is known of why not. */
async function writeOne(client: Client, topic: string): Promise<string> {
  const producer = new Producer({ clientId: 'test', retries: 0, ...client });
  try {
    await producer.send({ messages: [{ topic, value: Buffer.from('one') }] });
    return 'written';
  } catch (error) {
    return inspect(error, { depth: 5 });
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
  const client: Client = { bootstrapBrokers: [kafka.bootstrapServers] };

  it('keeps what is written to a topic', async () => {
    const topic = await createTopic(kafka.bootstrapServers, 'kept', { partitions: 3 });
    expect(await writeOne(client, topic)).toBe('written');
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
      const resource = {
        resourceType: ConfigResourceTypes.TOPIC,
        resourceName: topic,
        configurationKeys: ['max.message.bytes'],
      };
      const [described] = await admin.describeConfigs({ resources: [resource] });
      expect(described?.configs[0]).toMatchObject({ name: 'max.message.bytes', value: '2000' });
    });
  });

  it.skipIf(secure === undefined)('does not make a topic because somebody asks about it', async () => {
    expect(await writeOne(client, 'never-made')).toContain('Unknown topic');
  });
});

describe.skipIf(secure === undefined)('the listeners with TLS and SASL', () => {
  const read = (file: 'ca' | 'cert' | 'key'): string => readFileSync(secure?.files[file] ?? '', 'utf8');
  const topic = (): Promise<string> => createTopic(kafka.bootstrapServers, 'secure');

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('let %s in over TLS', async (mechanism) => {
    const sasl = { mechanism, ...PROCESSOR };
    const client = { bootstrapBrokers: [secure?.saslSsl ?? ''], tls: { ca: read('ca') }, sasl };
    expect(await writeOne(client, await topic())).toBe('written');
  });

  it.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('let %s in without TLS', async (mechanism) => {
    const client = { bootstrapBrokers: [secure?.saslPlaintext ?? ''], sasl: { mechanism, ...PROCESSOR } };
    expect(await writeOne(client, await topic())).toBe('written');
  });

  it('let a client in by its certificate', async () => {
    const tls = { ca: read('ca'), cert: read('cert'), key: read('key') };
    expect(await writeOne({ bootstrapBrokers: [secure?.ssl ?? ''], tls }, await topic())).toBe('written');
  });

  it('refuse a wrong password', async () => {
    const sasl = { mechanism: 'SCRAM-SHA-512', ...PROCESSOR, password: 'wrong' } as const;
    const client = { bootstrapBrokers: [secure?.saslPlaintext ?? ''], sasl };
    expect(await writeOne(client, await topic())).toContain('SASL authentication failed');
  });

  it('are not trusted by a client that does not know their authority', async () => {
    const client = { bootstrapBrokers: [secure?.ssl ?? ''], tls: {} };
    expect(await writeOne(client, await topic())).toMatch(/UNABLE_TO_VERIFY|unable to verify/);
  });

  it('let a guest in, and then let him do nothing', async () => {
    const sasl = { mechanism: 'PLAIN', ...GUEST } as const;
    const client = { bootstrapBrokers: [secure?.saslSsl ?? ''], tls: { ca: read('ca') }, sasl };
    expect(await writeOne(client, await topic())).toContain('TOPIC_AUTHORIZATION_FAILED');
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
