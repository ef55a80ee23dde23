import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { parseConfig, type ConfigOptions } from './config.ts';
import { findingsOfHost } from './kafka-of-config.ts';
import { formatFinding } from './finding.ts';
import { ordinalOf } from './host-ordinal.ts';

/** `processor:` with one line below it. */
function load(line: string, options: ConfigOptions = {}) {
  return parseConfig(`processor:\n  ${line}\n`, { file: 'p.yaml', cores: 4, hostname: 'laptop', ...options });
}

/** All that is wrong, without the place in the file. */
function findingsOf(line: string): readonly string[] {
  try {
    load(line);
    return [];
  } catch (error) {
    if (!ProcessorError.is(error)) throw error;
    return error.message.split('\n').map((text) => text.replace(/^p\.yaml:\d+:\d+ processor\./, ''));
  }
}

function consumer(rest: string): string {
  return `event: { key: [model] }, kafka: { consumer: { bootstrap_servers: "a:1", topics: [t]${rest} } }`;
}

function producer(rest: string): string {
  return `kafka: { producer: { bootstrap_servers: "a:1", result_topic: r${rest} } }`;
}

function secured(security: string): string {
  return `{ ${consumer(`, security: ${security}`)} }`;
}

const SASL = 'sasl: { username: u, password: p }';
const PLAIN = 'sasl: { mechanism: PLAIN, username: u, password: p }';

describe('what does not go together with Kafka', () => {
  it.each<[line: string, finding: string]>([
    [
      'source: { type: kafka }',
      'source.type: a source of type kafka needs the section kafka.consumer, with bootstrap_servers and topics',
    ],
    [
      `{ ${consumer('')}, source: { format: csv } }`,
      'source.format: not with a source of type kafka, found "csv"; each record there is one JSON object',
    ],
    [
      'sinks: [{ type: kafka }]',
      'sinks[0].type: a sink of type kafka needs the section kafka.producer, with bootstrap_servers and result_topic',
    ],
    [
      'late_events: { topic: late }',
      'late_events.topic: a topic needs the section kafka.producer; without Kafka set late_events.path',
    ],
    [
      'kafka: { consumer: { bootstrap_servers: "a:1", topics: [t, s, t] } }',
      'kafka.consumer.topics[2]: the topic "t" is there twice',
    ],
    [
      'kafka: { consumer: { bootstrap_servers: "b:1, a:1", topics: [r] }, producer: { bootstrap_servers: "a:1", result_topic: r } }',
      'kafka.producer.result_topic: expected a topic of its own, found that of kafka.consumer.topics: "r"',
    ],
    [
      `{ ${producer('')}, error_handling: { dead_letter_topic: r } }`,
      'error_handling.dead_letter_topic: expected a topic of its own, found that of kafka.producer.result_topic: "r"',
    ],
    [
      `{ ${producer('')}, late_events: { topic: r } }`,
      'late_events.topic: expected a topic of its own, found that of kafka.producer.result_topic: "r"',
    ],
    [
      `{ ${consumer(', session_timeout_ms: 500')} }`,
      'kafka.consumer.session_timeout_ms: expected more than max_wait_ms (500), found 500',
    ],
    [
      `{ ${consumer(', instance: 3, instances: 3, partitioned_by_key: true')} }`,
      'kafka.consumer.instance: expected less than instances (3), found 3; the first is 0',
    ],
    [
      `{ ${consumer(', instances: 3')} }`,
      'kafka.consumer.instances: 3 instances have some of the partitions each; a group whose events stand in partitions of several of them would get as many results, each of a part. Produce events with their grouping key as the key of the record and set partitioned_by_key: true, or set instances: 1',
    ],
    [
      'kafka: { consumer: { bootstrap_servers: "a:1", topics: [t], instances: 3, partitioned_by_key: true } }',
      'kafka.consumer.instances: 3 instances have some of the partitions each, and without event.key all events are one group, of which each would see a part; set event.key, or instances: 1',
    ],
    [
      secured('{ protocol: SASL_SSL }'),
      'kafka.consumer.security.sasl: missing; protocol SASL_SSL needs sasl.username and sasl.password',
    ],
    [
      secured(`{ ${SASL} }`),
      'kafka.consumer.security.sasl: not with protocol PLAINTEXT; set protocol: SASL_SSL, or SASL_PLAINTEXT',
    ],
    [
      secured(`{ protocol: SSL, ${SASL} }`),
      'kafka.consumer.security.sasl: not with protocol SSL; set protocol: SASL_SSL',
    ],
    [
      secured(`{ protocol: SASL_PLAINTEXT, ${PLAIN} }`),
      'kafka.consumer.security.sasl.mechanism: not PLAIN without TLS, for it sends the password as it is; set protocol: SASL_SSL, or mechanism: SCRAM-SHA-512',
    ],
    [
      secured(`{ protocol: SASL_PLAINTEXT, ${SASL}, ssl: { ca: ca.pem } }`),
      'kafka.consumer.security.ssl: not with protocol SASL_PLAINTEXT; set protocol: SASL_SSL',
    ],
    [
      secured('{ protocol: SSL, ssl: { cert: client.pem } }'),
      'kafka.consumer.security.ssl: a client certificate needs both cert and key',
    ],
    [
      `{ ${producer(', security: { protocol: SASL_PLAINTEXT, ' + PLAIN + ' }')} }`,
      'kafka.producer.security.sasl.mechanism: not PLAIN without TLS, for it sends the password as it is; set protocol: SASL_SSL, or mechanism: SCRAM-SHA-512',
    ],
    ...['".."', '"a b"', `"${'x'.repeat(250)}"`].map((name): [string, string] => [
      `kafka: { producer: { bootstrap_servers: "a:1", result_topic: ${name} } }`,
      expect.stringContaining(
        'kafka.producer.result_topic: expected 1 to 249 letters, digits, dots, hyphens and underscores, found ',
      ) as string,
    ]),
    ...['localhost', 'a:0', 'a:65536', 'http://a:1', 'a:1,,b:1', '[::1'].map((servers): [string, string] => [
      `kafka: { producer: { bootstrap_servers: "${servers}", result_topic: r } }`,
      `kafka.producer.bootstrap_servers: expected host:port, several joined by commas, found "${servers}"`,
    ]),
  ])('%s', (line, finding) => {
    expect(findingsOf(line)).toEqual([finding]);
  });

  it.each<string>([
    `{ ${consumer(', instances: 3, instance: 2, partitioned_by_key: true')} }`,
    // Nothing is written to it.
    'kafka: { consumer: { bootstrap_servers: "a:1", topics: [r] }, producer: { bootstrap_servers: "a:1", result_topic: r } }, sinks: [{ type: console }]',
    // Another cluster.
    'kafka: { consumer: { bootstrap_servers: "a:1", topics: [r] }, producer: { bootstrap_servers: "b:1", result_topic: r } }',
    // Nothing of it is read.
    'kafka: { consumer: { bootstrap_servers: "a:1", topics: [r] }, producer: { bootstrap_servers: "a:1", result_topic: r } }, source: { type: demo }',
    `${producer('')}, late_events: { topic: bad }, error_handling: { dead_letter_topic: bad }`,
    secured(`{ protocol: SASL_SSL, ${PLAIN}, ssl: { ca: ca.pem, cert: c.pem, key: k.pem } }`),
    secured(`{ protocol: SASL_PLAINTEXT, ${SASL} }`),
    'kafka: { producer: { bootstrap_servers: "[::1]:9092, kafka-0.kafka:65535", result_topic: _a.B-9 } }',
  ])('lets be: %s', (line) => {
    expect(findingsOf(line.startsWith('{') || !line.includes('}, ') ? line : `{ ${line} }`)).toEqual([]);
  });
});

describe('which instance this is', () => {
  const SEVERAL = `{ ${consumer(', instances: 3, partitioned_by_key: true')} }`;

  it.each<[host: string, ordinal: number | undefined]>([
    ['processor-0', 0],
    ['processor-12.processor.llm.svc.cluster.local', 12],
    ['my-processor-003', 3],
    ['laptop', undefined],
    ['laptop3', undefined],
    ['processor-a.host-7', undefined],
    ['', undefined],
  ])('%s ends in %s', (host, ordinal) => {
    expect(ordinalOf(host)).toBe(ordinal);
  });

  it('is the number at the end of the host name where there are several, else 0', () => {
    expect(load(SEVERAL, { hostname: 'processor-2' }).config.kafka.consumer?.instance).toBe(2);
    expect(load(`{ ${consumer('')} }`, { hostname: 'processor-2' }).config.kafka.consumer?.instance).toBe(0);
    const environment = { PROCESSOR_KAFKA__CONSUMER__INSTANCE: '1' };
    expect(load(SEVERAL, { hostname: 'processor-2', environment }).config.kafka.consumer?.instance).toBe(1);
  });

  it.each<[host: string, finding: string]>([
    [
      'laptop',
      'p.yaml:2:39 processor.kafka.consumer.instance: missing; the name of this host, "laptop", does not end in the number of an instance, as "processor-0" does; set it, from 0 to 2',
    ],
    [
      'processor-3',
      'p.yaml:2:39 processor.kafka.consumer.instance: the name of this host, "processor-3", says that it is instance 3, and there are 3; raise instances, or set instance, from 0 to 2',
    ],
  ])('cannot be told on %s', (hostname, finding) => {
    expect(findingsOfHost(load(SEVERAL, { hostname })).map(formatFinding)).toEqual([finding]);
    // Who reads something else does not care.
    const other = SEVERAL.replace('{ event', '{ source: { type: demo }, event');
    expect(findingsOfHost(load(other, { hostname }))).toEqual([]);
  });
});
