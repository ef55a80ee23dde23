import type { KafkaConfig, KafkaProducerConfig, KafkaSecurity } from '../kafka/kafka-settings.ts';
import type { LoadedConfig } from './config.ts';
import type { Finding } from './finding.ts';
import type { ProcessorConfig } from './schema/processor.ts';

type Consumer = NonNullable<ProcessorConfig['kafka']['consumer']>;
type Producer = NonNullable<ProcessorConfig['kafka']['producer']>;

/** `kafka.consumer`, as the source takes it. */
export function kafkaConsumerOf(consumer: Consumer): KafkaConfig {
  const { group_id: groupId, instance } = consumer;
  return {
    bootstrapServers: consumer.bootstrap_servers,
    topics: consumer.topics,
    ...(groupId === undefined ? {} : { groupId }),
    enableAutoCommit: consumer.enable_auto_commit,
    autoOffsetReset: consumer.auto_offset_reset,
    sessionTimeout: consumer.session_timeout_ms,
    maxPollRecords: consumer.max_poll_records,
    isolationLevel: consumer.isolation_level,
    fetchMaxBytes: consumer.fetch_max_bytes,
    maxWait: consumer.max_wait_ms,
    metadataMaxAge: consumer.metadata_max_age_ms,
    instances: consumer.instances,
    ...(instance === undefined ? {} : { instance }),
    partitionedByKey: consumer.partitioned_by_key,
    ...securityOf(consumer),
  };
}

/** `kafka.producer`, as the sinks take it. */
export function kafkaProducerOf(producer: Producer): KafkaProducerConfig {
  const { transactional_id: transactionalId } = producer;
  return {
    bootstrapServers: producer.bootstrap_servers,
    resultTopic: producer.result_topic,
    compressionType: producer.compression_type,
    acks: producer.acks,
    retries: producer.retries,
    createTopics: producer.create_topics,
    ...(transactionalId === undefined ? {} : { transactionalId }),
    afterRestore: producer.after_restore,
    ...securityOf(producer),
  };
}

function securityOf({ security }: Consumer | Producer): { readonly security?: KafkaSecurity } {
  if (security === undefined) return {};
  const { protocol, ssl, sasl } = security;
  return {
    security: {
      protocol,
      ...(ssl === undefined ? {} : { ssl: definedOf(ssl) }),
      ...(sasl === undefined ? {} : { sasl }),
    },
  };
}

/** Without the keys that are there but undefined. */
function definedOf<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, below]) => below !== undefined)) as never;
}

/** Where dead letters go: to the topic where there is a producer, else to the file. */
export function deadLetterPlaceOf({
  error_handling: handling,
  kafka,
}: ProcessorConfig): { readonly topic: string } | { readonly path: string } {
  return kafka.producer === undefined ? { path: handling.dead_letter_path } : { topic: handling.dead_letter_topic };
}

/** What is right in the configuration, and cannot be run on this host: its name does not say which instance it is. */
export function findingsOfHost(loaded: LoadedConfig): readonly Finding[] {
  const { config, hostname } = loaded;
  const { consumer } = config.kafka;
  if (config.source.type !== 'kafka' || consumer === undefined || consumer.instances === 1) return [];
  const { instance, instances } = consumer;
  if (instance !== undefined && instance < instances) return [];
  const range = `from 0 to ${String(instances - 1)}`;
  const message =
    instance === undefined
      ? `missing; the name of this host, "${hostname}", does not end in the number of an instance, as "processor-0" does; set it, ${range}`
      : `the name of this host, "${hostname}", says that it is instance ${String(instance)}, and there are ${String(instances)}; raise instances, or set instance, ${range}`;
  return [loaded.finding(['kafka', 'consumer', 'instance'], message)];
}
