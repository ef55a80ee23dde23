import { ProcessorError } from '../../errors/processor-error.ts';
import type { SourcePosition } from '../event-source.ts';
import { beginsAs, inflatedHead, reachesPlace, type ReadPlace } from './compressed-form.ts';
import { isGzip } from './file-partition.ts';
import { isSameFile, parseToken } from './file-token.ts';
import type { FoundFile } from './find-files.ts';
import type { HandlePool } from './handle-pool.ts';
import { readHead } from './resumption.ts';

/** How far a file has been read. */
interface Place extends ReadPlace {
  /** Id of its partition. */
  readonly id: string;
}

/**
 * Gives files the ids of their partitions. A file that was read before keeps its id under whatever name it goes by now:
 * position and watermark are kept under that. Any other has its path for an id; where that is the id of a file
 * which goes by another name now, it is `path#2`, `path#3` and so on.
 */
export class KnownFiles {
  /** The files to read: all that were given but for compressed forms of others among them. */
  readonly files: readonly FoundFile[];
  readonly #positions: ReadonlyMap<string, SourcePosition>;
  readonly #ids: Map<string, string>;
  readonly #taken: Set<string>;
  readonly #places: ReadonlyMap<string, Place>;

  private constructor(
    files: readonly FoundFile[],
    positions: ReadonlyMap<string, SourcePosition>,
    ids: Map<string, string>,
    places: readonly Place[],
  ) {
    this.files = files;
    this.#positions = positions;
    this.#ids = ids;
    this.#taken = new Set(ids.values());
    this.#places = new Map(places.map((place) => [place.id, place]));
  }

  /**
   * Looks at those of the files that may have had another name, or may have been compressed.
   * @param mayGrow whether a compressed file may be one that is still being written.
   * @throws ProcessorError SOURCE_FAILED.
   */
  static async among(
    files: readonly FoundFile[],
    positions: ReadonlyMap<string, SourcePosition>,
    pool: HandlePool,
    mayGrow: boolean,
  ): Promise<KnownFiles> {
    const places = placesOf(positions);
    const ids = await idsOfRenamed(files, places, pool);
    const known: FoundFile[] = [];
    for (const file of files) {
      const place = ids.has(file.path) ? undefined : await compressedPlace(file, places, pool);
      const isThere = place !== undefined && new Set(ids.values()).has(place.id);
      if (place === undefined || (!place.isReached && !(isThere && mayGrow))) {
        known.push(file);
      } else if (!isThere) {
        ids.set(file.path, place.id);
        known.push({ ...file, wasCompressed: true });
      }
    }
    return new KnownFiles(known, positions, ids, places);
  }

  /** How far a partition had come in an earlier run; null where nothing is known of it. */
  placeOf(id: string): ReadPlace | null {
    return this.#places.get(id) ?? null;
  }

  /** The id of the partition of a file; no two have the same. Once for each file. */
  idOf(path: string): string {
    const known = this.#ids.get(path);
    // Another file that is to go by the name later is another partition.
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

/** Ids of files that go by the name that they had, or by another one. */
async function idsOfRenamed(
  files: readonly FoundFile[],
  places: readonly Place[],
  pool: HandlePool,
): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  const byInode = new Map<bigint, Place[]>();
  for (const place of places) {
    const others = byInode.get(place.identity.inode);
    if (others === undefined) byInode.set(place.identity.inode, [place]);
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
    const same = candidates.filter(({ identity }) => isSameFile(identity, inode, head));
    const [first] = same.toSorted((a, b) => b.used - a.used);
    if (first !== undefined) ids.set(path, first.id);
  }
  return ids;
}

/** The place reached in a file, of which this is the compressed form, or may become it where it is not reached. */
async function compressedPlace(
  { path }: FoundFile,
  places: readonly Place[],
  pool: HandlePool,
): Promise<(Place & { readonly isReached: boolean }) | undefined> {
  if (!isGzip(path) || places.length === 0) return undefined;
  const file = pool.file(path);
  try {
    const head = await inflatedHead(file);
    const alike = head === null ? [] : places.filter(({ identity }) => beginsAs(head, identity));
    for (const place of alike) if (await reachesPlace(file, place)) return { ...place, isReached: true };
    const [first] = alike;
    return first === undefined ? undefined : { ...first, isReached: false };
  } finally {
    await file.close();
  }
}

/** All places known. A position that cannot be read is left to the partition, which will refuse it. */
function placesOf(positions: ReadonlyMap<string, SourcePosition>): readonly Place[] {
  const places: Place[] = [];
  for (const [id, { offset, token: text }] of positions) {
    if (text === undefined) continue;
    try {
      const token = parseToken(text, id);
      places.push({ id, identity: token, used: offset - token.start, recent: token.recent });
    } catch (error) {
      if (!ProcessorError.is(error, 'source')) throw error;
    }
  }
  return places;
}
