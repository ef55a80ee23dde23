import { ProcessorError } from '../../errors/processor-error.ts';
import type { SourcePosition } from '../event-source.ts';
import { beginsAs, inflatedHead, reachesPlace } from './compressed-file.ts';
import { isGzip } from './gzip-input.ts';
import { isSameFile, parseToken, type FileToken } from './file-token.ts';
import type { FoundFile } from './find-files.ts';
import type { HandlePool } from './handle-pool.ts';
import { readHead } from './resumption.ts';

/** How far a file has been read. */
interface Place {
  /** Id of its partition. */
  readonly id: string;
  readonly token: FileToken;
  readonly used: number;
}

/**
 * Gives files the ids of their partitions. A file that was read before keeps its id under whatever name it goes by now,
 * also where it was compressed since: position and watermark are kept under that. Any other has its path for an id;
 * where that is the id of a file which goes by another name now, it is `path#2`, `path#3` and so on.
 */
export class KnownFiles {
  readonly #positions: ReadonlyMap<string, SourcePosition>;
  readonly #ids: Map<string, string>;
  readonly #compressed: ReadonlySet<string>;
  readonly #taken: Set<string>;

  private constructor(
    positions: ReadonlyMap<string, SourcePosition>,
    ids: Map<string, string>,
    compressed: ReadonlySet<string>,
  ) {
    this.#positions = positions;
    this.#ids = ids;
    this.#compressed = compressed;
    this.#taken = new Set(ids.values());
  }

  /** Looks at those of the files that may have had another name. @throws ProcessorError SOURCE_FAILED. */
  static async among(
    files: readonly FoundFile[],
    positions: ReadonlyMap<string, SourcePosition>,
    pool: HandlePool,
  ): Promise<KnownFiles> {
    const places = placesOf(positions);
    const ids = await renamed(files, places, pool);
    const known = new Set(ids.values());
    const compressed = await compressedSince(
      files.filter(({ path }) => isGzip(path) && !ids.has(path)),
      places.filter(({ id }) => !known.has(id)),
      pool,
    );
    return new KnownFiles(positions, new Map([...ids, ...compressed]), new Set(compressed.keys()));
  }

  /** True for a file that holds, compressed, what was read of one that is gone. */
  wasCompressed(path: string): boolean {
    return this.#compressed.has(path);
  }

  /** The id of the partition of a file; no two have the same. Once for each file. */
  idOf(path: string): string {
    const known = this.#ids.get(path);
    this.#ids.delete(path);
    if (known !== undefined) return known;
    let id = path;
    // The last file that had the path is either one that goes by another now, or should be there still.
    for (let n = 2; this.#taken.has(id) || this.#positions.has(`${path}#${String(n)}`); n += 1) {
      id = `${path}#${String(n)}`;
    }
    this.#taken.add(id);
    return id;
  }
}

/** The ids of the files that were read before, by their paths of now. */
async function renamed(
  files: readonly FoundFile[],
  places: readonly Place[],
  pool: HandlePool,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  const byInode = new Map<bigint, Place[]>();
  for (const place of places) {
    const others = byInode.get(place.token.inode);
    if (others === undefined) byInode.set(place.token.inode, [place]);
    else others.push(place);
  }
  const inodes = new Map(files.map(({ path, inode }) => [path, inode]));
  for (const { path, inode } of files) {
    // Another name of the same file, as by a link, is a partition of its own.
    const candidates = (byInode.get(inode) ?? []).filter(({ id }) => id === path || inodes.get(id) !== inode);
    if (candidates.length === 0) continue;
    const file = pool.file(path);
    const head = await readHead(file);
    await file.close();
    const same = candidates.filter(({ token }) => isSameFile(token, inode, head));
    const [first] = same.toSorted((a, b) => b.used - a.used);
    if (first !== undefined) ids.set(path, first.id);
  }
  return ids;
}

/** The ids of compressed files that hold what was read of files which are gone; one for each of these. */
async function compressedSince(
  files: readonly FoundFile[],
  gone: readonly Place[],
  pool: HandlePool,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  const left = new Set(gone.map(({ id, token, used }) => ({ id, identity: token, recent: token.recent, used })));
  for (const { path } of files) {
    if (left.size === 0) break;
    const file = pool.file(path);
    // Once, however many files are gone.
    const head = await inflatedHead(file);
    for (const place of left) {
      if (!beginsAs(head, place) || !(await reachesPlace(file, place))) continue;
      ids.set(path, place.id);
      left.delete(place);
      break;
    }
    await file.close();
  }
  return ids;
}

/** All places known. A position that cannot be read is left to the partition, which will refuse it. */
function placesOf(positions: ReadonlyMap<string, SourcePosition>): readonly Place[] {
  const places: Place[] = [];
  for (const [id, { offset, token: text }] of positions) {
    if (text === undefined) continue;
    try {
      const token = parseToken(text, id);
      places.push({ id, token, used: offset - token.start });
    } catch (error) {
      if (!ProcessorError.is(error, 'source')) throw error;
    }
  }
  return places;
}
