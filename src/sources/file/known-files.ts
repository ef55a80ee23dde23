import { ProcessorError } from '../../errors/processor-error.ts';
import type { SourcePosition } from '../event-source.ts';
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
 * Gives files the ids of their partitions. A file that was read before keeps its id under whatever name it goes by now:
 * position and watermark are kept under that. Any other has its path for an id; where that is the id of a file
 * which goes by another name now, it is `path#2`, `path#3` and so on.
 */
export class KnownFiles {
  readonly #positions: ReadonlyMap<string, SourcePosition>;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #taken: Set<string>;

  private constructor(positions: ReadonlyMap<string, SourcePosition>, ids: ReadonlyMap<string, string>) {
    this.#positions = positions;
    this.#ids = ids;
    this.#taken = new Set(ids.values());
  }

  /** Looks at those of the files that may have had another name. @throws ProcessorError SOURCE_FAILED. */
  static async among(
    files: readonly FoundFile[],
    positions: ReadonlyMap<string, SourcePosition>,
    pool: HandlePool,
  ): Promise<KnownFiles> {
    const ids = new Map<string, string>();
    const byInode = placesOf(positions);
    const inodes = new Map(files.map(({ path, inode }) => [path, inode]));
    for (const { path, inode } of files) {
      // Another name of the same file, as by a link, is a partition of its own.
      const places = (byInode.get(inode) ?? []).filter(({ id }) => id === path || inodes.get(id) !== inode);
      if (places.length === 0) continue;
      const file = pool.file(path);
      const head = await readHead(file);
      await file.close();
      const same = places.filter(({ token }) => isSameFile(token, inode, head));
      const [first] = same.toSorted((a, b) => b.used - a.used);
      if (first !== undefined) ids.set(path, first.id);
    }
    return new KnownFiles(positions, ids);
  }

  /** The id of the partition of a file; no two have the same. Once for each path. */
  idOf(path: string): string {
    const known = this.#ids.get(path);
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

/** All places known, by inode number. A position that cannot be read is left to the partition, which will refuse it. */
function placesOf(positions: ReadonlyMap<string, SourcePosition>): ReadonlyMap<bigint, readonly Place[]> {
  const places = new Map<bigint, Place[]>();
  for (const [id, { offset, token: text }] of positions) {
    if (text === undefined) continue;
    try {
      const token = parseToken(text, id);
      const place = { id, token, used: offset - token.start };
      const others = places.get(token.inode);
      if (others === undefined) places.set(token.inode, [place]);
      else others.push(place);
    } catch (error) {
      if (!ProcessorError.is(error, 'source')) throw error;
    }
  }
  return places;
}
