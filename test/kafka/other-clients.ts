import { join } from 'node:path';
import { compileJava, installForChecks, javaClassPath, runProgram, type Outcome } from './java.ts';

/** A record as another client sees it, or writes it; null is a tombstone, or no key. */
export interface ClientRecord {
  readonly key: string | null;
  readonly value: string | null;
}

/** A record where it stands in its topic. */
export interface PlacedRecord extends ClientRecord {
  readonly partition: number;
  readonly offset: number;
}

/** Compressions that every client knows. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** A client for Kafka that is not ours. */
export interface OtherClient {
  readonly name: string;
  /** All committed records of a topic. */
  read(topic: string): Promise<readonly PlacedRecord[]>;
  /** Writes records, each to the partition that its key has by the default of the Java client. */
  write(topic: string, batches: readonly ClientBatch[]): Promise<void>;
}

/** Records that are compressed in the same way. */
export interface ClientBatch {
  readonly compression: (typeof COMPRESSIONS)[number];
  readonly records: readonly ClientRecord[];
}

const INTEROP = join(import.meta.dirname, 'java', 'Interop.java');
const LOGGING = `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'log4j2.properties')}`;

function outputOf({ code, stdout, stderr }: Outcome): string {
  if (code !== 0) throw new Error(`${stdout}${stderr}`);
  return stdout;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** What a Java producer is told, in this order. */
export type JavaStep = ClientRecord | 'begin' | 'commit' | 'abort' | `compression ${string}`;

/** The Java client. */
export class JavaClient implements OtherClient {
  readonly name = 'the Java client';
  readonly #classPath: string;
  readonly #bootstrapServers: string;

  private constructor(classPath: string, bootstrapServers: string) {
    this.#classPath = classPath;
    this.#bootstrapServers = bootstrapServers;
  }

  /** Compiles what it needs, the first time. */
  static async at(bootstrapServers: string): Promise<JavaClient> {
    return new JavaClient(await compileJava(INTEROP, await javaClassPath()), bootstrapServers);
  }

  async #run(command: string, args: readonly string[], input: string): Promise<string> {
    const options = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', LOGGING, '-cp', this.#classPath];
    const all = [...options, 'Interop', command, this.#bootstrapServers, ...args];
    return outputOf(await runProgram('java', all, { input }));
  }

  async read(topic: string): Promise<readonly PlacedRecord[]> {
    return linesOf(await this.#run('read', [topic], '')).map((line) => {
      const [partition, offset, , key = '-', value = '-'] = line.split(' ');
      return { partition: Number(partition), offset: Number(offset), key: decode(key), value: decode(value) };
    });
  }

  async write(topic: string, batches: readonly ClientBatch[]): Promise<void> {
    const steps = batches.flatMap(({ compression, records }) => [`compression ${compression}` as const, ...records]);
    await this.produce(topic, steps);
  }

  /** Does what it is told. @returns where each record was written. */
  async produce(
    topic: string,
    steps: readonly JavaStep[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<readonly { readonly partition: number; readonly offset: number }[]> {
    const input = steps.map((step) =>
      typeof step === 'string' ? step : `send ${encode(step.key)} ${encode(step.value)}`,
    );
    const args = [topic, ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)];
    const output = await this.#run('write', args, `${input.join('\n')}\n`);
    return linesOf(output).map((line) => {
      const [partition, offset] = line.split(' ').map(Number);
      return { partition: partition ?? -1, offset: offset ?? -1 };
    });
  }
}

function encode(text: string | null): string {
  return text === null ? '-' : `=${Buffer.from(text).toString('base64')}`;
}

function decode(text: string): string | null {
  return text === '-' ? null : Buffer.from(text.slice(1), 'base64').toString();
}

/** What a line of `kcat -J` has. */
interface KcatLine {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly payload: string | null;
}

/** kcat, and with it librdkafka. */
export class Kcat implements OtherClient {
  readonly name = 'kcat';
  readonly #bootstrapServers: string;

  constructor(bootstrapServers: string) {
    this.#bootstrapServers = bootstrapServers;
  }

  /** Why it cannot be used, in one line; undefined if it can. Installed where only the checks are run. */
  static async whatIsMissing(): Promise<string | undefined> {
    const isThere = async (): Promise<boolean> => (await runProgram('kcat', ['-V'])).code === 0;
    if ((await isThere()) || ((await installForChecks(['kcat'])) && (await isThere()))) return undefined;
    if (process.env['CI'] === 'true') throw new Error('kcat is not installed, and could not be installed');
    return 'kcat is not installed';
  }

  async read(topic: string): Promise<readonly PlacedRecord[]> {
    const args = ['-b', this.#bootstrapServers, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-J'];
    const lines = linesOf(outputOf(await runProgram('kcat', [...args, '-X', 'isolation.level=read_committed'])));
    return lines.map((line) => {
      const { partition, offset, key, payload } = JSON.parse(line) as KcatLine;
      return { partition, offset, key, value: payload };
    });
  }

  async write(topic: string, batches: readonly ClientBatch[]): Promise<void> {
    for (const batch of batches) await this.#write(topic, batch);
  }

  async #write(topic: string, { compression, records }: ClientBatch): Promise<void> {
    // Its own default for partitions is another hash.
    const settings = ['-X', `compression.codec=${compression}`, '-X', 'topic.partitioner=murmur2_random'];
    const args = ['-b', this.#bootstrapServers, '-P', '-t', topic, '-K', '\t', ...settings];
    const input = records.map(({ key, value }) => `${key ?? ''}\t${value ?? ''}\n`).join('');
    outputOf(await runProgram('kcat', args, { input }));
  }
}
