import { ProcessorError } from '../../errors/processor-error.ts';
import type { SourcePosition } from '../event-source.ts';
import { earlierWith, isSameFile, parseToken, type FileToken } from './file-token.ts';
import type { FoundFile } from './find-files.ts';
import type { HandlePool } from './handle-pool.ts';
import { readHead } from './resumption.ts';

/** Where reading of a path begins. */
export interface Beginning {
  /** The place to go on at; undefined: at the start of the file that goes by the path now. */
  readonly position: SourcePosition | undefined;
  /** Where it is the start: its offset in the partition. */
  readonly start: number;
  /** And the files that went by the path before. */
  readonly earlier: readonly SourcePosition[];
}

/** A place in a file that was read under some path. */
interface Place {
  readonly path: string;
  readonly position: SourcePosition;
  readonly token: FileToken;
}

/** A file that has been read under another path than that which it goes by now. */
interface MovedFile {
  readonly inode: bigint;
  readonly head: Uint8Array;
  readonly position: SourcePosition;
}

/**
 * Files that were read before, known by what they are and not by their names: one that was renamed is gone on with under
 * its new name, and what goes by the old name is a new file.
 */
export class KnownFiles {
  readonly #positions: ReadonlyMap<string, SourcePosition>;
  readonly #moved: ReadonlyMap<string, MovedFile>;

  private constructor(positions: ReadonlyMap<string, SourcePosition>, moved: ReadonlyMap<string, MovedFile>) {
    this.#positions = positions;
    this.#moved = moved;
  }

  /** Looks at those of the files that may have had another name. @throws ProcessorError SOURCE_FAILED. */
  static async among(
    files: readonly FoundFile[],
    positions: ReadonlyMap<string, SourcePosition>,
    pool: HandlePool,
  ): Promise<KnownFiles> {
    const places = placesOf(positions);
    const inodes = new Map(files.map(({ path, inode }) => [path, inode]));
    const moved = new Map<string, MovedFile>();
    for (const { path, inode } of files) {
      // Another name that the file goes by as well, as by a link, is a partition of its own.
      const elsewhere = places.filter((place) => place.token.inode === inode && inodes.get(place.path) !== inode);
      if (elsewhere.length === 0) continue;
      const file = pool.file(path);
      const head = await readHead(file).finally(() => file.close());
      const own = places.filter((place) => place.path === path && place.token.inode === inode);
      const farthest = [...own, ...elsewhere]
        .filter(({ token }) => isSameFile(token, inode, head))
        .reduce<Place | undefined>((a, b) => (a === undefined || usedOf(b) > usedOf(a) ? b : a), undefined);
      if (farthest !== undefined) moved.set(path, { inode, head, position: farthest.position });
    }
    return new KnownFiles(positions, moved);
  }

  /** Where reading of a path begins. */
  beginningOf(path: string): Beginning {
    const moved = this.#moved.get(path);
    if (moved !== undefined) return { position: moved.position, start: 0, earlier: [] };
    const position = this.#positions.get(path);
    if (position === undefined || !this.#isElsewhere(position, path)) return { position, start: 0, earlier: [] };
    // Counting goes on, so that no two records of the partition have the same offset.
    return { position: undefined, start: position.offset, earlier: earlierWith(position, path) };
  }

  /** True if the file that was read goes by another path now. */
  #isElsewhere(position: SourcePosition, path: string): boolean {
    if (position.token === undefined || this.#moved.size === 0) return false;
    const token = parseToken(position.token, path);
    return Array.from(this.#moved.values()).some(({ inode, head }) => isSameFile(token, inode, head));
  }
}

function usedOf({ position, token }: Place): number {
  return position.offset - token.start;
}

/** All places known. A position that cannot be read is left to the partition, which will refuse it. */
function placesOf(positions: ReadonlyMap<string, SourcePosition>): readonly Place[] {
  const places: Place[] = [];
  for (const [path, position] of positions) {
    try {
      const own = placeOf(path, position);
      if (own === undefined) continue;
      const earlier = own.token.earlier.map((before) => placeOf(path, before));
      places.push(own, ...earlier.filter((place) => place !== undefined));
    } catch (error) {
      if (!ProcessorError.is(error, 'source')) throw error;
    }
  }
  return places;
}

function placeOf(path: string, position: SourcePosition): Place | undefined {
  if (position.token === undefined) return undefined;
  return { path, position, token: parseToken(position.token, path) };
}
