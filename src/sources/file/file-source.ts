import { isDynamicPattern } from 'tinyglobby';
import { ProcessorError } from '../../errors/processor-error.ts';
import { parseDuration, type Duration } from '../../time/duration.ts';
import type { Millis } from '../../time/instant.ts';
import type { EventSource, OpenSource, SourceContext } from '../event-source.ts';
import { formatOfPath, type StreamFormat } from '../framing/stream-format.ts';
import { FilePartition, type ReadAheadSize } from './file-partition.ts';
import { findFiles, withoutUnfinished, type FoundFile } from './find-files.ts';
import { FollowedPartition } from './followed-partition.ts';
import { isGzip } from './gzip-input.ts';
import { HandlePool } from './handle-pool.ts';
import { KnownFiles } from './known-files.ts';
import { NewFiles, type FollowedAmong } from './new-files.ts';

/** Handles open at once, however many files there are. Followed files need one each, and are not counted. */
const MAX_OPEN_HANDLES = 64;
/** Bytes read ahead of the pipeline, over all files, as far as pieces of a sensible size allow. */
const READ_AHEAD_BYTES = 67_108_864;
const READ_AHEAD_PIECES = 4;
const MIN_PIECE_BYTES = 8192;
const MAX_PIECE_BYTES = 262_144;
/** At files whose names do not come to rest. */
const MAX_LOOKS = 10;

/** How a {@link FileSource} reads its files, and whether it stays with them. */
export interface FileSourceOptions {
  /** Default: by the ending of each file: `.json`, `.csv`, else NDJSON; a further `.gz` is looked through. */
  readonly format?: StreamFormat;
  /** Goes on with what is appended, and with files that appear later, instead of ending. Default false. */
  readonly follow?: boolean;
  /** How often followed files, and the paths, are looked at. Default 500 ms. */
  readonly pollInterval?: Duration;
}

/**
 * Reads files: each is one partition, whose id is its path; offsets are bytes, counted after decompression. Files
 * whose names end in `.gz` are inflated. Names are paths or patterns (`events/**\/*.ndjson`).
 *
 * Without `follow` each file is read to its end, and a path without a file is an error. With it, the source waits for
 * files, reads what is appended to them, and keeps up with rotation by renaming, compressing and truncation, whether the
 * paths match the names that it gives or not. Files that were compressed when they appeared are read once.
 *
 * After a restart reading goes on at the committed offset. A file is known by its inode and its first KiB, whatever it is
 * called by then, and keeps the id of its partition; what goes by its old name has `path#2` for an id. One that was
 * compressed since is known by what it holds: the first KiB, and the last one before the offset. A file that was cut,
 * replaced or changed is an error, SOURCE_CHANGED; of what lies below the offset the last KiB is looked at.
 */
export class FileSource implements EventSource {
  readonly name = 'file';
  readonly #paths: readonly string[];
  readonly #format: StreamFormat | undefined;
  readonly #follow: boolean;
  readonly #pollIntervalMs: Millis;

  /** @throws ProcessorError CONFIG_INVALID for no paths, DURATION_INVALID. */
  constructor(paths: string | readonly string[], options: FileSourceOptions = {}) {
    this.#paths = typeof paths === 'string' ? [paths] : Array.from(paths);
    this.#format = options.format;
    this.#follow = options.follow ?? false;
    this.#pollIntervalMs = parseDuration(options.pollInterval ?? 500, 'pollInterval');
    if (this.#paths.length === 0 || this.#paths.some((path) => path === '')) {
      throw new ProcessorError(
        'configuration',
        'CONFIG_INVALID',
        'a file source needs at least one path, and no empty one',
      );
    }
    if (this.#pollIntervalMs === 0) {
      throw new ProcessorError('configuration', 'CONFIG_INVALID', 'pollInterval must be at least 1 ms');
    }
  }

  /** @throws ProcessorError SOURCE_NOT_FOUND, SOURCE_FAILED. */
  async open(context: SourceContext): Promise<OpenSource> {
    const pool = new HandlePool(MAX_OPEN_HANDLES);
    const { files, known } = await this.#find(context, pool);
    const size = readAheadSize(files.length);
    const partitions: FileSourcePartition[] = [];
    const newFiles = new NewFiles(this.#paths, files, () => partitions, this.#pollIntervalMs, context);
    const mayRename = this.#paths.some((path) => isDynamicPattern(path));
    const among: FollowedAmong = {
      pool,
      mayRename,
      isRead: (path, inode) => newFiles.isRead(path, inode),
      isTaken: (partition) => newFiles.isTaken(partition),
    };
    const { clock, signal } = context;
    // The end of all that is there is not the end of an input that is followed: the newest partition waits for another.
    const mayEnd = async (one: FilePartition): Promise<void> => {
      const isNewest = (): boolean => partitions.at(-1) === one;
      while (this.#follow && !signal.aborted && isNewest()) await clock.sleep(this.#pollIntervalMs, signal);
    };
    const lookAround = (): Promise<unknown> => newFiles.look();
    const create = (file: FoundFile): FileSourcePartition => {
      const id = known.idOf(file.path);
      const format = this.#format ?? formatOfPath(id === file.path ? id : firstNameOf(id));
      return this.#follow && !isGzip(file.path)
        ? new FollowedPartition(id, file, format, this.#pollIntervalMs, context, among)
        : new FilePartition(id, file, pool, context, {
            format,
            size,
            wasCompressed: known.wasCompressed(file.path),
            lookAround,
            mayEnd,
          });
    };
    partitions.push(...files.map(create));
    if (!this.#follow) return { partitions, close: () => closeAll(partitions) };
    if (partitions.length === 0) context.logger.info({ paths: this.#paths }, 'no file matches yet: waiting for one');
    newFiles.watch();
    return {
      partitions: partitions.slice(),
      newPartitions: () => {
        const found = newFiles.take();
        const created = found.map(create);
        for (const partition of partitions) {
          if (partition instanceof FollowedPartition) for (const { path } of found) partition.succeededAt(path);
        }
        partitions.push(...created);
        return created;
      },
      close: async () => {
        await newFiles.stop();
        await closeAll(partitions);
      },
    };
  }

  /** The files, and what is known of them; looked at again where rotation gave them other names meanwhile. */
  async #find(context: SourceContext, pool: HandlePool): Promise<{ files: readonly FoundFile[]; known: KnownFiles }> {
    for (let looks = 1; ; looks += 1) {
      const found = await findFiles(this.#paths, this.#follow);
      // What is being compressed is left for later.
      const files = this.#follow ? withoutUnfinished(found) : found;
      const known = await KnownFiles.among(files, context.positions, pool);
      const isSteady = isSameList(found, await findFiles(this.#paths, this.#follow));
      if (isSteady || looks === MAX_LOOKS) return { files, known };
    }
  }
}

function isSameList(some: readonly FoundFile[], others: readonly FoundFile[]): boolean {
  const namesOf = (files: readonly FoundFile[]): string =>
    files.map(({ path, inode }) => `${inode} ${path}`).join('\n');
  return namesOf(some) === namesOf(others);
}

/** The name that a file had when it was first read: rotation may have taken the ending that tells its format. */
function firstNameOf(id: string): string {
  return id.replace(/#\d+$/, '');
}

type FileSourcePartition = FilePartition | FollowedPartition;

async function closeAll(partitions: readonly FileSourcePartition[]): Promise<void> {
  for (const partition of partitions) await partition.close();
}

/** With many files each reads ahead less, so that all of them together stay within bounds. */
function readAheadSize(files: number): ReadAheadSize {
  const share = READ_AHEAD_BYTES / Math.max(1, files);
  const pieceBytes = Math.floor(Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, share / READ_AHEAD_PIECES)));
  return { pieceBytes, pieces: Math.min(READ_AHEAD_PIECES, Math.max(1, Math.floor(share / pieceBytes))) };
}
