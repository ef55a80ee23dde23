import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { apiVersionsV3, Writer } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ProcessorErrorKind } from '../../src/errors/processor-error.ts';
import type { KafkaCluster } from '../../src/kafka/cluster.ts';
import type { KafkaConfig, KafkaSecurity } from '../../src/kafka/kafka-settings.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { clusterAt, RawProducer } from './raw-producer.ts';
import { openKafka, partitionAt, valuesUpToNow } from './reading.ts';
import { freePorts } from './ports.ts';
import { GUEST, PROCESSOR } from './server-properties.ts';
import { sharedBroker } from './shared-broker.ts';
import { createTopic, createTopics, uniqueName, withAdmin } from './topics.ts';

const kafka = await sharedBroker();
const { bootstrapServers, secure } = kafka;

/** What opening fails with. */
async function failure(
  config: KafkaConfig,
  positions: Readonly<Record<string, { offset: number; token?: string }>> = {},
): Promise<{
  readonly kind: ProcessorErrorKind;
  readonly code: string;
  readonly message: string;
}> {
  try {
    await openKafka(config, { positions: new Map(Object.entries(positions)) });
  } catch (error) {
    return error as Awaited<ReturnType<typeof failure>>;
  }
  throw new Error('it was opened');
}

/** A server that does with each connection what the test says; its address. */
async function serverThat(accept: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    accept(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a cluster that cannot be reached', () => {
  it('is an error that names the address, the reason, and what to check', async () => {
    const [port = 0] = await freePorts(1);
    const error = await failure({ bootstrapServers: `127.0.0.1:${port}`, topics: ['t'] });
    expect(error).toMatchObject({ kind: 'source', code: 'KAFKA_UNREACHABLE' });
    expect(error.message).toContain(`127.0.0.1:${port}: connect ECONNREFUSED`);
    expect(error.message).toContain('advertised.listeners');
  });

  it('is said with the reason for each address', async () => {
    const [one = 0, other = 0] = await freePorts(2);
    const error = await failure({ bootstrapServers: `127.0.0.1:${one},127.0.0.1:${other}`, topics: ['t'] });
    for (const port of [one, other]) expect(error.message).toContain(`127.0.0.1:${port}: connect ECONNREFUSED`);
  });

  it('is one whose name is not known', async () => {
    const error = await failure({ bootstrapServers: 'nowhere.invalid:9092', topics: ['t'] });
    expect(error.code).toBe('KAFKA_UNREACHABLE');
    expect(error.message).toMatch(/getaddrinfo (ENOTFOUND|EAI_AGAIN) nowhere.invalid.*The name is not known here/s);
  });

  it.each([1, 4])('is given up after at most 10 s where %i servers take connections and say nothing', async (count) => {
    const taken: Promise<unknown>[] = [];
    const clock = new ManualClock();
    const bootstrap: string[] = [];
    for (let i = 0; i < count; i += 1) {
      taken.push(
        new Promise<void>((resolve) => void serverThat(() => resolve()).then((address) => bootstrap.push(address))),
      );
    }
    while (bootstrap.length < count) await clock.nextTurn();
    const opening = openKafka({ bootstrapServers: bootstrap.join(','), topics: ['t'] }, { clock }).catch(
      (error: unknown) => error,
    );
    let passed = 0;
    const outcomes: unknown[] = [];
    void opening.then((error) => outcomes.push(error));
    while (outcomes.length === 0) {
      for (let turn = 0; turn < 20; turn += 1) await clock.nextTurn();
      clock.advance(100);
      passed += 100;
    }
    expect(outcomes[0]).toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: expect.stringContaining('cannot be connected to within'),
    });
    expect(passed).toBeLessThanOrEqual(12_000);
  });

  it('is one that ends each connection', async () => {
    const error = await failure({ bootstrapServers: await serverThat((socket) => socket.destroy()), topics: ['t'] });
    expect(error.code).toBe('KAFKA_UNREACHABLE');
  });

  it('may be no Kafka at all', async () => {
    const address = await serverThat((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const error = await failure({ bootstrapServers: address, topics: ['t'] });
    expect(['KAFKA_UNREACHABLE', 'KAFKA_INCOMPATIBLE']).toContain(error.code);
  });

  it('may be too old', async () => {
    // Answers what a broker of Kafka 2.0 would: the versions that it speaks.
    const address = await serverThat((socket) =>
      socket.on('data', (request) => {
        const correlationId = request.readInt32BE(8);
        const versions = [
          [apiVersionsV3.api.key, 0, 3],
          [3, 0, 6],
        ] as const;
        const answer = Writer.create()
          .appendInt32(correlationId)
          .appendInt16(0)
          .appendArray(
            [...versions],
            (writer, [key, least, most]) => void writer.appendInt16(key).appendInt16(least).appendInt16(most),
          )
          .appendInt32(0)
          .appendTaggedFields();
        socket.write(answer.prependLength().buffer);
      }),
    );
    const error = await failure({ bootstrapServers: address, topics: ['t'] });
    expect(error).toMatchObject({ code: 'KAFKA_INCOMPATIBLE' });
    expect(error.message).toContain(
      `${address} does not speak version 12 of Metadata: it speaks 0 to 6. Kafka 3.1 or newer is needed`,
    );
  });
});

describe.skipIf(kafka.missing)('topics that cannot be read', () => {
  let cluster: KafkaCluster;
  let plain: RawProducer;
  beforeAll(async () => {
    cluster = await clusterAt(bootstrapServers);
    plain = await RawProducer.open(cluster);
  });
  afterAll(() => cluster.close());

  const idOf = async (topic: string): Promise<string> => (await cluster.topics([topic])).get(topic)?.id ?? '';

  it('are ones that do not exist: the message has the command that creates them', async () => {
    const error = await failure({
      bootstrapServers,
      topics: [await createTopic(bootstrapServers, 'there'), 'not-there'],
    });
    expect(error).toMatchObject({ kind: 'source', code: 'KAFKA_TOPIC_UNKNOWN' });
    expect(error.message).toContain(
      `the topic "not-there" does not exist, or this user may not see it. To create it: kafka-topics.sh --bootstrap-server ${bootstrapServers} --create --topic not-there --partitions 12`,
    );
  });

  it('have lost what is to be read next', async () => {
    const topic = await createTopic(bootstrapServers, 'lost');
    await plain.write(topic, 0, ['a', 'b', 'c']);
    await withAdmin(bootstrapServers, (admin) =>
      admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 2n }] }] }),
    );
    const error = await failure({ bootstrapServers, topics: [topic] }, { [`${topic}/0`]: { offset: 0 } });
    expect(error.code).toBe('KAFKA_OFFSET_LOST');
    expect(error.message).toContain(
      'offset 0 is to be read next, and the oldest that is left is 2: 2 offsets were deleted',
    );
  });

  it('end before what had been read of them', async () => {
    const topic = await createTopic(bootstrapServers, 'short');
    await plain.write(topic, 0, ['a']);
    const error = await failure({ bootstrapServers, topics: [topic] }, { [`${topic}/0`]: { offset: 5 } });
    expect(error.code).toBe('KAFKA_OFFSET_LOST');
    expect(error.message).toContain('offset 5 is to be read next, and what had been read ends at 1 now');
  });

  it('were made anew', async () => {
    const topic = uniqueName('anew');
    await createTopics(bootstrapServers, [topic]);
    const token = `${await idOf(topic)}@0`;
    await withAdmin(bootstrapServers, (admin) => admin.deleteTopics({ topics: [topic] }));
    await createTopics(bootstrapServers, [topic]);
    const error = await failure({ bootstrapServers, topics: [topic] }, { [`${topic}/0`]: { offset: 0, token } });
    expect(error).toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringContaining('was deleted and made anew'),
    });
  });

  it('have fewer partitions than the state', async () => {
    const topic = await createTopic(bootstrapServers, 'fewer', { partitions: 2 });
    const error = await failure({ bootstrapServers, topics: [topic] }, { [`${topic}/2`]: { offset: 0 } });
    expect(error).toMatchObject({ code: 'SOURCE_CHANGED', message: expect.stringContaining('has only 2 partitions') });
  });
});

describe.skipIf(secure === undefined)('the listeners with TLS and SASL', () => {
  let topic = '';
  beforeAll(async () => {
    topic = await createTopic(bootstrapServers, 'secured');
    const cluster = await clusterAt(bootstrapServers);
    await (await RawProducer.open(cluster)).write(topic, 0, ['a']);
    cluster.close();
  });

  type Port = 'plaintext' | 'ssl' | 'saslSsl' | 'saslPlaintext';
  const at = (port: Port, security: KafkaSecurity): KafkaConfig => ({
    bootstrapServers: port === 'plaintext' ? bootstrapServers : (secure?.[port] ?? ''),
    topics: [topic],
    security,
  });
  const { ca = '', cert = '', key = '' } = secure?.files ?? {};
  const scram = { mechanism: 'SCRAM-SHA-512', ...PROCESSOR } as const;

  it.each<[string, Port, KafkaSecurity]>([
    ['TLS with a certificate of the client', 'ssl', { protocol: 'SSL', ssl: { ca, cert, key } }],
    ['PLAIN over TLS', 'saslSsl', { protocol: 'SASL_SSL', ssl: { ca }, sasl: { ...PROCESSOR, mechanism: 'PLAIN' } }],
    [
      'SCRAM-SHA-256 over TLS',
      'saslSsl',
      { protocol: 'SASL_SSL', ssl: { ca }, sasl: { ...PROCESSOR, mechanism: 'SCRAM-SHA-256' } },
    ],
    ['SCRAM-SHA-512, the default, over TLS', 'saslSsl', { protocol: 'SASL_SSL', ssl: { ca }, sasl: PROCESSOR }],
    [
      'SCRAM-SHA-256 without TLS',
      'saslPlaintext',
      { protocol: 'SASL_PLAINTEXT', sasl: { ...PROCESSOR, mechanism: 'SCRAM-SHA-256' } },
    ],
    ['SCRAM-SHA-512 without TLS', 'saslPlaintext', { protocol: 'SASL_PLAINTEXT', sasl: scram }],
  ])('are read by %s', async (_, port, security) => {
    expect(await valuesUpToNow(partitionAt(await openKafka(at(port, security))))).toEqual(['a']);
  });

  it.each<[string, Port, KafkaSecurity, string, RegExp]>([
    [
      'TLS on a port without',
      'plaintext',
      { protocol: 'SSL', ssl: { ca } },
      'KAFKA_UNREACHABLE',
      /may not be one with TLS/,
    ],
    ['no TLS on a port with', 'ssl', {}, 'KAFKA_UNREACHABLE', /Set security.protocol to SSL/],
    ['an authority that is not known', 'ssl', { protocol: 'SSL' }, 'KAFKA_UNREACHABLE', /Set security.ssl.ca/],
    [
      'a login on a port without',
      'plaintext',
      { protocol: 'SASL_PLAINTEXT', sasl: scram },
      'KAFKA_DENIED',
      /The port takes no login/,
    ],
    [
      'no login on a port with',
      'saslPlaintext',
      {},
      'KAFKA_UNREACHABLE',
      /wants encryption, a login or another certificate/,
    ],
    [
      'a wrong password',
      'saslPlaintext',
      { protocol: 'SASL_PLAINTEXT', sasl: { ...scram, password: 'wrong-canary' } },
      'KAFKA_DENIED',
      /Check security.sasl: username, password and mechanism/,
    ],
    [
      'a wrong password of PLAIN',
      'saslSsl',
      { protocol: 'SASL_SSL', ssl: { ca }, sasl: { ...PROCESSOR, mechanism: 'PLAIN', password: 'wrong-canary' } },
      'KAFKA_DENIED',
      /Check security.sasl/,
    ],
    [
      'a user that is not known',
      'saslPlaintext',
      { protocol: 'SASL_PLAINTEXT', sasl: { ...scram, username: 'nobody' } },
      'KAFKA_DENIED',
      /Check security.sasl/,
    ],
    [
      'a user without permissions',
      'saslPlaintext',
      { protocol: 'SASL_PLAINTEXT', sasl: GUEST },
      'KAFKA_DENIED',
      /lacks a permission on the topic: Read and Describe/,
    ],
  ])('refuse %s, and it is said what to do', async (_, port, security, code, advice) => {
    const error = await failure(at(port, security));
    expect(error).toMatchObject({ kind: 'source', code });
    expect(error.message).toMatch(advice);
    expect(error.message).not.toContain('canary');
  });
});
