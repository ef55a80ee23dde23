import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf } from '../source-failure.ts';
import { PlainInput, type ByteInput } from './byte-input.ts';
import { fileSystemFailure } from './file-failure.ts';
import { HEAD_BYTES, identityOf, isSameFile, recentOf, type FileIdentity } from './file-token.ts';
import { readHead, type GoneFile, type OpenedFile, type ReadableFile } from './resumption.ts';

const PIECE_BYTES = 262_144;

/**
 * A file held open while it is followed: by its handle it can be read to its end even after it was renamed. Every
 * failure is a SOURCE_FAILED error that names the file.
 */
export class FollowedFile implements ReadableFile {
  #path: string;
  readonly #handle: FileHandle;
  readonly #device: bigint;
  #identity: FileIdentity;
  /** What the file was when it was opened. */
  readonly opened: OpenedFile;

  private constructor(path: string, handle: FileHandle, device: bigint, opened: OpenedFile) {
    this.#path = path;
    this.#handle = handle;
    this.#device = device;
    this.#identity = identityOf(opened.inode, opened.head);
    this.opened = opened;
  }

  /** Null if there is no file of that name. */
  static async open(path: string): Promise<FollowedFile | null> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const lent = handle;
      const { dev, ino, size } = await lent.stat({ bigint: true });
      const head = await readHead({ path, read: (buffer, position) => readAt(lent, buffer, position) });
      return new FollowedFile(path, lent, dev, { inode: ino, sizeBytes: Number(size), head });
    } catch (error) {
      await handle?.close();
      if (codeOf(error) === 'ENOENT') return null;
      throw fileSystemFailure(path, error);
    }
  }

  /** The name that it has, as far as is known. */
  get path(): string {
    return this.#path;
  }

  get identity(): FileIdentity {
    return this.#identity;
  }

  /** Its bytes from an offset on. */
  inputFrom(offset: number): ByteInput {
    return new PlainInput(this, offset, PIECE_BYTES);
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    try {
      return await readAt(this.#handle, buffer, position);
    } catch (error) {
      throw fileSystemFailure(this.path, error);
    }
  }

  /** A file that was short when opened is told from others by more of it once there is more. */
  async learn(readBytes: number): Promise<void> {
    const known = this.#identity.headBytes;
    if (known < HEAD_BYTES && readBytes > known)
      this.#identity = identityOf(this.#identity.inode, await readHead(this));
  }

  /** True if the file no longer holds what had been read of it: cut short, and perhaps written anew since. */
  async wasTruncated(readBytes: number): Promise<boolean> {
    const { size } = await this.#handle.stat().catch((error: unknown) => {
      throw fileSystemFailure(this.path, error);
    });
    if (size < readBytes) return true;
    return size > readBytes && !isSameFile(this.#identity, this.#identity.inode, await readHead(this));
  }

  /** True if another file goes by the name now. While there is none, this one may still be written to. */
  async wasReplaced(): Promise<boolean> {
    try {
      const { dev, ino } = await stat(this.#path, { bigint: true });
      return dev !== this.#device || ino !== this.#identity.inode;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw fileSystemFailure(this.#path, error);
    }
  }

  /** What tells all that it holds now from other files, as if it had been read to its end. */
  async atItsEnd(): Promise<GoneFile> {
    const head = await readHead(this);
    const { size } = await this.#handle.stat();
    const last = Buffer.alloc(Math.min(size, HEAD_BYTES));
    const count = await this.read(last, size - last.length);
    const recent = recentOf(last.subarray(0, count));
    return { identity: identityOf(this.#identity.inode, head), used: size, recent };
  }

  /** It goes by another name now. */
  movedTo(path: string): void {
    this.#path = path;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function readAt(handle: FileHandle, buffer: Buffer, position: number): Promise<number> {
  return (await handle.read(buffer, 0, buffer.length, position)).bytesRead;
}

/** The file that was once at `path` under its new name, such as `app.log.1`: what log rotation leaves. Null if it is gone. */
export async function findRenamed(path: string, identity: FileIdentity): Promise<FollowedFile | null> {
  const folder = dirname(path);
  const names = await readdir(folder);
  for (const name of names.filter((candidate) => candidate.startsWith(basename(path)))) {
    const candidate = join(folder, name);
    const stats = await stat(candidate, { bigint: true }).catch(() => null);
    if (stats?.isFile() !== true || stats.ino !== identity.inode) continue;
    const file = await FollowedFile.open(candidate);
    if (file !== null && isSameFile(identity, file.opened.inode, file.opened.head)) return file;
    await file?.close();
  }
  return null;
}
