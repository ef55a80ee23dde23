import type { Command } from 'commander';
import { examples } from '../help-examples.ts';
import type { RescaleOptions } from './rescale-command.ts';
import type { PlaceOptions } from './state-place.ts';

/** `--yes`: done without being asked. */
export interface ConfirmOptions {
  readonly yes?: boolean;
}

/** What the commands on state do; each resolves with an exit code. */
export interface StateCommands {
  createCheckpoint(id: string | undefined, options: PlaceOptions): Promise<number>;
  listCheckpoints(options: PlaceOptions & { readonly json?: boolean; readonly verify?: boolean }): Promise<number>;
  /** All of them where none is named. */
  verifyCheckpoints(ids: readonly string[], options: PlaceOptions): Promise<number>;
  restoreCheckpoint(id: string, options: PlaceOptions & ConfirmOptions): Promise<number>;
  exportCheckpoint(id: string, directory: string, options: PlaceOptions): Promise<number>;
  deleteCheckpoint(id: string, options: PlaceOptions & ConfirmOptions): Promise<number>;
  inspectState(options: PlaceOptions & { readonly json?: boolean }): Promise<number>;
  resetState(options: PlaceOptions & ConfirmOptions & { readonly checkpoints?: boolean }): Promise<number>;
  rescaleState(options: RescaleOptions): Promise<number>;
}

type Done = (code: number) => void;
type Options<K extends 1 | 2 | 0, M extends keyof StateCommands> = Parameters<StateCommands[M]>[K];

/** Adds `checkpoint …` and `state …`. `done` is given the exit code of the command that ran. */
export function addStateCommands(program: Command, commands: StateCommands, done: Done): void {
  const checkpoint = program
    .command('checkpoint')
    .description('make, check and bring back checkpoints of the state on disk')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText(
      'after',
      examples([
        ['processor checkpoint create --config processor.yaml', 'also while a processor runs on the state'],
        ['processor checkpoint list --verify --config processor.yaml', ''],
        ['processor checkpoint restore before-upgrade --config processor.yaml', ''],
      ]),
    );
  addCreate(checkpoint, commands, done);
  addListAndVerify(checkpoint, commands, done);
  addRestoreAndExport(checkpoint, commands, done);
  placed(checkpoint.command('delete'))
    .description('throw a checkpoint away')
    .argument('<id>', 'the checkpoint, as list shows it')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', examples([['processor checkpoint delete before-upgrade --config processor.yaml', '']]))
    .action(async (id: string, options: Options<1, 'deleteCheckpoint'>) =>
      done(await commands.deleteCheckpoint(id, options)),
    );
  addState(program, commands, done);
}

/** The options that say where the state is. */
function placed(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration that is run on the state')
    .option('--state-path <folder>', 'folder of the state, in place of state.path')
    .option('--checkpoint-path <folder>', 'folder of the checkpoints, in place of\nstate.checkpoint_path')
    .option('--debug', 'show stacks of errors');
}

function addCreate(checkpoint: Command, commands: StateCommands, done: Done): void {
  placed(checkpoint.command('create'))
    .description('make a checkpoint; where a processor runs on the state, it is asked over HTTP')
    .argument('[id]', 'its name: letters, digits, ".", "_" and "-" (default: by the time)')
    .addHelpText(
      'after',
      examples([
        ['processor checkpoint create --config processor.yaml', ''],
        ['processor checkpoint create before-upgrade --config processor.yaml', 'the same name again replaces it'],
      ]),
    )
    .action(async (id: string | undefined, options: Options<1, 'createCheckpoint'>) =>
      done(await commands.createCheckpoint(id, options)),
    );
}

function addListAndVerify(checkpoint: Command, commands: StateCommands, done: Done): void {
  placed(checkpoint.command('list'))
    .description('list the checkpoints, oldest first')
    .option('--verify', 'read all of each, and say whether it is sound')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples([
        ['processor checkpoint list --config processor.yaml', ''],
        ['processor checkpoint list --checkpoint-path ./data/checkpoints --json', ''],
      ]),
    )
    .action(async (options: Options<0, 'listCheckpoints'>) => done(await commands.listCheckpoints(options)));
  placed(checkpoint.command('verify'))
    .description('read checkpoints whole, and say what is wrong with them')
    .argument('[ids...]', 'which (default: all)')
    .addHelpText(
      'after',
      examples([['processor checkpoint verify --config processor.yaml', 'exit code 0: sound, 3: not']]),
    )
    .action(async (ids: readonly string[], options: Options<1, 'verifyCheckpoints'>) =>
      done(await commands.verifyCheckpoints(ids, options)),
    );
}

function addRestoreAndExport(checkpoint: Command, commands: StateCommands, done: Done): void {
  placed(checkpoint.command('restore'))
    .description('put the state back to what it was at a checkpoint')
    .argument('<id>', 'the checkpoint, as list shows it')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', examples([['processor checkpoint restore before-upgrade --config processor.yaml', '']]))
    .action(async (id: string, options: Options<1, 'restoreCheckpoint'>) =>
      done(await commands.restoreCheckpoint(id, options)),
    );
  placed(checkpoint.command('export'))
    .description('copy a checkpoint to a folder that a processor can start on')
    .argument('<id>', 'the checkpoint, as list shows it')
    .argument('<folder>', 'where to; must be empty or not there')
    .addHelpText(
      'after',
      examples([
        ['processor checkpoint export before-upgrade /mnt/copy --config processor.yaml', ''],
        ['PROCESSOR_STATE__PATH=/mnt/copy processor run --config processor.yaml', 'goes on from there'],
      ]),
    )
    .action(async (id: string, folder: string, options: Options<2, 'exportCheckpoint'>) =>
      done(await commands.exportCheckpoint(id, folder, options)),
    );
}

function addState(program: Command, commands: StateCommands, done: Done): void {
  const state = program
    .command('state')
    .description('look into the state on disk, deal it out anew, or throw it away')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText(
      'after',
      examples([
        ['processor state inspect --config processor.yaml', 'also while a processor runs on it'],
        ['processor state reset --config processor.yaml', 'begin anew'],
      ]),
    );
  placed(state.command('inspect'))
    .description('show what is in the state: windows, keys, watermarks, offsets')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples([
        ['processor state inspect --config processor.yaml', ''],
        ['processor state inspect --state-path ./data/state --json', ''],
      ]),
    )
    .action(async (options: Options<0, 'inspectState'>) => done(await commands.inspectState(options)));
  placed(state.command('reset'))
    .description('throw the state away; the next run begins anew')
    .option('--checkpoints', 'the checkpoints as well')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      examples([['processor state reset --config processor.yaml', 'says what will be gone, and asks']]),
    )
    .action(async (options: Options<0, 'resetState'>) => done(await commands.resetState(options)));
  addRescale(state, commands, done);
}

function addRescale(state: Command, commands: StateCommands, done: Done): void {
  state
    .command('rescale')
    .description(
      'deal the states of all instances of a pipeline out to another number\nof them; the old ones must have been stopped, and stay as they are',
    )
    .requiredOption('--to <number>', 'how many instances there are to be')
    .requiredOption('--from <folders...>', 'the state, or an exported checkpoint, of each old\ninstance, in any order')
    .requiredOption('--into <folders...>', 'a folder for each new instance, 0 first; must be\nempty or not there')
    .option('--name <pipeline>', 'which pipeline, where a state holds several')
    .option('--debug', 'show stacks of errors')
    .addHelpText(
      'after',
      examples([
        ['processor state rescale --to 3 --from old/0 old/1 --into new/0 new/1 new/2', ''],
        ['processor state rescale --to 1 --from new/{0,1,2} --into one', 'and back again'],
      ]),
    )
    .action(async (options: RescaleOptions) => done(await commands.rescaleState(options)));
}
