import { Argument, type Command, Option } from 'commander';
import { SHELLS, type Shell } from './completion.ts';
import type { HealthOptions } from './health-command.ts';
import { examples } from './help-examples.ts';
import { INIT_SOURCES } from './init/answers.ts';
import type { InitOptions } from './init/init-command.ts';
import type { TopOptions } from './top/top-command.ts';

/** Commands around running: making a configuration, asking a processor how it is, completion. */
export interface ToolCommands {
  init(folder: string | undefined, options: InitOptions): Promise<number>;
  health(options: HealthOptions): Promise<number>;
  top(options: TopOptions): Promise<number>;
  completion(shell: Shell, program: Command): number;
}

/** Adds `init`, `health`, `top` and `completion`. `done` is given the exit code of the command that ran. */
export function addToolCommands(program: Command, commands: ToolCommands, done: (code: number) => void): void {
  program
    .command('init')
    .description('write a configuration that works, after a few questions')
    .argument('[folder]', 'where to; default: here')
    .addOption(new Option('--source <type>', 'where the events come from').choices(INIT_SOURCES))
    .option('-i, --input <file>', 'events to look at and to read')
    .option('-y, --yes', 'ask nothing, take what is usual')
    .option('--force', 'replace a configuration that is there')
    .addHelpText(
      'after',
      examples([
        ['processor init', 'asks, and writes processor.yaml with a sample of events'],
        ['processor init --yes --input requests.csv', 'by the fields of that file'],
      ]),
    )
    .action(async (folder: string | undefined, options: InitOptions) => done(await commands.init(folder, options)));
  program
    .command('health')
    .description('ask a running processor how it is; exit code 0 while it is up')
    .option('-c, --config <file>', 'the configuration that it runs')
    .option('--url <url>', 'where it listens; default: http://127.0.0.1:8080')
    .option('--json', 'all of its answer')
    .addHelpText('after', examples([['processor health --url http://127.0.0.1:8080', 'for containers and scripts']]))
    .action(async (options: HealthOptions) => done(await commands.health(options)));
  program
    .command('top')
    .description('watch a running processor in the terminal')
    .option('-c, --config <file>', 'the configuration that it runs')
    .option('--url <url>', 'where it listens; default: http://127.0.0.1:8080')
    .option('--once', 'print it once, and end')
    .addHelpText('after', examples([['processor top', 'q ends, p pauses, s sorts the keys']]))
    .action(async (options: TopOptions) => done(await commands.top(options)));
  program
    .command('completion')
    .description('print a script that completes this command in a shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      examples([
        ['source <(processor completion bash)', 'in ~/.bashrc; zsh likewise'],
        ['processor completion fish | source', 'in ~/.config/fish/config.fish'],
      ]),
    )
    .action((shell: Shell) => done(commands.completion(shell, program)));
}
