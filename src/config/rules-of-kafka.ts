import type { ConfigPath } from './located.ts';
import type { Rule, RuleContext, Violation } from './rules.ts';
import { repeatedIn } from './repeated.ts';
import type { CheckedConfig } from './schema/processor.ts';

type Consumer = NonNullable<CheckedConfig['kafka']['consumer']>;
type Security = NonNullable<Consumer['security']>;

const CONSUMER = ['kafka', 'consumer'] as const;
const PRODUCER = ['kafka', 'producer'] as const;

/** Rules of `kafka`, and of what needs it. */
export const kafkaRules: readonly Rule[] = [
  {
    reads: [['source', 'type'], CONSUMER],
    violations: ({ config: { source, kafka } }) =>
      source.type !== 'kafka' || kafka.consumer !== undefined
        ? []
        : [
            {
              path: ['source', 'type'],
              message: 'a source of type kafka needs the section kafka.consumer, with bootstrap_servers and topics',
            },
          ],
  },
  {
    reads: [['source'], CONSUMER],
    violations: ({ config: { source, kafka }, show }) =>
      !readsKafka({ source, kafka }) || source.format === undefined || source.format === 'ndjson'
        ? []
        : [
            {
              path: ['source', 'format'],
              message: `not with a source of type kafka, found ${show(source.format, 'source', 'format')}; each record there is one JSON object`,
            },
          ],
  },
  {
    reads: [['sinks'], PRODUCER],
    violations: ({ config: { sinks, kafka } }) =>
      kafka.producer !== undefined
        ? []
        : (sinks ?? []).flatMap(({ type }, index) =>
            type !== 'kafka'
              ? []
              : [
                  {
                    path: ['sinks', index, 'type'],
                    message:
                      'a sink of type kafka needs the section kafka.producer, with bootstrap_servers and result_topic',
                  },
                ],
          ),
  },
  {
    reads: [['late_events'], PRODUCER],
    violations: ({ config: { late_events: late, kafka } }) =>
      late.topic === null || kafka.producer !== undefined
        ? []
        : [
            {
              path: ['late_events', 'topic'],
              message: 'a topic needs the section kafka.producer; without Kafka set late_events.path',
            },
          ],
  },
  { reads: [CONSUMER], violations: impatientSession },
  { reads: [CONSUMER], violations: ({ config: { kafka }, show }) => repeatedTopics(kafka.consumer, show) },
  { reads: [['kafka'], ['late_events'], ['error_handling'], ['sinks'], ['source']], violations: sharedTopics },
  {
    reads: [
      ['kafka', 'consumer', 'instances'],
      ['kafka', 'consumer', 'instance'],
    ],
    violations: instanceOutOfRange,
  },
  { reads: [CONSUMER, ['event', 'key']], violations: dividedGroups },
  ...[CONSUMER, PRODUCER].map(([kafka, side]): Rule => {
    const path = [kafka, side, 'security'];
    return { reads: [path], violations: ({ config }) => insecure(config.kafka[side]?.security, path) };
  }),
];

/** True if events come from Kafka, by choice or by default. */
function readsKafka({ source, kafka }: Pick<CheckedConfig, 'source' | 'kafka'>): boolean {
  return source.type === 'kafka' || (source.type === undefined && kafka.consumer !== undefined);
}

/** True if results go to Kafka, by choice or by default. */
function writesResults({ sinks, kafka }: CheckedConfig): boolean {
  return kafka.producer !== undefined && (sinks ?? [{ type: 'kafka' }]).some(({ type }) => type === 'kafka');
}

function repeatedTopics(consumer: Consumer | undefined, show: RuleContext['show']): readonly Violation[] {
  return repeatedIn(consumer?.topics ?? []).map(({ index, name }) => {
    const path = [...CONSUMER, 'topics', index];
    return { path, message: `the topic ${show(name, ...path)} is there twice` };
  });
}

/** What is written to a topic that is read would come back as events; and results are not to be mixed with other things. */
function sharedTopics({ config, show }: RuleContext): readonly Violation[] {
  const { kafka, late_events: late, error_handling: handling } = config;
  if (kafka.producer === undefined) return [];
  const violations: Violation[] = [];
  const isRead = readsKafka(config) && sameCluster(kafka.consumer, kafka.producer);
  const owners = new Map(
    (isRead ? (kafka.consumer?.topics ?? []) : []).map((topic) => [topic, 'kafka.consumer.topics']),
  );
  const refuseOwned = (path: ConfigPath, topic: string): void => {
    const owner = owners.get(topic);
    if (owner === undefined) return;
    violations.push({ path, message: `expected a topic of its own, found that of ${owner}: ${show(topic, ...path)}` });
  };
  if (writesResults(config)) {
    refuseOwned([...PRODUCER, 'result_topic'], kafka.producer.result_topic);
    owners.set(kafka.producer.result_topic, 'kafka.producer.result_topic');
  }
  refuseOwned(['error_handling', 'dead_letter_topic'], handling.dead_letter_topic);
  if (late.topic !== null) refuseOwned(['late_events', 'topic'], late.topic);
  return violations;
}

/** Whether both name a broker of the same cluster, as far as the names tell. */
function sameCluster(a: { readonly bootstrap_servers: string } | undefined, b: { readonly bootstrap_servers: string }) {
  const serversOf = (text: string): readonly string[] => text.split(',').map((server) => server.trim());
  const others = new Set(serversOf(b.bootstrap_servers));
  return a !== undefined && serversOf(a.bootstrap_servers).some((server) => others.has(server));
}

/** A broker that waits for data says nothing for so long. */
function impatientSession({ config: { kafka }, show }: RuleContext): readonly Violation[] {
  if (kafka.consumer === undefined) return [];
  const { session_timeout_ms: timeout, max_wait_ms: wait } = kafka.consumer;
  if (timeout > wait) return [];
  const path = [...CONSUMER, 'session_timeout_ms'];
  const least = show(wait, ...CONSUMER, 'max_wait_ms');
  return [{ path, message: `expected more than max_wait_ms (${least}), found ${show(timeout, ...path)}` }];
}

function instanceOutOfRange({ config: { kafka }, show }: RuleContext): readonly Violation[] {
  const { instance = 0, instances } = kafka.consumer ?? { instances: 1 };
  if (instance < instances) return [];
  const path = [...CONSUMER, 'instance'];
  const limit = show(instances, ...CONSUMER, 'instances');
  const found = show(instance, ...path);
  return [{ path, message: `expected less than instances (${limit}), found ${found}; the first is 0` }];
}

/** Several instances would each have a part of a group, and each give a result for it. */
function dividedGroups({ config: { kafka, event }, show }: RuleContext): readonly Violation[] {
  const { instances, partitioned_by_key: isPartitioned } = kafka.consumer ?? { instances: 1 };
  if (instances === 1) return [];
  const path = [...CONSUMER, 'instances'];
  const several = `${show(instances, ...path)} instances have some of the partitions each`;
  if (event.key.length === 0) {
    const message = `${several}, and without event.key all events are one group, of which each would see a part; set event.key, or instances: 1`;
    return [{ path, message }];
  }
  if (isPartitioned === true) return [];
  const message =
    `${several}; a group whose events stand in partitions of several of them would get as many results, each of a part. ` +
    'Produce events with their grouping key as the key of the record and set partitioned_by_key: true, or set instances: 1';
  return [{ path, message }];
}

function insecure(security: Security | undefined, path: readonly string[]): readonly Violation[] {
  if (security === undefined) return [];
  const { protocol, sasl, ssl } = security;
  const violations: Violation[] = [];
  const refuse = (key: string, message: string): void => void violations.push({ path: [...path, key], message });
  const usesSasl = protocol.startsWith('SASL');
  const usesTls = protocol.endsWith('SSL');
  if (usesSasl && sasl === undefined) {
    refuse('sasl', `missing; protocol ${protocol} needs sasl.username and sasl.password`);
  }
  if (!usesSasl && sasl !== undefined) {
    refuse(
      'sasl',
      `not with protocol ${protocol}; set protocol: ${usesTls ? 'SASL_SSL' : 'SASL_SSL, or SASL_PLAINTEXT'}`,
    );
  }
  if (usesSasl && !usesTls && sasl?.mechanism === 'PLAIN') {
    const advice = 'set protocol: SASL_SSL, or mechanism: SCRAM-SHA-512';
    violations.push({
      path: [...path, 'sasl', 'mechanism'],
      message: `not PLAIN without TLS, for it sends the password as it is; ${advice}`,
    });
  }
  if (!usesTls && ssl !== undefined) {
    refuse('ssl', `not with protocol ${protocol}; set protocol: ${usesSasl ? 'SASL_SSL' : 'SSL or SASL_SSL'}`);
  }
  if ((ssl?.cert === undefined) !== (ssl?.key === undefined)) {
    refuse('ssl', 'a client certificate needs both cert and key');
  }
  return violations;
}
