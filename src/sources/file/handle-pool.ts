import { open, type FileHandle } from 'node:fs/promises';
import { fileFailure, fileSystemFailure } from './file-failure.ts';

/**
 * Files that are read by turns through a bounded number of open handles: thousands can be under way at once. A handle
 * that is not in use may be closed for another file, the one idle longest first, and is opened again when needed.
 */
export class HandlePool {
  readonly #limit: number;
  /** Handles that nobody uses at the moment, longest idle first. */
  readonly #idle = new Map<PooledFile, FileHandle>();
  readonly #waiting: (() => void)[] = [];
  #open = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A file of this pool. Nothing is opened yet. */
  file(path: string): PooledFile {
    return new PooledFile(path, this);
  }

  /** Handles that are open. */
  get openHandles(): number {
    return this.#open;
  }

  /** Lends a handle of the file for an action; waits for one if all are in use. One action a file at a time. */
  async use<R>(file: PooledFile, action: (handle: FileHandle) => Promise<R>): Promise<R> {
    const handle = await this.#acquire(file);
    try {
      return await action(handle);
    } finally {
      this.#idle.set(file, handle);
      if (file.closed) await this.close(file);
      this.#waiting.shift()?.();
    }
  }

  /** Closes the file's handle, if it is open and not in use. */
  async close(file: PooledFile): Promise<void> {
    const handle = this.#idle.get(file);
    if (handle === undefined) return;
    this.#idle.delete(file);
    try {
      await handle.close();
    } finally {
      this.#open -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #acquire(file: PooledFile): Promise<FileHandle> {
    while (!this.#idle.has(file) && this.#open >= this.#limit) {
      const longestIdle = this.#idle.keys().next();
      if (longestIdle.done !== true) await this.close(longestIdle.value);
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const idle = this.#idle.get(file);
    if (idle !== undefined) {
      this.#idle.delete(file);
      return idle;
    }
    this.#open += 1;
    try {
      return await file.openHandle();
    } catch (error) {
      this.#open -= 1;
      this.#waiting.shift()?.();
      throw error;
    }
  }
}

/** A file of a {@link HandlePool}. One call at a time. Every failure is a SOURCE_FAILED error that names the file. */
export class PooledFile {
  readonly path: string;
  readonly #pool: HandlePool;
  #closed = false;
  #opened: { readonly device: bigint; readonly inode: bigint } | null = null;

  constructor(path: string, pool: HandlePool) {
    this.path = path;
    this.#pool = pool;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Fills the buffer from `position` on; returns the number of bytes read, 0 at the end of the file. */
  read(buffer: Buffer, position: number): Promise<number> {
    return this.#use(async (handle) => (await handle.read(buffer, 0, buffer.length, position)).bytesRead);
  }

  /** Size and inode number. */
  stat(): Promise<{ readonly sizeBytes: number; readonly inode: bigint }> {
    return this.#use(async (handle) => {
      const stats = await handle.stat({ bigint: true });
      return { sizeBytes: Number(stats.size), inode: stats.ino };
    });
  }

  /** Gives the handle up. A call under way ends as it would have. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.close(this);
  }

  /** For the pool. */
  async openHandle(): Promise<FileHandle> {
    const handle = await open(this.path, 'r');
    const { dev: device, ino: inode } = await handle.stat({ bigint: true });
    const before = (this.#opened ??= { device, inode });
    if (before.device === device && before.inode === inode) return handle;
    await handle.close();
    throw fileFailure(this.path, 'it was replaced by another file while it was being read; set follow for such files');
  }

  async #use<R>(action: (handle: FileHandle) => Promise<R>): Promise<R> {
    try {
      return await this.#pool.use(this, action);
    } catch (error) {
      throw fileSystemFailure(this.path, error);
    }
  }
}
