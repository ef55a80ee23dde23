import {
  defaultConfig,
  loadConfig,
  parseConfig,
  type ConfigOptions,
  type ConfigOverride,
  type LoadedConfig,
} from '../../config/config.ts';
import { kafkaConsumerOf } from '../../config/kafka-of-config.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import { parseFieldPath, type FieldPath } from '../../event/field-path.ts';
import type { KafkaConnectionSettings } from '../../kafka/kafka-settings.ts';
import { parseDuration } from '../../time/duration.ts';
import type { Millis } from '../../time/instant.ts';
import type { CliIo } from '../cli-io.ts';
import { UsageError } from '../exit-code.ts';
import type { Compression, ProduceOptions } from './produce-program.ts';

/** Which events are sent: those of files, or made-up ones. */
export type ProducedEvents =
  | { readonly type: 'input'; readonly paths: readonly string[] }
  | { readonly type: 'demo'; readonly seed: number; readonly keys: number; readonly spanMs: Millis };

/** What is to be sent where, and how fast. */
export interface ProduceSettings {
  readonly loaded: LoadedConfig;
  readonly connection: KafkaConnectionSettings;
  /** Events are dealt out among them in turn. */
  readonly topics: readonly string[];
  readonly events: ProducedEvents;
  readonly key: readonly FieldPath[];
  /** Events after which it is over; `Infinity` for all there are. */
  readonly count: number;
  /** Events a second; undefined for as fast as it goes. */
  readonly rate: number | undefined;
  readonly compression: Compression;
  readonly createTopics: boolean;
}

const DEFAULT_COUNT = 100_000;
const DEFAULT_SPAN = '1h';

/**
 * What the options ask for, over the configuration if there is one.
 * @throws UsageError for options that say too little or do not go together; ProcessorError CONFIG_INVALID, CONFIG_UNREADABLE.
 */
export async function produceSettingsOf(
  options: ProduceOptions,
  { environment }: Pick<CliIo, 'environment'>,
  example: () => Promise<string>,
): Promise<ProduceSettings> {
  const events = eventsOf(options);
  const rate = options.rate === undefined ? undefined : numberOf('--rate', options.rate, 0.001, 10_000_000);
  const isEndless = events.type === 'input' || rate !== undefined;
  const loaded = await configOf(options, { environment, overrides: overridesOf(options) }, example);
  const { consumer } = loaded.config.kafka;
  if (consumer === undefined) throw nowhere(options.config);
  if (events.type === 'input' && consumer.topics.length > 1) {
    throw new UsageError(
      `--input: there are several topics (${consumer.topics.join(', ')}); say which: --topic ${consumer.topics[0] ?? ''}`,
    );
  }
  const connection = kafkaConsumerOf(consumer);
  return {
    loaded,
    connection: {
      bootstrapServers: connection.bootstrapServers,
      ...(connection.security === undefined ? {} : { security: connection.security }),
    },
    topics: consumer.topics,
    events,
    key: keyOf(options, loaded),
    count: options.count === undefined ? (isEndless ? Infinity : DEFAULT_COUNT) : wholeOf('--count', options.count, 1),
    rate,
    compression: options.compression ?? 'lz4',
    createTopics: options.createTopics === true,
  };
}

/** Without a configuration made-up events go where the example reads them. */
async function configOf(
  { config, demo }: ProduceOptions,
  settings: ConfigOptions,
  example: () => Promise<string>,
): Promise<LoadedConfig> {
  if (config !== undefined) return loadConfig(config, settings);
  return demo === true ? parseConfig(await example(), { ...settings, file: 'kafka.yaml' }) : defaultConfig(settings);
}

function eventsOf({ demo, input, seed, keys, span, rate }: ProduceOptions): ProducedEvents {
  if (demo === true && input !== undefined) throw new UsageError('--input: not together with --demo');
  if (input !== undefined) {
    const made = Object.entries({ seed, keys, span }).find(([, value]) => value !== undefined);
    if (made !== undefined) throw new UsageError(`--${made[0]}: only for events that are made up, with --demo`);
    if (input.includes('-') && input.length > 1) {
      throw new UsageError('--input: standard input (-) cannot be read together with files');
    }
    return { type: 'input', paths: input };
  }
  if (demo !== true) throw new UsageError('say what to send: --demo, or --input FILE; "-" is standard input');
  if (span !== undefined && rate !== undefined) {
    throw new UsageError('--span: not together with --rate; events that are sent at a rate are of now');
  }
  return {
    type: 'demo',
    seed: wholeOf('--seed', seed ?? '42', 0, 4_294_967_295),
    keys: wholeOf('--keys', keys ?? '20', 1, 1_000_000),
    spanMs: spanOf(span ?? DEFAULT_SPAN),
  };
}

function overridesOf({ bootstrapServers, topic }: ProduceOptions): readonly ConfigOverride[] {
  const path = ['kafka', 'consumer'];
  return [
    ...(bootstrapServers === undefined
      ? []
      : [{ option: '--bootstrap-servers', path: [...path, 'bootstrap_servers'], value: bootstrapServers }]),
    ...(topic === undefined ? [] : [{ option: '--topic', path: [...path, 'topics'], value: topic }]),
  ];
}

/** The key that is asked for, or that of the configuration. */
function keyOf({ key }: ProduceOptions, { config }: LoadedConfig): readonly FieldPath[] {
  if (key === undefined) return config.event.key;
  for (const path of key) {
    try {
      parseFieldPath(path);
    } catch (error) {
      if (!ProcessorError.is(error)) throw error;
      throw new UsageError(`--key: ${error.message}`);
    }
  }
  return key;
}

function nowhere(file: string | undefined): UsageError {
  const words = '--bootstrap-servers localhost:9092 --topic NAME';
  return new UsageError(
    file === undefined
      ? `say where to: --config FILE, or ${words}`
      : `${file} has no section kafka.consumer that would say where to; there is also ${words}`,
  );
}

function wholeOf(option: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const number = numberOf(option, text, least, most);
  if (!Number.isInteger(number)) throw new UsageError(`${option}: ${text} is not a whole number`);
  return number;
}

function numberOf(option: string, text: string, least: number, most: number): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (number >= least && number <= most) return number;
  const range =
    most === Number.MAX_SAFE_INTEGER ? `from ${String(least)} up` : `from ${String(least)} to ${String(most)}`;
  throw new UsageError(`${option}: ${JSON.stringify(text)} is not a number ${range}`);
}

function spanOf(text: string): Millis {
  try {
    const spanMs = parseDuration(text);
    if (spanMs > 0) return spanMs;
  } catch (error) {
    if (!ProcessorError.is(error)) throw error;
  }
  throw new UsageError(`--span: ${JSON.stringify(text)} is not a duration; write 30s, 5m, 1h30m or 500ms`);
}
