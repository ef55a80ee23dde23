import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { CheckpointInfo, StateBackend } from '../../state/state-backend.ts';
import { deleteCheckpointIn, listCheckpointsIn, verifyCheckpointIn } from '../../state/rocksdb/checkpoint-folder.ts';
import { exportCheckpoint } from '../../state/rocksdb/export-checkpoint.ts';
import { RocksDBStateBackend } from '../../state/rocksdb/rocksdb-state-backend.ts';
import { openSnapshot, type StateSnapshot } from '../../state/rocksdb/state-snapshot.ts';
import { openLoneState } from './lone-state.ts';
import type { StatePlace } from './state-place.ts';

/** Files below a folder, and their bytes. */
export interface FolderSize {
  readonly files: number;
  readonly bytes: number;
}

/** A state on disk, for commands: looked at without a lock, changed only under it. */
export interface StateStore {
  /** Whether there is a state at all. */
  isThere(): Promise<boolean>;
  size(): Promise<FolderSize>;
  /** Oldest first. */
  checkpoints(): Promise<readonly CheckpointInfo[]>;
  /** What is wrong with a checkpoint; empty if it is sound. */
  verify(id: string): Promise<readonly string[]>;
  exportTo(id: string, directory: string): Promise<void>;
  delete(id: string): Promise<void>;
  /** Makes a checkpoint of a state that nobody uses. @throws ProcessorError STATE_LOCKED. */
  makeCheckpoint(id: string): Promise<CheckpointInfo>;
  /** Takes the state, and gives it open. @throws ProcessorError STATE_LOCKED. */
  open(): Promise<StateBackend>;
  /** A look at the state, whoever has it. */
  snapshot(): Promise<StateSnapshot>;
  /** @throws ProcessorError STATE_LOCKED where a process has the state. */
  requireUnused(): Promise<void>;
  /** Deletes the state, and leaves an empty one. */
  reset(): Promise<void>;
}

/** The state at a place. */
export function stateStore({ path, checkpointPath }: Pick<StatePlace, 'path' | 'checkpointPath'>): StateStore {
  const folderOf = (id: string): string => join(checkpointPath, id);
  const open = async (): Promise<StateBackend> => {
    const backend = new RocksDBStateBackend(path, checkpointPath);
    await backend.open();
    return backend;
  };
  return {
    isThere: () => holdsState(path),
    size: () => sizeOf(path),
    checkpoints: () => listCheckpointsIn(checkpointPath),
    verify: (id) => verifyCheckpointIn(folderOf(id)),
    exportTo: (id, directory) => exportCheckpoint(folderOf(id), directory),
    delete: (id) => deleteCheckpointIn(checkpointPath, id),
    open,
    async makeCheckpoint(id) {
      const backend = await open();
      try {
        return await backend.checkpoint(id);
      } finally {
        await backend.close();
      }
    },
    snapshot: () => openSnapshot(path),
    requireUnused: () => requireUnused(path),
    reset: () => reset(path),
  };
}

/** Whether a folder is one of a state. Only such is ever deleted: a mistyped folder is left alone. */
export async function holdsState(path: string): Promise<boolean> {
  const names = await namesIn(path);
  return ['db', 'lock', 'format.json', 'owner.json'].filter((name) => names.includes(name)).length >= 2;
}

async function requireUnused(path: string): Promise<void> {
  try {
    await openWithoutCheckpoints(path);
  } catch (error) {
    // Damage is what a reset is for.
    if (!ProcessorError.is(error) || error.code === 'STATE_LOCKED' || error.code === 'STATE_UNAVAILABLE') throw error;
  }
}

async function reset(path: string): Promise<void> {
  for (const name of await namesIn(path)) await rm(join(path, name), { recursive: true, force: true });
  // An empty state, and not none: what has checkpoints and no state is taken for damaged, and mended from them.
  await openWithoutCheckpoints(path);
}

/** Opens the state and closes it again, mending nothing. */
async function openWithoutCheckpoints(path: string): Promise<void> {
  await (await openLoneState(path)).close();
}

/** Of what is there: a process may be at work on it. One folder at a time, for a listing of all fails with any that goes. */
async function sizeOf(path: string): Promise<FolderSize> {
  let [files, bytes] = [0, 0];
  for (const name of await namesIn(path)) {
    const inner = join(path, name);
    const stats = await lstat(inner).catch(() => null);
    if (stats?.isDirectory() === true) {
      const below = await sizeOf(inner);
      files += below.files;
      bytes += below.bytes;
    } else if (stats?.isFile() === true) {
      files += 1;
      bytes += stats.size;
    }
  }
  return { files, bytes };
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch {
    return [];
  }
}
