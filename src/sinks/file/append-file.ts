import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

const NEWLINE = 10;
const TAIL_BYTES = 65_536;

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
async function makeFolder(folder: string): Promise<string | undefined> {
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

/**
 * A file of lines that grows at its end. An append is all or nothing: what a failed one has left behind is cut off
 * before the next, so the file never holds half a line or a line twice. One writer only.
 */
export class AppendFile {
  readonly #handle: AppendHandle;
  /** Length up to which the file is good. */
  #length: number;
  /** True while the file may hold more than is good. */
  #torn = false;

  private constructor(handle: AppendHandle, length: number) {
    this.#handle = handle;
    this.#length = length;
  }

  /** Opens a file; `cutBytes` is what was cut off its end, half a line that an earlier process had left. */
  static async open(path: string, openHandle: OpenHandle): Promise<{ file: AppendFile; cutBytes: number }> {
    const handle = await openHandle(path);
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw new Error('it is not a regular file');
      const length = await lengthOfWholeLines(handle, found.size);
      if (length < found.size) await handle.truncate(length);
      return { file: new AppendFile(handle, length), cutBytes: found.size - length };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Appends whole lines; resolves when the disk has them. Checks `signal` at each step, the last one included: where
   * it has aborted, nothing stays behind and the append rejects with the signal's reason.
   */
  async append(lines: Iterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    if (this.#torn) await this.#repair();
    // Whoever empties the file (log rotation by copy and truncate) moves its end.
    this.#length = (await this.#handle.stat()).size;
    let length = this.#length;
    this.#torn = true;
    try {
      for (const bytes of lines) {
        signal.throwIfAborted();
        length += await this.#writeAll(bytes);
      }
      await this.#handle.datasync();
      signal.throwIfAborted();
    } catch (error) {
      await this.#repair().catch(() => undefined); // The next append tries again, and reports it.
      throw error;
    }
    this.#length = length;
    this.#torn = false;
  }

  async close(): Promise<void> {
    try {
      if (this.#torn) await this.#repair();
    } finally {
      await this.#handle.close();
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<number> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
      if (bytesWritten === 0) throw new Error('the file takes no more bytes');
      done += bytesWritten;
    }
    return done;
  }

  async #repair(): Promise<void> {
    const { size } = await this.#handle.stat();
    if (size > this.#length) await this.#handle.truncate(this.#length);
    this.#torn = false;
  }
}

/** Where the last whole line of a file ends; read from its end. */
async function lengthOfWholeLines(handle: AppendHandle, size: number): Promise<number> {
  const buffer = Buffer.alloc(Math.min(TAIL_BYTES, size));
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - buffer.length);
    const { bytesRead } = await handle.read(buffer, 0, end - start, start);
    if (bytesRead < end - start) throw new Error('it changed while it was read');
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
}
