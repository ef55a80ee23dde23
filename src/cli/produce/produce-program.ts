import { Option, type Command } from 'commander';
import { collect, collectList } from '../collect.ts';
import { examples } from '../help-examples.ts';

/** The options of `produce`, as commander hands them over. */
export interface ProduceOptions {
  readonly demo?: boolean;
  readonly input?: readonly string[];
  readonly config?: string;
  readonly bootstrapServers?: string;
  readonly topic?: readonly string[];
  readonly key?: readonly string[];
  readonly count?: string;
  readonly rate?: string;
  readonly span?: string;
  readonly seed?: string;
  readonly keys?: string;
  readonly compression?: Compression;
  readonly createTopics?: boolean;
  readonly debug?: boolean;
}

/** What may be done to what is sent, by name. */
export type Compression = (typeof COMPRESSIONS)[number];

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** What the command does; resolves with an exit code. */
export interface ProduceCommand {
  produce(options: ProduceOptions): Promise<number>;
}

/** Adds `produce`. `done` is given its exit code. */
export function addProduce(program: Command, commands: ProduceCommand, done: (code: number) => void): void {
  program
    .command('produce')
    .description('send events to Kafka: made-up ones, or those of a file')
    .option('--demo', 'made-up traffic of language models')
    .option('-i, --input <path>', 'JSON file or pattern to send, "-" for standard input; repeatable', collect)
    .option(
      '-c, --config <file>',
      'the configuration whose kafka.consumer says where to\n(default for --demo: the example config/kafka.yaml)',
    )
    .option('-b, --bootstrap-servers <list>', 'brokers, in place of those of the configuration')
    .option('-t, --topic <name>', 'in place of the topics of the configuration; repeatable', collectList)
    .option('-k, --key <fields>', 'fields of the key of each record (default: event.key)', collectList)
    .option('-n, --count <number>', 'stop after so many events\n(default for --demo without --rate: 100000)')
    .option('-r, --rate <number>', 'events a second (default: as fast as it goes)')
    .option(
      '--span <duration>',
      'time up to now over which made-up events are spread\n(default: 1h; with --rate they are of now)',
    )
    .option('--seed <number>', 'another seed, other made-up events (default: 42)')
    .option('--keys <number>', 'how many keys made-up events have (default: 20)')
    .addOption(new Option('--compression <type>', 'of what is sent (default: lz4)').choices(COMPRESSIONS))
    .option('--create-topics', 'create the topics that do not exist')
    .option('--debug', 'log everything, show stacks of errors')
    .addHelpText(
      'after',
      examples([
        ['processor produce --demo', 'an hour of traffic to the broker of the example, 100,000 events'],
        ['processor produce --demo --rate 500 --config processor.yaml', 'from now on, until Ctrl-C'],
        [
          'processor produce -i events.ndjson -k model,region -b localhost:9092 -t feedback-events',
          'a file; records with the same model and region go to the same partition',
        ],
      ]),
    )
    .action(async (options: ProduceOptions) => done(await commands.produce(options)));
}
