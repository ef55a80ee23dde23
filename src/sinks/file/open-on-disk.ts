import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** What is asked of an open file: the part of Node's `FileHandle` that appending needs. */
export type AppendHandle = Pick<FileHandle, 'read' | 'write' | 'truncate' | 'datasync' | 'stat' | 'close'>;

/** Opens a file for reading and appending, and creates it, with its folders, where it is not there. */
export type OpenHandle = (path: string) => Promise<AppendHandle>;

/** {@link OpenHandle} on the file system. Folders are synced with what is new in them, to outlive a loss of power. */
export const openOnDisk: OpenHandle = async (path) => {
  const folder = resolve(dirname(path));
  const firstCreated = await makeFolder(folder);
  const handle = await open(path, 'a+');
  // Windows has no such thing as syncing a folder.
  if (process.platform === 'win32' || (await handle.stat()).size > 0) return handle;
  const last = firstCreated === undefined ? folder : dirname(firstCreated);
  for (let at = folder; ; at = dirname(at)) {
    await syncFolder(at);
    if (at === last || at === dirname(at)) return handle;
  }
};

/**
 * Makes a folder and those above it; returns the topmost that was new. One at a time, since Node's own recursive mkdir
 * never comes back from some places, /proc among them.
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder);
    return folder;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') {
      if ((await stat(folder)).isDirectory()) return undefined;
      throw new Error(`${folder} is a file, not a folder; choose another path`, { cause: error });
    }
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
  }
  const above = await makeFolder(dirname(folder));
  await mkdir(folder);
  return above ?? folder;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
