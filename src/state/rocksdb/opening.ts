import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import { messageOf } from '../../errors/message-of.ts';
import type { StateRepair } from '../state-backend.ts';
import { infoOf, readCheckpoints, requireSound, tidyCheckpoints, verifyCheckpointIn } from './checkpoint-folder.ts';
import type { CheckpointFile } from './checkpoint-manifest.ts';
import { Database, SMALL } from './database.ts';
import { copyDurably, errorCode, linkOrCopy, makeFolder, renameDurably, statOf } from './durable-files.ts';
import type { NativeRocksDB } from './native.ts';
import type { OpenRequest } from './protocol.ts';
import { StateFolder } from './state-folder.ts';
import { isDamage, isFull, stateError } from './status-error.ts';

/** A state that this process has. */
export interface OpenState {
  readonly database: Database;
  /** Closed last: until then the state is this process's. */
  readonly lock: Database;
  readonly repair: StateRepair | null;
}

/**
 * Opens a state:
 *
 * 1. takes the lock, then finishes or undoes what an interrupted process left half done;
 * 2. looks for damage, in the files first, for RocksDB would throw away what it cannot read;
 * 3. where there is some, puts the newest sound checkpoint in its place.
 */
export async function openState(native: NativeRocksDB, request: OpenRequest): Promise<OpenState> {
  const folder = new StateFolder(request.path);
  for (const path of [folder.path, request.checkpointPath]) {
    try {
      await makeFolder(path);
    } catch (error) {
      throw stateError(error, `making the folder ${path}`);
    }
  }
  const lock = await takeLock(native, folder);
  let database: Database | undefined;
  try {
    await folder.checkFormat();
    await folder.finishRestore();
    await tidyCheckpoints(request.checkpointPath);
    database = await openOrMend(native, folder, request);
    if (!(await folder.hasFormat())) await folder.writeFormat();
    await folder.writeOwner(request.owner);
    return { database, lock, repair: await folder.takeRepair() };
  } catch (error) {
    await database?.close();
    await lock.close();
    throw stateError(error, `opening the state in ${request.path}`);
  }
}

async function takeLock(native: NativeRocksDB, folder: StateFolder): Promise<Database> {
  try {
    return await Database.open(native, folder.lock, SMALL, true);
  } catch (error) {
    if (errorCode(error) === 'LEVEL_LOCKED') throw await folder.lockedError();
    throw stateError(error, `locking the state in ${folder.path}`);
  }
}

async function openOrMend(native: NativeRocksDB, folder: StateFolder, request: OpenRequest): Promise<Database> {
  const opened = await openSound(native, folder, request);
  if (opened instanceof Database) return opened;
  await mend(folder, request, opened);
  return Database.open(native, folder.db, request, false);
}

/** Opens the database, or says what is wrong with it. */
async function openSound(
  native: NativeRocksDB,
  folder: StateFolder,
  { checkpointPath, ...budget }: OpenRequest,
): Promise<Database | string> {
  const isNew = await folder.isNew();
  if (isNew) {
    const { manifests } = await readCheckpoints(checkpointPath);
    if (manifests.length > 0) return `${folder.db} is missing, though there are checkpoints of it`;
  }
  const damage = isNew ? undefined : await folder.findDamage();
  if (damage !== undefined) return damage;
  // From here on the files change: what a clean close noted is not true any more.
  await folder.removeClosed();
  try {
    if (isNew) await makeFolder(folder.db);
    return await Database.open(native, folder.db, budget, isNew);
  } catch (error) {
    if (isNew || isFull(error) || errorCode(error) === 'LEVEL_LOCKED' || !isDamage(error)) throw error;
    return `RocksDB cannot open ${folder.db}: ${messageOf(error)}`;
  }
}

async function mend(folder: StateFolder, { checkpointPath, owner }: OpenRequest, damage: string): Promise<void> {
  const { manifests, unreadable } = await readCheckpoints(checkpointPath);
  const refused = [...unreadable];
  for (const manifest of manifests.toReversed()) {
    const source = join(checkpointPath, manifest.id);
    const [fault] = await verifyCheckpointIn(source);
    if (fault !== undefined) {
      refused.push(fault);
      continue;
    }
    await prepareRestore(folder, source);
    const isThere = (await statOf(folder.db)) !== undefined;
    const putAside = isThere ? await freeName(`${folder.db}.damaged-${owner.since}`) : '';
    await folder.writeRepair({ damage, restored: infoOf(manifest), putAside });
    await folder.removeClosed();
    if (isThere) await renameDurably(folder.db, putAside);
    await folder.removeDamage();
    await renameDurably(folder.restoring, folder.db);
    return;
  }
  const none = refused.length === 0 ? `there is no checkpoint in ${checkpointPath}` : 'no checkpoint is sound';
  const message =
    `the state is damaged: ${[damage, ...refused].join('; ')}. No sound checkpoint can take its place (${none}). Put ` +
    `a copy of one into ${checkpointPath}, or move ${folder.path} away to begin from nothing`;
  throw new ProcessorError('state', 'STATE_CORRUPT', message);
}

async function freeName(wanted: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if ((await statOf(name)) === undefined) return name;
  }
}

/** Makes `db.restoring` of a sound checkpoint: whole, and durable. */
export async function prepareRestore(folder: StateFolder, source: string): Promise<void> {
  const { files } = await requireSound(source);
  const partial = `${folder.restoring}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial);
  await copyDatabase(join(source, 'db'), partial, files);
  await renameDurably(partial, folder.restoring);
}

/** Copies a database so that the copy can be opened and written to without a change to what it was made of. */
export async function copyDatabase(from: string, to: string, files: readonly CheckpointFile[]): Promise<void> {
  for (const { name } of files) {
    // Tables never change; all else is written to once a database is open.
    const copy = name.endsWith('.sst') ? linkOrCopy : copyDurably;
    await copy(join(from, name), join(to, name));
  }
}
