import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { ByteInput } from './byte-input.ts';
import { HEAD_BYTES, isSameStart, type FileIdentity } from './file-token.ts';
import { FollowedFile } from './followed-file.ts';
import { GzipInput, isGzip } from './gzip-input.ts';
import { passRecent, type GoneFile, type ReadableFile } from './resumption.ts';

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
export async function holdsWhatWasRead(file: ReadableFile, gone: GoneFile): Promise<boolean> {
  const head = await inflatedHead(file);
  return beginsAs(head, gone) && (await reachesPlace(file, gone));
}

/** The first {@link HEAD_BYTES} of a gzip file, inflated; empty where it is none, or is damaged there. */
export async function inflatedHead(file: ReadableFile): Promise<Uint8Array> {
  const input = new GzipInput(file, 0);
  try {
    return await firstBytes(input, HEAD_BYTES);
  } catch (error) {
    nullForFailure(error);
    return new Uint8Array();
  } finally {
    input.close();
  }
}

/** True if inflated bytes are the start of what had been read. */
export function beginsAs(head: Uint8Array, { identity, used }: GoneFile): boolean {
  return used > 0 && identity.headBytes > 0 && isSameStart(identity, head);
}

/** True if a gzip file has, right before the place reached, what had been read there. */
export async function reachesPlace(file: ReadableFile, { used, recent }: GoneFile): Promise<boolean> {
  const input = new GzipInput(file, used - recent.count);
  try {
    await passRecent(file.path, recent, input);
    return true;
  } catch (error) {
    nullForFailure(error);
    return false;
  } finally {
    input.close();
  }
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
