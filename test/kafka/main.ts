/**
 * A broker for a developer: `npm run kafka -- [--port N] [--data DIR] [--partitions N]`. It has the topics of the
 * example, keeps its data for the next time, and runs until Ctrl-C.
 */
import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Broker, FolderInUse } from './broker.ts';
import { KafkaMissing } from './java.ts';
import { isFree } from './ports.ts';
import { createTopics, withAdmin } from './topics.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const MAX_PORT = 65_535;

/** Who types the command is elsewhere than npm, which runs it in the project's folder. */
const typedIn = process.env['INIT_CWD'] ?? process.cwd();

const USAGE = `Usage: npm run kafka -- [options]

A broker on this machine, with the topics of the example, until Ctrl-C.

Options:
  --port <number>        port on 127.0.0.1; 0 takes any that is free (default: 9092)
  --data <folder>        where its data are kept (default: .cache/kafka of the project)
  --partitions <number>  of each topic with events, where it is made anew (default: 6)
  --help                 say this
`;

class Refusal extends Error {}

interface Options {
  readonly port: number;
  readonly folder: string;
  /** Of each topic with events. */
  readonly partitions: number;
  /** True where only the usage is asked for. */
  readonly help: boolean;
}

function whole(option: string, text: string, [least, most]: readonly [number, number]): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= least && number <= most) return number;
  throw new Refusal(`${option}: ${text} is not a whole number from ${least} to ${most}.`);
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '9092' },
      data: { type: 'string', default: join(ROOT, '.cache', 'kafka') },
      partitions: { type: 'string', default: '6' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    port: whole('--port', values.port, [0, MAX_PORT]),
    folder: resolve(typedIn, values.data),
    partitions: whole('--partitions', values.partitions, [1, 1000]),
    help: values.help,
  };
}

function explain(error: unknown): string {
  if (error instanceof KafkaMissing) return `No broker can be started: ${error.message}.`;
  if (error instanceof FolderInUse) return `${error.message}. End that one, or choose another folder with --data.`;
  return error instanceof Error ? error.message : String(error);
}

/** Makes those of the topics that are not there from an earlier time. */
async function ensureTopics(bootstrapServers: string, topics: readonly string[], partitions: number): Promise<void> {
  const known = await withAdmin(bootstrapServers, (admin) => admin.listTopics());
  const absent = topics.filter((topic) => !known.includes(topic));
  if (absent.length > 0) await createTopics(bootstrapServers, absent, { partitions });
}

async function start({ port, folder, partitions }: Options): Promise<Broker> {
  if (port !== 0 && !(await isFree(port))) {
    throw new Refusal(`Port ${port} of 127.0.0.1 is taken. Choose another with --port, or 0 for any that is free.`);
  }
  mkdirSync(folder, { recursive: true });
  const java = ['-Xmx1g'];
  const broker = await Broker.start(port === 0 ? { folder, java } : { folder, java, port });
  await ensureTopics(broker.bootstrapServers, ['feedback-events', 'performance-metrics'], partitions);
  await ensureTopics(broker.bootstrapServers, ['aggregated-metrics', 'processor-dead-letter'], 1);
  return broker;
}

function greeting(bootstrapServers: string, folder: string): string {
  const place = relative(typedIn, folder);
  return `Kafka is at ${bootstrapServers}, with its data in ${place.startsWith('..') ? folder : place}.

Topics: feedback-events, performance-metrics, aggregated-metrics, processor-dead-letter

Read and write it from another terminal:
  export KAFKA_BOOTSTRAP_SERVERS=${bootstrapServers}
  npm run processor -- --config config/kafka.yaml
  npm run processor -- produce --demo

Ctrl-C ends it.
`;
}

async function serve(options: Options): Promise<void> {
  const broker = await start(options);
  process.stdout.write(greeting(broker.bootstrapServers, options.folder));
  let isAsked = false;
  const stop = (): void => {
    if (isAsked) return;
    isAsked = true;
    process.stdout.write('Stopping.\n');
    void broker.stop().then(() => broker.remove());
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  await broker.ended();
  if (!isAsked) throw new Error(`The broker has ended. The end of its log:\n${broker.logTail()}`);
}

try {
  const options = readOptions();
  if (options.help) process.stdout.write(USAGE);
  else await serve(options);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
