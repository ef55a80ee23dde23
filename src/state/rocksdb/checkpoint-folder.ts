import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { CheckpointInfo } from '../state-backend.ts';
import { isCheckpointId, readManifest, type CheckpointManifest } from './checkpoint-manifest.ts';
import { checksumOf, errorCode, removeDurably, renameDurably, statOf } from './durable-files.ts';

// What can be done with checkpoints while no database is open, or another process has it open.

/** What the port tells of a checkpoint. */
export function infoOf({ id, createdAt, files }: CheckpointManifest): CheckpointInfo {
  return { id, createdAt, sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The manifests in a folder of checkpoints, oldest first, and the folders that cannot be read, with the reason. */
export async function readCheckpoints(checkpointPath: string): Promise<{
  readonly manifests: readonly CheckpointManifest[];
  readonly unreadable: readonly string[];
}> {
  const manifests: CheckpointManifest[] = [];
  const unreadable: string[] = [];
  for (const name of (await namesIn(checkpointPath)).filter(isCheckpointId)) {
    try {
      const manifest = await readManifest(join(checkpointPath, name));
      if (manifest === undefined) continue;
      // A copy under another name is found by that name.
      manifests.push({ ...manifest, id: name });
    } catch (error) {
      unreadable.push(messageOf(error));
    }
  }
  manifests.sort((a, b) => a.number - b.number || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  return { manifests, unreadable };
}

/** All checkpoints in a folder of checkpoints, oldest first; none where there is no such folder. */
export async function listCheckpointsIn(checkpointPath: string): Promise<readonly CheckpointInfo[]> {
  return (await readCheckpoints(checkpointPath)).manifests.map(infoOf);
}

/** The folder of a checkpoint. @throws ProcessorError CHECKPOINT_UNKNOWN. */
export async function folderOfCheckpoint(checkpointPath: string, id: string): Promise<string> {
  const folder = join(checkpointPath, isCheckpointId(id) ? id : '.');
  if (isCheckpointId(id) && (await statOf(join(folder, 'checkpoint.json'))) !== undefined) return folder;
  throw new ProcessorError('state', 'CHECKPOINT_UNKNOWN', `there is no checkpoint ${JSON.stringify(id)}`);
}

/** What is wrong with the checkpoint in a folder, for a person; empty if it is sound. Reads all of it. */
export async function verifyCheckpointIn(folder: string): Promise<readonly string[]> {
  let manifest: CheckpointManifest | undefined;
  try {
    manifest = await readManifest(folder);
  } catch (error) {
    if (ProcessorError.is(error, 'state')) return [error.message];
    throw error;
  }
  if (manifest === undefined) return [`${folder} has no checkpoint.json: it is no checkpoint, or was not finished`];
  const faults: string[] = [];
  for (const { name, sizeBytes, crc32 } of manifest.files) {
    const path = join(folder, 'db', name);
    const found = await statOf(path);
    if (found === undefined) faults.push(`${path} is missing`);
    else if (found.size !== sizeBytes) faults.push(`${path} has ${found.size} bytes, not ${sizeBytes}`);
    else if ((await checksumOrFault(path)) !== crc32) faults.push(`${path} was altered: its checksum is wrong`);
  }
  return faults;
}

async function checksumOrFault(path: string): Promise<number | undefined> {
  try {
    return (await checksumOf(path)).crc32;
  } catch (error) {
    // A disk that cannot read it has altered it as well as any other.
    if (errorCode(error) === 'EIO') return undefined;
    throw error;
  }
}

/** @throws ProcessorError CHECKPOINT_CORRUPT if a checkpoint is not sound. */
export async function requireSound(folder: string): Promise<CheckpointManifest> {
  const [fault, ...others] = await verifyCheckpointIn(folder);
  const manifest = fault === undefined ? await readManifest(folder) : undefined;
  if (manifest !== undefined) return manifest;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  const message = `the checkpoint in ${folder} is damaged: ${fault ?? 'it is gone'}${more}. Restore another one`;
  throw new ProcessorError('state', 'CHECKPOINT_CORRUPT', message);
}

/** Removes a checkpoint; nothing happens where there is none. */
export async function deleteCheckpointIn(checkpointPath: string, id: string): Promise<void> {
  if (!isCheckpointId(id) || (await statOf(join(checkpointPath, id))) === undefined) return;
  // Gone in one step, whatever happens while its files are removed.
  const doomed = join(checkpointPath, `.${id}.deleted`);
  await removeDurably(doomed);
  await renameDurably(join(checkpointPath, id), doomed);
  await removeDurably(doomed);
}

/** Gives a finished folder its place as the checkpoint `id`, for what was there. */
export async function putInPlace(checkpointPath: string, finished: string, id: string): Promise<void> {
  const target = join(checkpointPath, id);
  const replaced = join(checkpointPath, `.${id}.replaced`);
  const replaces = (await statOf(target)) !== undefined;
  if (replaces) {
    await removeDurably(replaced);
    await renameDurably(target, replaced);
  }
  await renameDurably(finished, target);
  if (replaces) await removeDurably(replaced);
}

/** Undoes or finishes what a process that ended left half done. Only for the process that has the state. */
export async function tidyCheckpoints(checkpointPath: string): Promise<void> {
  for (const name of await namesIn(checkpointPath)) {
    const path = join(checkpointPath, name);
    const [, id, what] = /^\.(.+)\.(replaced|deleted|partial-\d+)$/.exec(name) ?? [];
    if (id === undefined) continue;
    const isLast = what === 'replaced' && (await statOf(join(checkpointPath, id))) === undefined;
    if (isLast) await renameDurably(path, join(checkpointPath, id));
    else await removeDurably(path);
  }
}
