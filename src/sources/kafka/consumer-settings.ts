import { ProcessorError } from '../../errors/processor-error.ts';
import type { KafkaConfig } from '../../kafka/kafka-settings.ts';
import { parseDuration } from '../../time/duration.ts';
import type { Millis } from '../../time/instant.ts';

/** Bytes that a broker is asked for of one partition at a time, at most, and at least however many partitions there are. */
const PARTITION_BYTES = 1_048_576;
const LEAST_PARTITION_BYTES = 16_384;

/** A {@link KafkaConfig} that has been checked, with its defaults. */
export interface ConsumerSettings {
  readonly topics: readonly string[];
  /** Undefined: the name of the pipeline. */
  readonly groupId: string | undefined;
  readonly enableAutoCommit: boolean;
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
  readonly sessionTimeoutMs: Millis;
  readonly maxPollRecords: number;
  readonly isReadCommitted: boolean;
  readonly fetchMaxBytes: number;
  readonly maxWaitMs: Millis;
  /** How often topics are looked up anew though nothing asks for it. */
  readonly metadataMaxAgeMs: Millis;
  readonly instances: number;
  readonly instance: number;
  readonly partitionedByKey: boolean;
}

/** Topic names as Kafka takes them. */
const TOPIC = /^(?!\.{1,2}$)[\w.-]{1,249}$/;

/** @throws ProcessorError CONFIG_INVALID. */
export function consumerSettings(config: KafkaConfig): ConsumerSettings {
  const { autoOffsetReset = 'earliest', isolationLevel = 'read_committed', partitionedByKey = false } = config;
  const { instances = 1, maxPollRecords = 500, fetchMaxBytes = 52_428_800, groupId } = config;
  const topics = [...new Set(config.topics)];
  if (topics.length === 0) throw invalid('topics', 'at least one topic', 'none');
  for (const topic of topics) {
    if (!TOPIC.test(topic)) throw invalid('topics', 'letters, digits, ".", "_" and "-", at most 249', `"${topic}"`);
  }
  if (groupId === '') throw invalid('groupId', 'a name', '""');
  oneOf('autoOffsetReset', autoOffsetReset, ['earliest', 'latest', 'none']);
  oneOf('isolationLevel', isolationLevel, ['read_committed', 'read_uncommitted']);
  whole('maxPollRecords', maxPollRecords, 1, 1_000_000);
  whole('fetchMaxBytes', fetchMaxBytes, 1024, 1_073_741_824);
  whole('instances', instances, 1, 10_000);
  const sessionTimeoutMs = parseDuration(config.sessionTimeout ?? 30_000, 'sessionTimeout');
  const maxWaitMs = parseDuration(config.maxWait ?? 500, 'maxWait');
  whole('maxWait', maxWaitMs, 0, 300_000);
  const metadataMaxAgeMs = parseDuration(config.metadataMaxAge ?? 30_000, 'metadataMaxAge');
  whole('metadataMaxAge', metadataMaxAgeMs, 100, 86_400_000);
  if (sessionTimeoutMs <= maxWaitMs) {
    const found = `${sessionTimeoutMs} ms`;
    throw invalid('sessionTimeout', `more than maxWait (${maxWaitMs} ms), for which a broker is silent anyway`, found);
  }
  return {
    topics,
    groupId,
    enableAutoCommit: config.enableAutoCommit ?? false,
    autoOffsetReset,
    sessionTimeoutMs,
    maxPollRecords,
    isReadCommitted: isolationLevel === 'read_committed',
    fetchMaxBytes,
    maxWaitMs,
    metadataMaxAgeMs,
    instances,
    instance: instanceFor(config, instances, partitionedByKey),
    partitionedByKey,
  };
}

/** How much of one partition is fetched at a time, so that all of them together stay within what is allowed. */
export function partitionBytes(settings: ConsumerSettings, partitions: number): number {
  const share = Math.floor(settings.fetchMaxBytes / Math.max(1, partitions));
  return Math.min(PARTITION_BYTES, Math.max(LEAST_PARTITION_BYTES, share), settings.fetchMaxBytes);
}

function instanceFor({ instance }: KafkaConfig, instances: number, partitionedByKey: boolean): number {
  if (instances > 1 && !partitionedByKey) {
    const why =
      'only true is possible for several instances: each sees only its own partitions, so a key with events in others would get several results for a window. Give the events of a key the same key in Kafka, and say so with partitionedByKey';
    throw invalid('partitionedByKey', why, 'false');
  }
  if (instance === undefined && instances > 1) {
    throw invalid('instance', `which of the ${instances} instances this one is, from 0`, 'none');
  }
  const own = instance ?? 0;
  whole('instance', own, 0, instances - 1);
  return own;
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw invalid(name, `one of ${allowed.join(', ')}`, `"${value}"`);
}

function whole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw invalid(name, `a whole number from ${least} to ${most}`, String(value));
}

function invalid(name: string, expected: string, found: string): ProcessorError {
  const message = `${name}: expected ${expected}; found ${found}`;
  return new ProcessorError('configuration', 'CONFIG_INVALID', message, { path: name });
}
