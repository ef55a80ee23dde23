import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { ByteInput } from './byte-input.ts';
import { isSameFile, isSameStart, type FileIdentity } from './file-token.ts';
import { FollowedFile } from './followed-file.ts';
import { GzipInput, isGzip } from './gzip-input.ts';
import { passRecent, readHead, type ReadableFile, type Resumption } from './resumption.ts';

/** What had been read of a file that is gone. */
export interface GoneFile extends Pick<Resumption, 'used' | 'recent'> {
  readonly identity: FileIdentity;
}

/**
 * A followed file as log rotation has compressed it since: what had not been read of it is read from there, and then it
 * is done with. It goes by the identity that it had, so that it is found the same way after another restart.
 */
export class CompressedFile {
  readonly path: string;
  readonly identity: FileIdentity;
  readonly #file: FollowedFile;

  constructor(file: FollowedFile, identity: FileIdentity) {
    this.#file = file;
    this.path = file.path;
    this.identity = identity;
  }

  /** Its bytes, inflated, from an offset on. */
  inputFrom(offset: number): ByteInput {
    return new GzipInput(this.#file, offset);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** The compressed file beside `path`, such as `app.log.1.gz`, that holds what had been read of one; null if none does. */
export async function findCompressed(path: string, gone: GoneFile): Promise<CompressedFile | null> {
  const folder = dirname(path);
  const names = await readdir(folder);
  for (const name of names.filter((candidate) => candidate.startsWith(basename(path)) && isGzip(candidate))) {
    const file = await FollowedFile.open(join(folder, name)).catch(nullForFailure);
    if (file === null) continue;
    if (await holdsWhatWasRead(file, gone)) return new CompressedFile(file, gone.identity);
    await file.close();
  }
  return null;
}

/** True if a gzip file holds, inflated, what had been read of another: its start, and what lay right before the place reached. */
export async function holdsWhatWasRead(file: ReadableFile, { identity, used, recent }: GoneFile): Promise<boolean> {
  if (used === 0 || identity.headBytes === 0) return false;
  const start = new GzipInput(file, 0);
  const input = new GzipInput(file, used - recent.count);
  try {
    if (!isSameStart(identity, await firstBytes(start, identity.headBytes))) return false;
    await passRecent(file.path, recent, input);
    return true;
  } catch (error) {
    // No gzip, damaged, or of other content: not the one.
    nullForFailure(error);
    return false;
  } finally {
    start.close();
    input.close();
  }
}

/** True if a file is the one that had been read, perhaps grown since. */
export async function beginsAsRead(file: ReadableFile, inode: bigint, { identity }: GoneFile): Promise<boolean> {
  return identity.inode === inode && isSameFile(identity, inode, await readHead(file));
}

async function firstBytes(input: ByteInput, count: number): Promise<Uint8Array> {
  let bytes = Buffer.alloc(0);
  while (bytes.length < count) {
    const piece = await input.next();
    if (piece === null) break;
    bytes = Buffer.concat([bytes, piece.bytes]);
  }
  return bytes.subarray(0, count);
}

function nullForFailure(error: unknown): null {
  if (ProcessorError.is(error, 'source')) return null;
  throw error;
}
