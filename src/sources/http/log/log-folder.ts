import { mkdir, open, readdir, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** What is asked of an open file: the part of Node's `FileHandle` that the log needs. */
export type LogFile = Pick<FileHandle, 'read' | 'write' | 'truncate' | 'datasync' | 'stat' | 'close'>;

/** The folder of a log, as far as the log needs it. Nothing in it is sure to outlive a loss of power before a sync. */
export interface LogFolder {
  /** For messages. */
  readonly path: string;
  /** Names of what is in it, in no order. */
  list(): Promise<readonly string[]>;
  /** A new, empty file for reading and writing; fails where there is one of that name. */
  create(name: string): Promise<LogFile>;
  /** A file that is there, for reading and writing. */
  open(name: string): Promise<LogFile>;
  remove(name: string): Promise<void>;
  /** Resolves when the disk has which files there are. */
  sync(): Promise<void>;
}

/** {@link LogFolder} on the file system; makes the folder, and those above it, where they are not there. */
export async function openLogFolder(path: string): Promise<LogFolder> {
  const folder = resolve(path);
  const firstCreated = await mkdir(folder, { recursive: true });
  if (firstCreated !== undefined) {
    for (let at = folder; at !== dirname(firstCreated); at = dirname(at)) await syncFolder(dirname(at));
  }
  return {
    path: folder,
    list: () => readdir(folder),
    create: (name) => open(join(folder, name), 'wx+'),
    open: (name) => open(join(folder, name), 'r+'),
    remove: (name) => unlink(join(folder, name)),
    sync: () => syncFolder(folder),
  };
}

/** Writes all of the bytes from a place in the file on. */
export async function writeAll(file: LogFile, bytes: Uint8Array, at: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    if (bytesWritten === 0) throw new Error('the file takes no more bytes');
    done += bytesWritten;
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows has no such thing as syncing a folder.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
