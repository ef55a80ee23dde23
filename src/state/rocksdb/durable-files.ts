import { constants, type Stats } from 'node:fs';
import { copyFile, link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';

const CHUNK_BYTES = 1 << 20;

/** The code of an error of the file system, such as `ENOENT`; undefined for any other. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** What is at a path; undefined where there is nothing. */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The text of a file; undefined where there is none. */
export async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Makes what was written to a file, or the names in a folder, outlive a loss of power. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file whole or not at all, and durably. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(`${path}.partial`, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.partial`, path);
  await sync(dirname(path));
}

/** Removes a file or folder, durably; nothing happens where there is none. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await sync(dirname(path));
}

/** Renames durably, inside one folder. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await sync(dirname(to));
}

/**
 * Makes a folder and those above it, durably; true if it was not there. One at a time, since Node's own recursive mkdir
 * never comes back from some places, /proc among them.
 */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return false;
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
  await sync(dirname(path));
  return true;
}

/** True where a link cannot be made, but a copy may. */
export function mustCopy(error: unknown): boolean {
  return ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errorCode(error) ?? '');
}

/** Gives a file that never changes a second name; copies it where that cannot be. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!mustCopy(error)) throw error;
    await copyDurably(from, to);
  }
}

/** Copies a file, durably. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await sync(to);
}

/** Length and CRC-32 of the bytes of a file, of at most its first `limit`. */
export interface Checksum {
  readonly sizeBytes: number;
  readonly crc32: number;
}

/** Reads a file in pieces, so that the thread can do other work in between. */
export async function checksumOf(
  path: string,
  limit = Infinity,
  each?: (chunk: Uint8Array) => Promise<void>,
): Promise<Checksum> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let [sizeBytes, sum] = [0, 0];
    while (sizeBytes < limit) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(CHUNK_BYTES, limit - sizeBytes), sizeBytes);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      sum = crc32(chunk, sum);
      sizeBytes += bytesRead;
      await each?.(chunk);
    }
    return { sizeBytes, crc32: sum };
  } finally {
    await handle.close();
  }
}

/** Copies the first `limit` bytes of a file, durably, and gives the checksum of what was copied. */
export async function copyPrefix(from: string, to: string, limit: number): Promise<Checksum> {
  const handle = await open(to, 'w');
  try {
    const checksum = await checksumOf(from, limit, async (chunk) => {
      await handle.writeFile(chunk);
    });
    await handle.sync();
    return checksum;
  } finally {
    await handle.close();
  }
}

/** The path of a new name in a folder that no one else uses: `<folder>/<prefix>-<number>`. */
export async function makeNewFolder(folder: string, prefix: string): Promise<string> {
  for (let number = 1; ; number++) {
    const path = join(folder, `${prefix}-${number}`);
    try {
      await mkdir(path);
      return path;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
}
