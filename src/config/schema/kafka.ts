import { z } from 'zod';
import { filePath, setting, text, timerMillis, topicName, wholeNumber } from './setting.ts';

const security = setting(
  z.strictObject({
    protocol: setting(z.enum(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']).default('PLAINTEXT'), {
      description: 'How connections are encrypted and authenticated.',
    }),
    ssl: setting(
      z.strictObject({
        ca: setting(filePath().optional(), {
          description: 'PEM file of the certificate authority.',
          example: '/etc/kafka/ca.pem',
        }),
        cert: setting(filePath().optional(), {
          description: 'PEM file of the client certificate.',
          example: '/etc/kafka/client.pem',
        }),
        key: setting(filePath().optional(), {
          description: 'PEM file of the client key.',
          example: '/etc/kafka/client.key',
        }),
      }),
      { description: 'TLS files.' },
    ).optional(),
    sasl: setting(
      z.strictObject({
        mechanism: setting(z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).default('SCRAM-SHA-512'), {
          description: 'SASL mechanism.',
        }),
        username: setting(text(), { description: 'User name.', example: 'processor' }),
        password: setting(text(), { description: 'Password.', example: '${KAFKA_PASSWORD}' }),
      }),
      { description: 'SASL user.' },
    ).optional(),
  }),
  { description: 'Encryption and authentication.' },
);

const HOST_AND_PORT = /^(?:[^\s:,/]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/;

function isHostAndPort(server: string): boolean {
  const port = Number(HOST_AND_PORT.exec(server.trim())?.[1]);
  return port >= 1 && port <= 65_535;
}

/** `host:port`, several joined by commas. */
function bootstrapServers() {
  const allowed = 'host:port, several joined by commas';
  return setting(
    z.string().refine((servers) => servers.split(',').every(isHostAndPort), allowed),
    { description: 'Brokers to connect to first.', allowed, example: 'localhost:9092' },
  );
}

const consumer = setting(
  z.strictObject({
    bootstrap_servers: bootstrapServers(),
    group_id: setting(text().optional(), {
      description: 'Consumer group that offsets are committed under.',
      defaultText: 'the `name` of the pipeline',
      example: 'llm-optimizer-processor',
    }),
    topics: setting(z.array(topicName()).min(1), {
      description: 'Topics to read; they must exist.',
      allowed: 'a list of topic names with at least one entry',
      example: ['feedback-events', 'performance-metrics'],
    }),
    enable_auto_commit: setting(z.boolean().default(false), {
      description:
        "Commit the group's offsets after each epoch. With state on disk they are only for others to see; with state in memory the next run begins at them.",
    }),
    auto_offset_reset: setting(z.enum(['earliest', 'latest', 'none']).default('earliest'), {
      description: 'Where to begin with a partition that nothing is known of; `none` stops with an error.',
    }),
    session_timeout_ms: setting(timerMillis(1).default(30_000), {
      description: 'How long a broker may be silent before it is taken for lost.',
      unit: 'milliseconds',
    }),
    max_poll_records: setting(wholeNumber(1, 1_000_000).default(500), {
      description: 'Records handed on at a time, at most.',
      unit: 'records',
    }),
    isolation_level: setting(z.enum(['read_committed', 'read_uncommitted']).default('read_committed'), {
      description: 'Whether records of transactions that are open or were aborted are left out.',
    }),
    fetch_max_bytes: setting(wholeNumber(1024, 1_073_741_824).default(52_428_800), {
      description: 'Bytes of one answer of a broker, at most.',
      unit: 'bytes',
    }),
    max_wait_ms: setting(wholeNumber(0, 300_000).default(500), {
      description: 'How long a broker may wait for data before it answers.',
      unit: 'milliseconds',
    }),
    metadata_max_age_ms: setting(wholeNumber(100, 86_400_000).default(30_000), {
      description: 'How often the topics are looked up anew, whereby partitions that were added to them are found.',
      unit: 'milliseconds',
    }),
    instances: setting(wholeNumber(1, 10_000).default(1), {
      description: 'How many processes share the topics. Each reads its own partitions, for good.',
      unit: 'processes',
    }),
    instance: setting(wholeNumber(0, 9999).optional(), {
      description:
        'Which of the `instances` this one is, from 0: it reads the partitions p with p mod `instances` = `instance`.',
      defaultText: 'the number at the end of the host name; 0 for one instance',
    }),
    partitioned_by_key: setting(z.boolean().default(false), {
      description:
        'All events of a grouping key stand in one partition, as where it is the key of their records. More than one instance needs that.',
    }),
    security: security.optional(),
  }),
  { description: 'Reading from Kafka.' },
);

const producer = setting(
  z.strictObject({
    bootstrap_servers: bootstrapServers(),
    result_topic: setting(topicName(), { description: 'Topic for results.', example: 'aggregated-metrics' }),
    compression_type: setting(z.enum(['none', 'gzip', 'snappy', 'lz4', 'zstd']).default('lz4'), {
      description: 'Compression of what is written.',
    }),
    acks: setting(z.union([z.literal('all'), z.literal(-1), z.literal(0), z.literal(1)]).default('all'), {
      description:
        'Which replicas must have a record before it counts as written. With anything but `all` (or -1) results are not exactly once: some may be lost or repeated.',
      allowed: 'one of all, -1, 0, 1',
    }),
    retries: setting(wholeNumber(0, 1000).default(3), {
      description: 'Attempts after a failed request.',
      unit: 'attempts',
    }),
    create_topics: setting(z.boolean().default(false), {
      description: 'Create the topics for results and dead letters where they do not exist.',
    }),
    transactional_id: setting(text().optional(), {
      description:
        'Name under which results are delivered exactly once: of two processes with the same, the newer fences the older.',
      defaultText: 'the `name` of the pipeline, `-`, and the `instance`',
      example: 'llm-optimizer-processor-0',
    }),
    after_restore: setting(z.enum(['refuse', 'deliver_again']).default('refuse'), {
      description:
        'What a start does where what was delivered does not fit the state, because a checkpoint was restored or the state was lost: end with an error, or deliver from there on, some results a second time with the same ids.',
    }),
    security: security.optional(),
  }),
  { description: 'Writing to Kafka.' },
);

/** `processor.kafka`: connections to Kafka. */
export const kafkaSchema = setting(z.strictObject({ consumer: consumer.optional(), producer: producer.optional() }), {
  description: 'Connections to Kafka.',
});
