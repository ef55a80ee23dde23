import { Command, Option } from 'commander';
import { collect, collectList } from './collect.ts';
import { examples } from './help-examples.ts';
import type { RunOptions } from './one-off.ts';
import { addProduce, type ProduceCommand } from './produce/produce-program.ts';
import { addStateCommands, type StateCommands } from './state/state-program.ts';
import { addToolCommands, type ToolCommands } from './tools-program.ts';

/** What the commands do; each resolves with an exit code. */
export interface Commands extends StateCommands, ToolCommands, ProduceCommand {
  run(options: RunOptions): Promise<number>;
  validate(options: { readonly config: string }): Promise<number>;
  config(options: { readonly config?: string; readonly json?: boolean; readonly schema?: boolean }): Promise<number>;
  demo(options: { readonly format?: string; readonly debug?: boolean }): Promise<number>;
}

/** Where the program writes its help and its complaints. */
export interface ProgramOutput {
  readonly version: string;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  readonly columns: number;
}

/** The names of the commands. */
export const COMMAND_NAMES = [
  'run',
  'validate',
  'config',
  'demo',
  'produce',
  'init',
  'health',
  'top',
  'completion',
  'checkpoint',
  'state',
  'help',
] as const;

const CONFIG_FILE = '-c, --config <file>';

/** The command line. `done` is given the exit code of the command that ran. */
export function createProgram(commands: Commands, output: ProgramOutput, done: (code: number) => void): Command {
  const program = new Command('processor')
    .description('Event-time windows over streams of LLM events: count, sum, average, min, max, percentiles.')
    .version(output.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand('help [command]', 'explain a command')
    .exitOverride()
    .configureOutput({
      writeOut: output.writeOut,
      writeErr: output.writeErr,
      getOutHelpWidth: () => output.columns,
      getErrHelpWidth: () => output.columns,
      outputError: (text, write) => write(text.replace(/^error: /, 'processor: ')),
    })
    .showHelpAfterError('(processor --help explains the commands)')
    .addHelpText(
      'after',
      examples([
        ['processor demo', 'a first look, with nothing to set up'],
        ['processor --config processor.yaml', 'run a configuration'],
        ['processor run --input events.ndjson --window 1m --key model --value latency_ms', 'one-off, without a file'],
      ]),
    );
  addRun(program, commands, done);
  program
    .command('validate')
    .description('check a configuration, and report everything that is wrong with it')
    .requiredOption(CONFIG_FILE, 'the file to check')
    .addHelpText('after', examples([['processor validate --config processor.yaml', 'exit code 0: valid, 2: not']]))
    .action(async (options: { config: string }) => done(await commands.validate(options)));
  program
    .command('config')
    .description('show the configuration in force, and where each value comes from')
    .option(CONFIG_FILE, 'the file; without it: defaults and environment')
    .option('--json', 'as JSON')
    .option('--schema', 'print the JSON Schema of the file instead, for editors')
    .addHelpText(
      'after',
      examples([
        ['processor config --config processor.yaml', 'as YAML with comments'],
        ['PROCESSOR_HTTP__PORT=9000 processor config --json', 'with the environment'],
        ['processor config --schema > processor.schema.json', 'for editors that complete YAML'],
      ]),
    )
    .action(async (options: Parameters<Commands['config']>[0]) => done(await commands.config(options)));
  program
    .command('demo')
    .description('run on made-up traffic of language models; needs no file')
    .addOption(new Option('--format <format>', 'of the results').choices(['table', 'json']))
    .option('--debug', 'log everything, show stacks of errors')
    .addHelpText('after', examples([['processor demo', 'windows of 5 seconds by model and region']]))
    .action(async (options: Parameters<Commands['demo']>[0]) => done(await commands.demo(options)));
  addProduce(program, commands, done);
  addToolCommands(program, commands, done);
  addStateCommands(program, commands, done);
  return program;
}

function addRun(program: Command, commands: Commands, done: (code: number) => void): void {
  program
    .command('run', { isDefault: true })
    .description('run a pipeline: from a configuration, or one-off from the options below')
    .option(CONFIG_FILE, 'the configuration; the options below win over it')
    .option('-i, --input <path>', 'file or pattern to read, "-" for standard input; repeatable', collect)
    .addOption(new Option('--input-format <format>', 'default: by the name').choices(['ndjson', 'json', 'csv']))
    .option('-f, --follow', 'keep reading what is appended')
    .option('-w, --window <duration>', 'length of the windows, such as 30s, 5m, 1h30m')
    .option('--slide <duration>', 'sliding windows, one every so often')
    .option('--session-gap <duration>', 'session windows, ended by silence of this length')
    .option('-k, --key <fields>', 'fields to group by: model,region; repeatable', collectList)
    .option('-v, --value <field>', 'number to aggregate; repeatable', collectList)
    .option('--timestamp <field>', 'field of the event time (default: timestamp)')
    .addOption(new Option('--timestamp-unit <unit>', 'of numbers').choices(['s', 'ms', 'us', 'ns']))
    .option('--lateness <duration>', 'how late an event may still update its window (default: 1m)')
    .option('--out-of-orderness <duration>', 'how far out of order events may come (default: 30s)')
    .option(
      '-a, --aggregate <names>',
      'any of count, sum, average, min, max, percentile, stddev, stddev_sample',
      collectList,
    )
    .option('-p, --percentiles <numbers>', 'such as 50,95,99.9', collectList)
    .addOption(
      new Option('--format <format>', 'of the results; default: table on a terminal').choices(['table', 'json']),
    )
    .option('-o, --output <file>', 'append the results to a file, as JSON lines')
    .addOption(
      new Option('--log-level <level>', 'least severe messages to log').choices([
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
    .option('--debug', 'log everything, show stacks of errors')
    .addHelpText(
      'after',
      examples([
        ['processor --config processor.yaml', ''],
        [
          'PROCESSOR_STATE__BACKEND=rocksdb processor --config processor.yaml',
          'state on disk: started again, it goes on where it was, also after a crash',
        ],
        ['processor run -i events.ndjson -w 1m -k model,region -v latency_ms', ''],
        ['zcat events.gz | processor run -i - -w 10m --slide 1m -v cost_usd -a sum,average', ''],
        ['processor run -i "logs/*.csv" --session-gap 5m -k user_id --format json', ''],
      ]),
    )
    .action(async (options: RunOptions) => done(await commands.run(options)));
}
