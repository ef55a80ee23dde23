import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChaosFailure, CommandLine } from './command-line.ts';

const COMMAND_MS = 120_000;
const ENDED_MS = 120_000;

/** The processes of a round: the command line, with one configuration. */
export class Children {
  readonly #main: string;
  readonly #config: string;
  readonly #all: CommandLine[] = [];

  /** @param main the entry of the command line. */
  constructor(main: string, config: string) {
    this.#main = main;
    this.#config = config;
  }

  /** @param config in place of the one of the round. */
  start(argv: readonly string[], config = this.#config): CommandLine {
    const child = new CommandLine(this.#main, [...argv, '--config', config]);
    this.#all.push(child);
    return child;
  }

  /** A command that must do what it is told. Resolves with what it printed. */
  async command(argv: readonly string[], config = this.#config): Promise<string> {
    const child = this.start(argv, config);
    const ending = await child.ended(COMMAND_MS);
    if (ending === 0) return child.stdout;
    throw new ChaosFailure(`"processor ${argv.join(' ')}" ended with ${String(ending)}: ${child.stderr}`);
  }

  /** Waits for the end of a process that nobody kills, which must be a good one. */
  async endedWell(child: CommandLine): Promise<void> {
    const ending = await child.ended(ENDED_MS);
    if (ending === 0) return;
    throw new ChaosFailure(`the process ended with ${String(ending)}: ${child.stderr.slice(-2000)}`);
  }

  /** Ends every process that is left. */
  endAll(): void {
    for (const child of this.#all) if (child.ending === undefined) child.signal('SIGKILL');
  }

  /** Writes down what the processes have said. */
  writeLogs(folder: string): void {
    for (const [index, { arguments: argv, ending, stderr }] of this.#all.entries()) {
      const name = `${String(index).padStart(2, '0')}-${argv
        .slice(0, 2)
        .join('-')
        .replaceAll(/[^a-z-]/g, '')}.log`;
      writeFileSync(join(folder, name), `${argv.join(' ')}\n${stderr}\nended: ${String(ending)}\n`);
    }
  }
}
