import { ProcessorError } from '../../errors/processor-error.ts';
import { parseBrokerAddresses } from '../../kafka/broker-address.ts';
import type { KafkaConnectionSettings, KafkaProducerConfig } from '../../kafka/kafka-settings.ts';
import { CODEC_NAMES } from '../../kafka/records/batch-codec.ts';

/** A {@link KafkaProducerConfig} that has been checked, with its defaults. */
export interface ProducerSettings {
  readonly connection: KafkaConnectionSettings;
  readonly compressionType: (typeof CODEC_NAMES)[number];
  readonly acks: -1 | 0 | 1;
  readonly retries: number;
  readonly createTopics: boolean;
  readonly transactionalId: string | undefined;
  readonly afterRestore: 'refuse' | 'deliver_again';
}

/** Topic names as Kafka takes them. */
const TOPIC = /^(?!\.{1,2}$)[\w.-]{1,249}$/;

/** @throws ProcessorError CONFIG_INVALID. */
export function producerSettings(config: Omit<KafkaProducerConfig, 'resultTopic'>): ProducerSettings {
  const { compressionType = 'lz4', acks = 'all', retries = 3, createTopics = false, transactionalId } = config;
  const { afterRestore = 'refuse' } = config;
  parseBrokerAddresses(config.bootstrapServers);
  oneOf('compressionType', compressionType, CODEC_NAMES);
  oneOf('acks', acks, ['all', -1, 0, 1]);
  oneOf('afterRestore', afterRestore, ['refuse', 'deliver_again']);
  if (!Number.isInteger(retries) || retries < 0 || retries > 1000) {
    throw invalid('retries', 'a whole number from 0 to 1000', String(retries));
  }
  if (transactionalId === '') throw invalid('transactionalId', 'a name', '""');
  return {
    connection: config,
    compressionType,
    acks: acks === 'all' ? -1 : acks,
    retries,
    createTopics,
    transactionalId,
    afterRestore,
  };
}

/** @throws ProcessorError CONFIG_INVALID for what cannot be the name of a topic. `option`: where it was given. */
export function checkTopic(option: string, topic: string): void {
  if (typeof topic === 'string' && TOPIC.test(topic)) return;
  throw invalid(option, 'letters, digits, ".", "_" and "-", at most 249', JSON.stringify(topic));
}

function oneOf(option: string, value: unknown, allowed: readonly unknown[]): void {
  if (!allowed.includes(value)) throw invalid(option, `one of ${allowed.join(', ')}`, JSON.stringify(value));
}

function invalid(option: string, expected: string, found: string): ProcessorError {
  const message = `${option}: expected ${expected}; found ${found}`;
  return new ProcessorError('configuration', 'CONFIG_INVALID', message, { path: option });
}
