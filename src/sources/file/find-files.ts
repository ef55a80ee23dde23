import { access, constants, stat } from 'node:fs/promises';
import { isAbsolute, normalize } from 'node:path';
import { glob } from 'tinyglobby';
import { ProcessorError } from '../../errors/processor-error.ts';
import { codeOf } from '../source-failure.ts';
import { fileFailure, fileSystemFailure } from './file-failure.ts';
import { isGzip } from './gzip-input.ts';

/** A file to read. */
export interface FoundFile {
  readonly path: string;
  /** When it was looked at. */
  readonly sizeBytes: number;
  readonly inode: bigint;
}

const GZIP_ENDING = '.gz'.length;
/** Files looked at side by side. */
const CONCURRENCY = 32;

/**
 * The files that paths and patterns name, each once, sorted by name. A path that exists is taken as it stands, even if
 * it has characters that mean something in a pattern.
 * @throws ProcessorError SOURCE_NOT_FOUND for a path or pattern without a file, unless `mayBeMissing`;
 * SOURCE_FAILED for what is no file, or may not be read.
 */
export async function findFiles(paths: readonly string[], mayBeMissing: boolean): Promise<readonly FoundFile[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const matches = await matchesOf(path);
    if (matches.length === 0 && !mayBeMissing) throw notFound(path);
    for (const match of matches) found.add(match);
  }
  const sorted = Array.from(found).sort();
  const files: FoundFile[] = [];
  for (let at = 0; at < sorted.length; at += CONCURRENCY) {
    const looked = await Promise.all(sorted.slice(at, at + CONCURRENCY).map((path) => lookAt(path, mayBeMissing)));
    files.push(...looked.filter((file) => file !== null));
  }
  return files;
}

async function matchesOf(path: string): Promise<readonly string[]> {
  try {
    await stat(path);
    return [normalize(path)];
  } catch (error) {
    // Where permissions forbid to look, the literal path is still the best name for what is wrong.
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw fileSystemFailure(path, error);
  }
  return glob(path, { expandDirectories: false, absolute: isAbsolute(path) });
}

async function lookAt(path: string, mayBeMissing: boolean): Promise<FoundFile | null> {
  try {
    const stats = await stat(path, { bigint: true });
    if (stats.isDirectory()) {
      const pattern = `${path.replace(/\/+$/, '')}/*.ndjson`;
      throw fileFailure(path, `it is a directory; to read the files in it, give a pattern such as "${pattern}"`);
    }
    if (!stats.isFile())
      throw fileFailure(path, 'it is a pipe, socket or device, not a file; pipe it into stdin instead');
    await access(path, constants.R_OK);
    return { path, sizeBytes: Number(stats.size), inode: stats.ino };
  } catch (error) {
    // Moved away since it was found: if it is to be followed, it will be looked for again.
    if (mayBeMissing && codeOf(error) === 'ENOENT') return null;
    throw fileSystemFailure(path, error);
  }
}

/** Those without the compressed ones beside which there still is what they are made of: they are being written. */
export function withoutUnfinished(files: readonly FoundFile[]): readonly FoundFile[] {
  const names = new Set(files.map(({ path }) => path));
  return files.filter(({ path }) => !isGzip(path) || !names.has(path.slice(0, -GZIP_ENDING)));
}

/** True while a file goes by the name under which it was found. */
export async function isThere({ path, inode }: Pick<FoundFile, 'path' | 'inode'>): Promise<boolean> {
  const stats = await stat(path, { bigint: true }).catch(() => null);
  return stats?.ino === inode;
}

function notFound(path: string): ProcessorError {
  return new ProcessorError(
    'source',
    'SOURCE_NOT_FOUND',
    `no file matches "${path}" (looked for from the folder ${process.cwd()}); check the path, or set follow to wait for files to appear`,
  );
}
