import { createReadStream } from 'node:fs';
import * as os from 'node:os';
import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { check } from './check.ts';
import { effectiveEntries, maskedConfig, type ConfigEntry } from './effective.ts';
import { layEnvironmentOver } from './environment.ts';
import { configurationError, type Finding } from './finding.ts';
import type { Environment } from './interpolation.ts';
import { ordinalOf } from './host-ordinal.ts';
import { layOver, placeOf, takeAway, type ConfigPath, type Located, type LocatedMap } from './located.ts';
import type { CheckedConfig, ProcessorConfig } from './schema/processor.ts';
import { MAX_CONFIG_BYTES, readYamlTree } from './yaml-tree.ts';

type CheckedConsumer = NonNullable<CheckedConfig['kafka']['consumer']>;

/** A key set from the command line; wins over the file and the environment. */
export interface ConfigOverride {
  /** Keys below `processor`: `['windows', 'tumbling', 'size_secs']`. */
  readonly path: readonly string[];
  /** The value, or text that is read by the key's type; undefined takes away what a lower layer has set. */
  readonly value: unknown;
  /** The option as it was typed, for messages: `--window`. */
  readonly option: string;
}

/** What a configuration is read with. */
export interface ConfigOptions {
  /** Variables for `PROCESSOR_…` and `${NAME}`, such as `process.env`. Default: none. */
  readonly environment?: Environment;
  readonly overrides?: readonly ConfigOverride[];
  /** The default of `parallelism`. Default: the number of cores. */
  readonly cores?: number;
  /** Name of this host; the number at its end is the default of `kafka.consumer.instance`. Default: that of the system. */
  readonly hostname?: string;
}

/** A complete configuration, with where each value comes from. As JSON, and in a log, its secrets are masked. */
export class LoadedConfig {
  /** The file it was read from; null if there was none. */
  readonly file: string | null;
  readonly config: ProcessorConfig;
  /** Name of the host that it is completed for. */
  readonly hostname: string;
  readonly #root: LocatedMap;

  constructor(file: string | null, config: ProcessorConfig, hostname: string, root: LocatedMap) {
    this.file = file;
    this.config = config;
    this.hostname = hostname;
    this.#root = root;
  }

  /** Every key with its value, secrets masked, and where that comes from; in the order of the reference page. */
  entries(): readonly ConfigEntry[] {
    return effectiveEntries(this.config, this.#root);
  }

  /** True if the file, the environment or the command line sets a key; the path is below `processor`. */
  isGiven(path: ConfigPath): boolean {
    return placeOf(this.#root, ['processor', ...path]).node !== undefined;
  }

  toJSON(): unknown {
    return maskedConfig(this.entries());
  }

  /** What `console.log` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return this.toJSON();
  }

  /** A finding about a key that is right in itself but cannot be used; `path` is below `processor`. */
  finding(path: ConfigPath, message: string): Finding {
    const full = ['processor', ...path];
    const { node, keyAt } = placeOf(this.#root, full);
    return { origin: node?.origin ?? keyAt, path: full, message };
  }
}

/**
 * Reads a YAML file, lays `PROCESSOR_…` variables and overrides over it, and checks the whole.
 * @throws ProcessorError CONFIG_UNREADABLE if the file cannot be read or is not YAML, CONFIG_INVALID for everything
 * else, with all errors in its message, one a line: `processor.yaml:12:5 processor.windows.size: unknown key; …`.
 */
export async function loadConfig(path: string, options: ConfigOptions = {}): Promise<LoadedConfig> {
  return parseConfig(await readText(path), { ...options, file: path });
}

/** Like {@link loadConfig}, of text. `file` is the name that messages give it. */
export function parseConfig(yaml: string, options: ConfigOptions & { readonly file?: string } = {}): LoadedConfig {
  const { file = 'processor.yaml', environment = {} } = options;
  const tree = readYamlTree(yaml, file, environment);
  if (tree.unreadable) throw configurationError(tree.findings, 'CONFIG_UNREADABLE');
  return complete(options.file ?? null, tree.root, tree.findings, options);
}

/** A configuration without a file: defaults, environment and overrides. @throws ProcessorError CONFIG_INVALID. */
export function defaultConfig(options: ConfigOptions = {}): LoadedConfig {
  const origin = { type: 'default' } as const;
  const processor: Located = { kind: 'map', origin, entries: new Map() };
  const root: LocatedMap = { kind: 'map', origin, entries: new Map([['processor', { at: origin, value: processor }]]) };
  return complete(null, root, [], options);
}

function complete(
  file: string | null,
  root: LocatedMap,
  found: readonly Finding[],
  options: ConfigOptions,
): LoadedConfig {
  const unknown = layEnvironmentOver(root, options.environment ?? {});
  for (const { path, value, option } of options.overrides ?? []) {
    if (value === undefined) takeAway(root, ['processor', ...path]);
    else layOver(root, ['processor', ...path], locatedOverride(value, option));
  }
  const checked = check(root, [...found, ...unknown]);
  if (checked.config === undefined) throw configurationError(checked.findings);
  const { cores = os.availableParallelism(), hostname: host = os.hostname() } = options;
  return new LoadedConfig(file, withDerivedDefaults(checked.config, cores, host), host, root);
}

function locatedOverride(value: unknown, option: string): Located {
  const origin = { type: 'command-line', option } as const;
  if (Array.isArray(value)) {
    return { kind: 'list', origin, items: value.map((item: unknown) => locatedOverride(item, option)) };
  }
  if (typeof value === 'object' && value !== null) {
    const entries: LocatedMap['entries'] = new Map();
    for (const [key, below] of value instanceof Map ? value : Object.entries(value)) {
      entries.set(String(key), { at: origin, value: locatedOverride(below, option) });
    }
    return { kind: 'map', origin, entries };
  }
  return { kind: 'scalar', origin, value, fromText: typeof value === 'string', concealed: false };
}

/** Fills in the defaults that depend on other keys or on the machine. */
function withDerivedDefaults(config: CheckedConfig, cores: number, host: string): ProcessorConfig {
  const { consumer, producer } = config.kafka;
  const fallback =
    producer === undefined ? ({ type: 'console', format: 'table' } as const) : ({ type: 'kafka' } as const);
  return {
    ...config,
    parallelism: config.parallelism ?? cores,
    source: completeSource(config.source, consumer === undefined ? 'demo' : 'kafka'),
    sinks: config.sinks ?? [fallback],
    kafka:
      consumer === undefined ? config.kafka : { ...config.kafka, consumer: completeConsumer(consumer, config, host) },
  };
}

function completeConsumer(consumer: CheckedConsumer, { name }: CheckedConfig, host: string): CheckedConsumer {
  const instance = consumer.instance ?? (consumer.instances === 1 ? 0 : ordinalOf(host));
  return { ...consumer, group_id: consumer.group_id ?? name, ...(instance === undefined ? {} : { instance }) };
}

function completeSource(source: CheckedConfig['source'], fallback: 'demo' | 'kafka'): ProcessorConfig['source'] {
  const { type = fallback, format = type === 'file' ? undefined : 'ndjson' } = source;
  return { ...source, type, ...(format === undefined ? {} : { format }) };
}

async function readText(path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    // One byte more than allowed, and never the whole of something endless.
    for await (const chunk of createReadStream(path, { end: MAX_CONFIG_BYTES })) chunks.push(chunk as Uint8Array);
  } catch (error) {
    throw unreadable(path, reasonOf(error), error);
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length > MAX_CONFIG_BYTES) throw unreadable(path, 'is too large; a configuration has at most 1 MiB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw unreadable(path, 'is not UTF-8 text; a configuration is a YAML file', error);
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'does not exist; check the path, or let "processor init" write one';
  if (code === 'EISDIR') return 'is a folder; name the file in it';
  if (code === 'EACCES' || code === 'EPERM')
    return 'may not be read by this user; give it the right to, or name another file';
  return `cannot be read: ${messageOf(error)}`;
}

function unreadable(path: string, reason: string, cause?: unknown): ProcessorError<'configuration'> {
  const message = `the configuration file ${path} ${reason}`;
  return new ProcessorError('configuration', 'CONFIG_UNREADABLE', message, cause === undefined ? {} : { cause });
}
