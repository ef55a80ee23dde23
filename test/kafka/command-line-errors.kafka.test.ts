import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Admin } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/cli.ts';
import { fakeParts, fakeProcess } from '../../src/cli/fake-process.contract.ts';
import { openKafkaWriter } from '../../src/cli/produce/kafka-writer.ts';
import { freePorts } from './ports.ts';
import { GUEST, PROCESSOR } from './server-properties.ts';
import { sharedBroker } from './shared-broker.ts';
import { createTopic, uniqueName, withAdmin } from './topics.ts';
import { eventually } from '../waiting.ts';

const kafka = await sharedBroker();
const { bootstrapServers: at, secure } = kafka;

const folder = mkdtempSync(join(tmpdir(), 'kafka-errors-'));
const servers: Server[] = [];
const sockets = new Set<Socket>();
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a person sees who types a command: how it ended, and everything that was printed, the log aside. */
async function typed(argv: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const io = fakeProcess();
  const code = await main(argv, io, fakeParts({ openEventWriter: openKafkaWriter }));
  const lines = `${io.stdout.text}${io.stderr.text}`.trimEnd().split('\n');
  return { code, text: lines.filter((line) => !line.startsWith('{')).join('\n') };
}

let files = 0;

/** Runs a configuration whose section `kafka` is this. */
function run(kafkaSection: string, more = ''): Promise<{ readonly code: number; readonly text: string }> {
  const path = join(folder, `${String((files += 1))}.yaml`);
  writeFileSync(
    path,
    `processor:
  name: ${uniqueName('errors')}
  event: { key: [model] }
  windows: { tumbling: { size_secs: 1 } }
  http: { enabled: false }
  error_handling: { max_retries: 0, dead_letter_topic: ${dead}, dead_letter_path: ${join(folder, 'dead.ndjson')} }
${more}
  kafka: { ${kafkaSection} }
`,
  );
  return typed(['run', '-c', path]);
}

function consumer(server: string, topics: string, more = ''): string {
  return `consumer: { bootstrap_servers: "${server}", topics: [${topics}]${more} }`;
}

function producer(server: string, topic: string, more = ''): string {
  return `producer: { bootstrap_servers: "${server}", result_topic: ${topic}${more} }`;
}

let events = '';
let results = '';
let dead = 'dead-letters';
let input = '';

beforeAll(async () => {
  input = join(folder, 'events.ndjson');
  const event = (second: number): string =>
    JSON.stringify({ timestamp: 1_700_000_000_000 + second * 1000, model: 'a' });
  writeFileSync(input, `${[1, 2, 3].map(event).join('\n')}\n`);
  if (kafka.missing !== undefined) return;
  events = await createTopic(at, 'events');
  results = await createTopic(at, 'results');
  dead = await createTopic(at, 'dead');
});

type Grant = Parameters<Admin['createAcls']>[0]['creations'][number];

/** Numbers of Kafka's protocol. */
const RESOURCES = { topic: 2, group: 3, 'transactional id': 5 } as const;
const OPERATIONS = { read: 3, write: 4, describe: 8 } as const;

function granted(
  resource: keyof typeof RESOURCES,
  name: string,
  ...operations: readonly (keyof typeof OPERATIONS)[]
): readonly Grant[] {
  return operations.map((operation) => ({
    resourceType: RESOURCES[resource],
    resourceName: name,
    resourcePatternType: 3,
    principal: `User:${GUEST.username}`,
    host: '*',
    operation: OPERATIONS[operation],
    permissionType: 3,
  }));
}

const CHECK =
  'Check that Kafka runs, bootstrap_servers, and that advertised.listeners of the brokers are addresses that this machine can reach';

describe('without a broker', () => {
  it('each command says so within seconds, where it looked, and what to check', async () => {
    const [port = 0] = await freePorts(1);
    const server = `127.0.0.1:${String(port)}`;
    const reason = `${server}: connect ECONNREFUSED ${server}. ${CHECK} [KAFKA_UNREACHABLE]`;
    const startedAt = performance.now();
    expect(await run(consumer(server, 't'))).toEqual({ code: 1, text: `processor: Kafka: ${reason}` });
    expect(await run(producer(server, 'r'), `  source: { type: file, paths: [${input}] }`)).toEqual({
      code: 1,
      text: expect.stringMatching(
        /^processor: sink "(?:kafka|dead-letter)" could not be opened: Kafka, transactional id "/,
      ),
    });
    expect(await typed(['produce', '-i', input, '-b', server, '-t', 't'])).toEqual({
      code: 1,
      text: `processor: Kafka: ${reason}`,
    });
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it('a name that nobody knows is called that', async () => {
    const { code, text } = await run(consumer('nowhere.invalid:9092', 't'));
    expect(code).toBe(1);
    expect(text).toMatch(
      /^processor: Kafka: nowhere\.invalid:9092: getaddrinfo (?:ENOTFOUND|EAI_AGAIN) nowhere\.invalid\. The name is not known here: check bootstrap_servers, .* \[KAFKA_UNREACHABLE\]$/,
    );
  });

  it.each<[what: string, answer: string, message: RegExp]>([
    [
      'a web server',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      /check security\.protocol, and that this is a port of Kafka \[/,
    ],
    ['one that hangs up', '', /check security\.protocol, and that this is a port of Kafka \[/],
  ])('%s is not taken for one', async (_, answer, message) => {
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.once('data', () => socket.end(answer));
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const { code, text } = await run(consumer(`127.0.0.1:${String((server.address() as AddressInfo).port)}`, 't'));
    expect(code).toBe(1);
    expect(text).toMatch(message);
  });
});

describe.skipIf(kafka.missing)('topics', () => {
  const create = (topic: string): string =>
    `kafka-topics.sh --bootstrap-server ${at} --create --topic ${topic} --partitions 12`;

  it('that do not exist are all named, with the command that creates one', async () => {
    expect(await run(consumer(at, `${events}, no-such, nor-this`))).toEqual({
      code: 1,
      text: `processor: the topics "no-such", "nor-this" do not exist, or this user may not see them. To create one: ${create('no-such')} [KAFKA_TOPIC_UNKNOWN]`,
    });
    const { code, text } = await run(
      `${consumer(at, events)}, ${producer(at, 'no-results')}`,
      '  late_events: { topic: no-late }',
    );
    expect(code).toBe(1);
    expect(text).toContain('the topics "no-results", "no-late" do not exist');
    expect(text).toContain(`${create('no-results')}; create_topics: true does it (createTopics, --create-topics)`);
    expect((await typed(['produce', '-i', input, '-b', at, '-t', 'no-such'])).text).toBe(
      `processor: the topic "no-such" does not exist, or this user may not see it. To create it: ${create('no-such')}; create_topics: true does it (createTopics, --create-topics) [KAFKA_TOPIC_UNKNOWN]`,
    );
  });

  it('are created where that is asked for', async () => {
    const [topic, other] = [uniqueName('created'), uniqueName('created')];
    expect((await typed(['produce', '-i', input, '-b', at, '-t', topic, '--create-topics'])).text).toMatch(
      /^Sent 3 events to created-/,
    );
    const section = producer(at, other, ', create_topics: true');
    expect((await run(section, `  source: { type: file, paths: [${input}] }`)).code).toBe(0);
    const both = `${topic}, ${other}`;
    // They are there now; to know where to begin is another thing.
    expect((await run(consumer(at, both, ', auto_offset_reset: none'))).text).toMatch(
      /nothing is known of where to begin .* auto_offset_reset \(autoOffsetReset in a program\) is none/,
    );
  });

  it('that take no long records say how long they may be, and how to raise that', async () => {
    const tiny = await createTopic(at, 'tiny', { config: { 'max.message.bytes': '200' } });
    const raise = `To raise that: kafka-configs\\.sh --bootstrap-server \\S+ --alter --entity-type topics --entity-name ${tiny} --add-config max\\.message\\.bytes=\\d+`;
    const refused = new RegExp(
      `items have up to \\d+ bytes, compressed, and the topic "${tiny}" takes 200 \\(max\\.message\\.bytes\\)\\. ${raise} \\[SINK_REFUSED\\]$`,
    );
    const result = await run(producer(at, tiny), `  source: { type: file, paths: [${input}] }`);
    expect(result).toEqual({ code: 1, text: expect.stringMatching(refused) });
    const long = join(folder, 'long.ndjson');
    writeFileSync(
      long,
      `${JSON.stringify({ model: 'x'.repeat(300) })}\n${JSON.stringify({ model: 'y'.repeat(300) })}\n`,
    );
    const produced = await typed(['produce', '-i', long, '-b', at, '-t', tiny, '--compression', 'none', '-k', 'none']);
    expect(produced).toEqual({ code: 1, text: expect.stringMatching(/takes 200 \(max\.message\.bytes\)/) });
  });
});

describe.skipIf(secure === undefined)('security', () => {
  const { ca = '' } = secure?.files ?? {};
  const [saslSsl, saslPlaintext, ssl] = [secure?.saslSsl ?? '', secure?.saslPlaintext ?? '', secure?.ssl ?? ''];
  const guest = `, security: { protocol: SASL_SSL, ssl: { ca: "${ca}" }, sasl: { username: ${GUEST.username}, password: ${GUEST.password} } }`;
  const wrong = `, security: { protocol: SASL_PLAINTEXT, sasl: { username: ${PROCESSOR.username}, password: wrong-canary } }`;

  it('lets nobody in with a wrong password, which is not shown', async () => {
    expect(await run(consumer(saslPlaintext, events, wrong))).toEqual({
      code: 1,
      text: `processor: Kafka: ${saslPlaintext}: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512. Check security.sasl: username, password and mechanism [KAFKA_DENIED]`,
    });
  });

  it('says which permission is lacking', async () => {
    expect((await run(consumer(saslSsl, events, guest))).text).toBe(
      `processor: Kafka: the topic "${events}": TOPIC_AUTHORIZATION_FAILED. The user lacks a permission on the topic: Read and Describe to read it, Write and Describe to write it [KAFKA_DENIED]`,
    );
    const { code, text } = await run(producer(saslSsl, results, guest), `  source: { type: file, paths: [${input}] }`);
    expect(code).toBe(1);
    expect(text).toMatch(
      /^processor: sink "[a-z-]+" could not be opened: .*The user lacks a permission on the topic: .* \[KAFKA_DENIED\]$/,
    );
  });

  it.each<[what: string, server: string, security: string, message: string]>([
    [
      'TLS on a port without',
      at,
      `, security: { protocol: SSL, ssl: { ca: "${ca}" } }`,
      'Client network socket disconnected before secure TLS connection was established. The port may not be one with TLS: check bootstrap_servers and security.protocol [KAFKA_UNREACHABLE]',
    ],
    [
      'no TLS on a port with',
      ssl,
      '',
      'Broker requires TLS. Set security.protocol to SSL or SASL_SSL [KAFKA_UNREACHABLE]',
    ],
    [
      'an authority that nobody knows',
      ssl,
      ', security: { protocol: SSL }',
      'unable to verify the first certificate. Set security.ssl.ca to the certificate of the authority that signed those of the brokers [KAFKA_UNREACHABLE]',
    ],
    [
      'a login where none is taken',
      at,
      wrong,
      'Request is not valid given the current SASL state. The port takes no login: use protocol PLAINTEXT or SSL, or another port [KAFKA_DENIED]',
    ],
  ])('%s is told with what to set', async (_, server, security, message) => {
    expect(await run(consumer(server, events, security))).toEqual({
      code: 1,
      text: `processor: Kafka: ${server}: ${message}`,
    });
  });

  it('names one permission after the other, until the user has those that the documentation lists', async () => {
    const name = uniqueName('permitted');
    const [resultTopic, deadTopic] = [await createTopic(at, 'results'), await createTopic(at, 'dead')];
    const path = join(folder, 'permitted.yaml');
    writeFileSync(
      path,
      `processor:
  name: ${name}
  source: { type: file, paths: [${input}] }
  windows: { tumbling: { size_secs: 1 } }
  http: { enabled: false }
  error_handling: { dead_letter_topic: ${deadTopic} }
  kafka: { ${producer(saslSsl, resultTopic, guest)} }
`,
    );
    const steps: readonly (readonly [lacking: RegExp, grants: readonly Grant[]])[] = [
      [
        /permission on the topic: .* Write and Describe/,
        [resultTopic, deadTopic].flatMap((topic) => granted('topic', topic, 'write', 'describe')),
      ],
      [
        /permissions Write and Describe on the transactional id/,
        granted('transactional id', `${name}-0`, 'write', 'describe'),
      ],
      [/permission Read on the consumer group/, granted('group', `${name}-0`, 'read')],
      [/permission Read on the topic of the results/, granted('topic', resultTopic, 'read')],
    ];
    for (const [lacking, grants] of steps) {
      // A grant takes a moment to be known everywhere.
      await eventually(async () => expect((await typed(['run', '-c', path])).text).toMatch(lacking));
      await withAdmin(at, (admin) => admin.createAcls({ creations: [...grants] }));
    }
    await eventually(async () => expect(await typed(['run', '-c', path])).toEqual({ code: 0, text: '' }));
  });

  it('files that cannot be read are a wrong configuration', async () => {
    const { code, text } = await run(
      consumer(ssl, events, ', security: { protocol: SSL, ssl: { ca: /nowhere/ca.pem } }'),
    );
    expect([code, text]).toEqual([2, expect.stringContaining('/nowhere/ca.pem cannot be read')]);
  });
});
