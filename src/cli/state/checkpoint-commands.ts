import { resolve } from 'node:path';
import { nearestTo } from '../../config/nearest.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { CheckpointInfo } from '../../state/state-backend.ts';
import { formatInstant } from '../../time/instant.ts';
import type { CliIo } from '../cli-io.ts';
import { EXIT_CODE, UsageError } from '../exit-code.ts';
import { formatBytes, formatSpan } from '../quantity.ts';
import { isConfirmed } from './confirmation.ts';
import { checkpointOfRunning } from './running-process.ts';
import { nothingAt } from './state-commands.ts';
import { placeOf, type StatePlace } from './state-place.ts';
import type { StateCommands } from './state-program.ts';
import { stateStore, type StateStore } from './state-store.ts';
import { textTable } from './text-table.ts';

type CheckpointCommands = Omit<StateCommands, 'inspectState' | 'resetState' | 'rescaleState'>;

/** `processor checkpoint …`. Every method rejects with what the person is to be told. */
export function checkpointCommands(io: CliIo): CheckpointCommands {
  const say = (line: string): void => void io.stdout.write(`${line}\n`);
  return { ...lookingCommands(io, say), ...changingCommands(io, say) };
}

type Say = (line: string) => void;
type LookingCommands = Pick<CheckpointCommands, 'listCheckpoints' | 'verifyCheckpoints' | 'exportCheckpoint'>;

function lookingCommands(io: CliIo, say: Say): LookingCommands {
  return {
    async listCheckpoints(options) {
      const place = await placeOf(options, io);
      const store = stateStore(place);
      const rows: ListedCheckpoint[] = [];
      for (const info of await store.checkpoints()) {
        rows.push(options.verify === true ? { ...info, faults: await store.verify(info.id) } : info);
      }
      io.stdout.write(options.json === true ? listAsJson(rows) : listAsText(rows, place, io.clock.now()));
      return rows.some(({ faults = [] }) => faults.length > 0) ? EXIT_CODE.stateUnusable : EXIT_CODE.done;
    },
    async verifyCheckpoints(ids, options) {
      const place = await placeOf(options, io);
      const store = stateStore(place);
      const all = await store.checkpoints();
      const chosen = ids.length === 0 ? all : ids.map((id) => known(id, all, place));
      if (chosen.length === 0) say(noneIn(place));
      let isSound = true;
      for (const { id } of chosen) {
        const faults = await store.verify(id);
        isSound &&= faults.length === 0;
        say(faults.length === 0 ? `${id}: sound` : `${id}: damaged`);
        for (const fault of faults) say(`  ${fault}`);
      }
      return isSound ? EXIT_CODE.done : EXIT_CODE.stateUnusable;
    },
    async exportCheckpoint(id, directory, options) {
      const place = await placeOf(options, io);
      const store = stateStore(place);
      const info = known(id, await store.checkpoints(), place);
      await store.exportTo(id, directory);
      say(`exported checkpoint ${id}: ${formatBytes(info.sizeBytes)} in ${directory}`);
      say(`A processor with state.path: ${resolve(directory)} goes on from it.`);
      return EXIT_CODE.done;
    },
  };
}

function changingCommands(io: CliIo, say: Say): Omit<CheckpointCommands, keyof LookingCommands> {
  return {
    async createCheckpoint(id, options) {
      const place = await placeOf(options, io);
      requireOwnId(id);
      const made = await create(place, id, io);
      say(`made checkpoint ${made.id}: ${formatBytes(made.sizeBytes)} in ${place.checkpointPath}`);
      return EXIT_CODE.done;
    },
    async restoreCheckpoint(id, options) {
      const place = await placeOf(options, io);
      const store = stateStore(place);
      const info = known(id, await store.checkpoints(), place);
      const backend = await store.open();
      try {
        if (!(await isConfirmed(restoreText(info, place), options, io))) return EXIT_CODE.done;
        await backend.restore(id);
      } finally {
        await backend.close();
      }
      say(`restored checkpoint ${id}: the next run on ${place.path} goes on from it`);
      return EXIT_CODE.done;
    },
    async deleteCheckpoint(id, options) {
      const place = await placeOf(options, io);
      const store = stateStore(place);
      const info = known(id, await store.checkpoints(), place);
      const what = `This deletes checkpoint ${describe(info)} from ${place.checkpointPath}.`;
      if (!(await isConfirmed(what, options, io))) return EXIT_CODE.done;
      await store.delete(id);
      say(`deleted checkpoint ${id}`);
      return EXIT_CODE.done;
    },
  };
}

/** Makes a checkpoint of a state that nobody uses, or has it made by the process that does. */
async function create(place: StatePlace, id: string | undefined, io: CliIo): Promise<CheckpointInfo> {
  const store: StateStore = stateStore(place);
  // One that is lost, and has checkpoints, is mended from them when it is opened.
  if (!(await store.isThere()) && (await store.checkpoints()).length === 0) throw nothingAt(place);
  try {
    return await store.makeCheckpoint(id ?? idOfNow(io.clock.now()));
  } catch (error) {
    if (!ProcessorError.is(error) || error.code !== 'STATE_LOCKED') throw error;
    const made = await checkpointOfRunning(place.loaded.config, id, error);
    const here = await store.checkpoints();
    if (here.some((each) => each.id === made.id)) return made;
    const message = `${error.message}. The process that answered is another one: it made checkpoint ${made.id}, and not in ${place.checkpointPath}. Give the configuration that the first one runs with`;
    throw new ProcessorError('state', 'STATE_LOCKED', message, { cause: error });
  }
}

/** `manual-20261123T231900Z`, like those that a run chooses. */
function idOfNow(now: number): string {
  return `manual-${formatInstant(now).replaceAll(/[-:]|\.\d+/g, '')}`;
}

/** @throws UsageError for an id that none of ours can have. */
function requireOwnId(id: string | undefined): void {
  if (id === undefined) return;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(id)) {
    const rule = '1 to 200 letters, digits, dots, hyphens and underscores, the first a letter or a digit';
    throw new UsageError(`${JSON.stringify(id)} cannot be the name of a checkpoint: use ${rule}`);
  }
  if (id.startsWith('auto-')) {
    throw new UsageError(`${id}: names that begin with "auto-" are those of checkpoints that go by themselves`);
  }
}

interface ListedCheckpoint extends CheckpointInfo {
  /** What is wrong with it; absent where nobody has looked. */
  readonly faults?: readonly string[];
}

function known(id: string, all: readonly CheckpointInfo[], place: StatePlace): CheckpointInfo {
  const found = all.find((info) => info.id === id);
  if (found !== undefined) return found;
  const ids = all.map((info) => info.id);
  const near = nearestTo(id, ids);
  const advice =
    ids.length === 0
      ? 'there are none'
      : near === undefined
        ? `the latest is ${ids.at(-1) ?? ''}; "processor checkpoint list" shows all`
        : `did you mean ${near}?`;
  const message = `there is no checkpoint ${JSON.stringify(id)} in ${place.checkpointPath}; ${advice}`;
  throw new ProcessorError('state', 'CHECKPOINT_UNKNOWN', message);
}

function describe({ id, createdAt, sizeBytes }: CheckpointInfo): string {
  return `${id} (made ${formatInstant(createdAt)}, ${formatBytes(sizeBytes)})`;
}

function restoreText(info: CheckpointInfo, { path }: StatePlace): string {
  return `This replaces the state in ${path}
by checkpoint ${describe(info)}.
What came after it is gone from the state; it is counted again as far as the
sources still have it.`;
}

function noneIn({ checkpointPath }: StatePlace): string {
  return `no checkpoints in ${checkpointPath}`;
}

function listAsJson(rows: readonly ListedCheckpoint[]): string {
  const shown = rows.map(({ id, createdAt, sizeBytes, faults }) => ({
    id,
    made: formatInstant(createdAt),
    size_bytes: sizeBytes,
    ...(faults === undefined ? {} : { sound: faults.length === 0, faults }),
  }));
  return `${JSON.stringify(shown, null, 2)}\n`;
}

function listAsText(rows: readonly ListedCheckpoint[], place: StatePlace, now: number): string {
  if (rows.length === 0) return `${noneIn(place)}\n`;
  const isVerified = rows.some(({ faults }) => faults !== undefined);
  const columns = [
    { title: 'Checkpoint', most: 34 },
    { title: 'Made' },
    { title: 'Age', align: 'right' } as const,
    { title: 'Size', align: 'right' } as const,
    ...(isVerified ? [{ title: 'Sound' }] : []),
  ];
  const cells = rows.map(({ id, createdAt, sizeBytes, faults = [] }) => [
    id,
    formatInstant(createdAt).replace(/\.\d+Z$/, 'Z'),
    formatSpan(now - createdAt),
    formatBytes(sizeBytes),
    faults.length === 0 ? 'yes' : 'no',
  ]);
  const faults = rows.flatMap(({ id, faults: found = [] }) => found.map((fault) => `${id}: ${fault}\n`));
  return textTable(columns, cells) + (faults.length === 0 ? '' : `\n${faults.join('')}`);
}
