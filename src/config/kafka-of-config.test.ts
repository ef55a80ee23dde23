import { describe, expect, it } from 'vitest';
import { present } from '../errors/assert.ts';
import { parseConfig } from './config.ts';
import { deadLetterPlaceOf, kafkaConsumerOf, kafkaProducerOf } from './kafka-of-config.ts';
import { outlineBelow, processorOutline } from './schema/outline.ts';

function load(yaml: string) {
  return parseConfig(yaml, { cores: 2, hostname: 'laptop' });
}

const SECURITY = `{
        protocol: SASL_SSL,
        ssl: { ca: ca.pem, cert: client.pem, key: client.key },
        sasl: { mechanism: SCRAM-SHA-256, username: u, password: p } }`;

const EVERY_KEY = `processor:
  event: { key: [model] }
  kafka:
    consumer:
      bootstrap_servers: a:1,b:2
      group_id: g
      topics: [t, s]
      enable_auto_commit: true
      auto_offset_reset: none
      session_timeout_ms: 2001
      max_poll_records: 1002
      isolation_level: read_uncommitted
      fetch_max_bytes: 1030
      max_wait_ms: 1004
      metadata_max_age_ms: 1006
      instances: 7
      instance: 5
      partitioned_by_key: true
      security: ${SECURITY}
    producer:
      bootstrap_servers: c:3
      result_topic: r
      compression_type: zstd
      acks: 1
      retries: 15
      transactional_id: x
      after_restore: deliver_again
      create_topics: true
      security: ${SECURITY}
`;

const SECURITY_SETTINGS = {
  protocol: 'SASL_SSL',
  ssl: { ca: 'ca.pem', cert: 'client.pem', key: 'client.key' },
  sasl: { mechanism: 'SCRAM-SHA-256', username: 'u', password: 'p' },
};

describe('the settings of Kafka', () => {
  it('have every key of the configuration', () => {
    const { consumer, producer } = load(EVERY_KEY).config.kafka;
    expect(kafkaConsumerOf(present(consumer, 'consumer'))).toEqual({
      bootstrapServers: 'a:1,b:2',
      groupId: 'g',
      topics: ['t', 's'],
      enableAutoCommit: true,
      autoOffsetReset: 'none',
      sessionTimeout: 2001,
      maxPollRecords: 1002,
      isolationLevel: 'read_uncommitted',
      fetchMaxBytes: 1030,
      maxWait: 1004,
      metadataMaxAge: 1006,
      instances: 7,
      instance: 5,
      partitionedByKey: true,
      security: SECURITY_SETTINGS,
    });
    expect(kafkaProducerOf(present(producer, 'producer'))).toEqual({
      bootstrapServers: 'c:3',
      resultTopic: 'r',
      compressionType: 'zstd',
      acks: 1,
      retries: 15,
      createTopics: true,
      transactionalId: 'x',
      afterRestore: 'deliver_again',
      security: SECURITY_SETTINGS,
    });
  });

  it.each(['consumer', 'producer'] as const)('of a %s are all there is in the schema', (side) => {
    const keys = Object.keys(outlineBelow(outlineBelow(processorOutline, 'kafka') ?? {}, side)?.properties ?? {});
    const settings = load(EVERY_KEY).config.kafka;
    // A key that is new in the schema must stand in the test above, and so be handed on.
    expect(keys.toSorted()).toEqual(Object.keys(settings[side] ?? {}).toSorted());
    const made =
      side === 'consumer'
        ? kafkaConsumerOf(present(settings.consumer, side))
        : kafkaProducerOf(present(settings.producer, side));
    expect(Object.keys(made)).toHaveLength(keys.length);
  });

  it('have the defaults of the reference', () => {
    const { consumer, producer } = load(`processor:
  name: llm
  kafka:
    consumer: { bootstrap_servers: "a:1", topics: [t] }
    producer: { bootstrap_servers: "a:1", result_topic: r }
`).config.kafka;
    expect(kafkaConsumerOf(present(consumer, 'consumer'))).toEqual({
      bootstrapServers: 'a:1',
      groupId: 'llm',
      topics: ['t'],
      enableAutoCommit: false,
      autoOffsetReset: 'earliest',
      sessionTimeout: 30_000,
      maxPollRecords: 500,
      isolationLevel: 'read_committed',
      fetchMaxBytes: 52_428_800,
      maxWait: 500,
      metadataMaxAge: 30_000,
      instances: 1,
      instance: 0,
      partitionedByKey: false,
    });
    expect(kafkaProducerOf(present(producer, 'producer'))).toEqual({
      bootstrapServers: 'a:1',
      resultTopic: 'r',
      compressionType: 'lz4',
      acks: 'all',
      retries: 3,
      createTopics: false,
      afterRestore: 'refuse',
    });
  });

  it('have of the security what is given', () => {
    const security = 'security: { protocol: SSL, ssl: { ca: ca.pem } }';
    const { producer } = load(
      `processor: { kafka: { producer: { bootstrap_servers: "a:1", result_topic: r, ${security} } } }`,
    ).config.kafka;
    expect(kafkaProducerOf(present(producer, 'producer')).security).toEqual({ protocol: 'SSL', ssl: { ca: 'ca.pem' } });
  });
});

describe('dead letters', () => {
  const PRODUCER = 'kafka: { producer: { bootstrap_servers: "a:1", result_topic: r } }';

  it.each<[string, object]>([
    ['{}', { path: './data/dead-letters.ndjson' }],
    [`{ ${PRODUCER} }`, { topic: 'processor-dead-letter' }],
    [`{ ${PRODUCER}, sinks: [{ type: console }] }`, { topic: 'processor-dead-letter' }],
    [`{ ${PRODUCER}, error_handling: { dead_letter_topic: d } }`, { topic: 'd' }],
    ['{ error_handling: { dead_letter_topic: d } }', { path: './data/dead-letters.ndjson' }],
  ])('of %s go to %j', (yaml, place) => {
    expect(deadLetterPlaceOf(load(`processor: ${yaml}`).config)).toEqual(place);
  });
});
