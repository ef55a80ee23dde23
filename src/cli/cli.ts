import { CommanderError } from 'commander';
import { defaultConfig, loadConfig, parseConfig, type LoadedConfig } from '../config/config.ts';
import { annotatedYaml } from '../config/effective.ts';
import { formatFinding } from '../config/finding.ts';
import { formatOrigin, formatPath } from '../config/located.ts';
import { nearestTo } from '../config/nearest.ts';
import { findingsOfHost } from '../config/kafka-of-config.ts';
import { lacking } from '../config/plan-of-config.ts';
import { configJsonSchema } from '../config/schema/outline.ts';
import type { CliIo } from './cli-io.ts';
import { EXIT_CODE, UsageError } from './exit-code.ts';
import { completionScript } from './completion.ts';
import { reportFailure } from './failure.ts';
import { healthCommand } from './health-command.ts';
import { initCommand } from './init/init-command.ts';
import { overridesOf, type RunOptions } from './one-off.ts';
import type { OpenEventWriter } from './produce/event-writer.ts';
import { produce } from './produce/produce-command.ts';
import { COMMAND_NAMES, createProgram, type Commands } from './program.ts';
import { runConfig } from './run-command.ts';
import { checkpointCommands } from './state/checkpoint-commands.ts';
import { stateCommands } from './state/state-commands.ts';
import { topCommand } from './top/top-command.ts';

/** Parts of the program that its entry puts together. */
export interface CliParts {
  /** YAML of the built-in demonstration. */
  readonly quickstart: () => Promise<string>;
  /** YAML of the example with Kafka, which says where made-up events go unless something else does. */
  readonly kafkaExample: () => Promise<string>;
  /** Connects to Kafka for `produce`. */
  readonly openEventWriter: OpenEventWriter;
}

/** Runs the command line and returns the exit code. Never throws for anything a person or the world can do. */
export async function main(argv: readonly string[], io: CliIo, parts: CliParts): Promise<number> {
  let code: number = EXIT_CODE.done;
  // Until a configuration is loaded, only the option can ask for stacks.
  let debug = argv.includes('--debug');
  const onLoaded = ({ config }: LoadedConfig): void => {
    debug ||= config.logging.level === 'debug';
  };
  try {
    refuseUnknownCommand(argv);
    const output = {
      version: io.version,
      writeOut: (text: string): void => void io.stdout.write(text),
      writeErr: (text: string): void => void io.stderr.write(text),
      columns: Math.min(100, io.stdout.columns ?? 80),
    };
    const program = createProgram(commandsOf(io, parts, onLoaded), output, (result) => {
      code = result;
    });
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    // Help and version are told as errors too, with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODE.done : EXIT_CODE.badConfiguration;
    return reportFailure(error, io.stderr, debug);
  }
}

/** `run` can be left out, so that a misspelt command would be taken for a stray argument of it. */
function refuseUnknownCommand([first]: readonly string[]): void {
  if (first === undefined || first.startsWith('-') || COMMAND_NAMES.some((name) => name === first)) return;
  const near = nearestTo(first, COMMAND_NAMES);
  const advice = near === undefined ? `there are ${COMMAND_NAMES.join(', ')}` : `did you mean ${near}?`;
  throw new UsageError(`unknown command '${first}'; ${advice}`);
}

function commandsOf(io: CliIo, parts: CliParts, onLoaded: (loaded: LoadedConfig) => void): Commands {
  const { environment } = io;
  const isTerminal = io.stdout.isTTY === true;
  return {
    ...checkpointCommands(io),
    ...stateCommands(io),
    init: (folder, options) => initCommand(folder, options, io),
    health: (options) => healthCommand(options, io),
    top: (options) => topCommand(options, io),
    completion(shell, program) {
      io.stdout.write(completionScript(program, shell));
      return EXIT_CODE.done;
    },
    async run(options) {
      const loaded = await configOfRun(options, io);
      onLoaded(loaded);
      return runConfig(loaded, io, { anyPort: false });
    },
    async validate({ config }) {
      const loaded = await loadConfig(config, { environment });
      // What is right elsewhere: the file, not this host, was to be checked.
      const findings = findingsOfHost(loaded);
      const needed = lacking(loaded);
      const lack = needed.length > 0 ? ', but it lacks something to run' : '';
      io.stdout.write(`${config}: OK${findings.length > 0 ? ', but not to be run on this host' : lack}\n`);
      for (const finding of [...findings, ...needed]) io.stderr.write(`${formatFinding(finding)}\n`);
      return EXIT_CODE.done;
    },
    async config({ config, json, schema }) {
      if (schema === true) {
        io.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
        return EXIT_CODE.done;
      }
      const loaded = config === undefined ? defaultConfig({ environment }) : await loadConfig(config, { environment });
      io.stdout.write(json === true ? entriesAsJson(loaded) : annotatedYaml(loaded.entries()));
      return EXIT_CODE.done;
    },
    produce: (options) => produce(options, io, parts),
    async demo({ format, debug }) {
      const overrides = overridesOf(
        {
          config: 'quickstart.yaml',
          format: format ?? (isTerminal ? 'table' : 'json'),
          ...(debug === undefined ? {} : { debug }),
        },
        isTerminal,
      );
      const loaded = parseConfig(await parts.quickstart(), { file: 'quickstart.yaml', environment, overrides });
      onLoaded(loaded);
      return runConfig(loaded, io, { anyPort: true });
    },
  };
}

async function configOfRun(options: RunOptions, io: CliIo): Promise<LoadedConfig> {
  const { environment } = io;
  if (options.config === undefined && options.input === undefined) {
    throw new UsageError(
      'nothing to run: give --config FILE, or --input FILE with --window; "processor demo" needs neither, --help explains',
    );
  }
  const overrides = overridesOf(options, io.stdout.isTTY === true);
  if (options.config !== undefined) return loadConfig(options.config, { environment, overrides });
  // A one-off run ends by itself: a server would only be in the way of one that stays.
  const quiet = [{ option: 'one-off run', path: ['http', 'enabled'], value: false }];
  return defaultConfig({ environment, overrides: [...quiet, ...overrides] });
}

function entriesAsJson(loaded: LoadedConfig): string {
  const entries = loaded
    .entries()
    .map(({ path, value, origin }) => ({ key: formatPath(path), value, origin: formatOrigin(origin) }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}
