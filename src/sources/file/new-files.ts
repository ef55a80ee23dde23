import type { Millis } from '../../time/instant.ts';
import type { SourceContext } from '../event-source.ts';
import type { HandlePool } from './handle-pool.ts';
import { findFiles, isThere, withoutUnfinished, type FoundFile } from './find-files.ts';

/** A partition whose file may be given other names while it is read. */
export interface Renameable {
  /** The name that its file has, as far as is known. */
  readonly path: string;
  /** Of what goes by that name. */
  readonly inode: bigint;
  /** True if a name that has appeared is one that its file goes by now; it then follows it under that. */
  takesName(found: FoundFile): Promise<boolean>;
  /** True if it is at its end, and a file that goes by its name now is another. */
  hasLeft(found: FoundFile): Promise<boolean>;
}

/** What a partition knows of the others of its source. */
export interface FollowedAmong {
  readonly pool: HandlePool;
  /** False where the source reads no names but those that it was given. */
  readonly mayRename: boolean;
  /** See {@link NewFiles.isRead}. */
  isRead(path: string, inode: bigint): void;
  /** See {@link NewFiles.isTaken}. */
  isTaken(partition: Renameable): Promise<boolean>;
}

/** Looks, again and again, for files that have appeared under some paths. */
export class NewFiles {
  readonly #paths: readonly string[];
  /** Names and what goes by them, as far as somebody reads it. */
  readonly #known: Map<string, bigint>;
  readonly #partitions: () => readonly Renameable[];
  readonly #pollIntervalMs: Millis;
  readonly #context: SourceContext;
  readonly #stop = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  #found: FoundFile[] = [];
  #looking: Promise<unknown> = Promise.resolve();

  /** `partitions`: those that there are by now. */
  constructor(
    paths: readonly string[],
    known: readonly FoundFile[],
    partitions: () => readonly Renameable[],
    pollIntervalMs: Millis,
    context: SourceContext,
  ) {
    this.#paths = paths;
    this.#partitions = partitions;
    this.#known = new Map(known.map(({ path, inode }) => [path, inode]));
    this.#pollIntervalMs = pollIntervalMs;
    this.#context = context;
  }

  /** Begins to look. */
  watch(): void {
    this.#watching = this.#watch();
  }

  /** The files that have appeared since the last call, sorted by name at each look. */
  take(): readonly FoundFile[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** Stops looking, and waits until that is so. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { clock, logger } = this.#context;
    const signal = AbortSignal.any([this.#stop.signal, this.#context.signal]);
    while (!signal.aborted) {
      await clock.sleep(this.#pollIntervalMs, signal);
      if (signal.aborted) return;
      try {
        await this.look();
      } catch (error) {
        // Of the files there are none is concerned; the next look may succeed.
        logger.warn({ err: error }, 'cannot look for new files: will try again');
      }
    }
  }

  /**
   * Looks now, because another file goes by the name of a partition. True if that one is followed by another partition
   * already; its own may have got another name by then.
   */
  async isTaken(partition: Renameable): Promise<boolean> {
    const { path } = partition;
    const found = (await this.look()).find((file) => file.path === path);
    if (found === undefined || partition.path !== path) return false;
    return this.#isOwned(found, partition);
  }

  /** A partition reads the file that goes by a name now. */
  isRead(path: string, inode: bigint): void {
    this.#known.set(path, inode);
  }

  /** Looks now; then no name that has appeared by now is unknown. Gives all files that there are. */
  look(): Promise<readonly FoundFile[]> {
    // One after the other: a name is given out once.
    const looked = this.#looking.then(() => this.#look());
    this.#looking = looked.catch(() => undefined);
    return looked;
  }

  async #look(): Promise<readonly FoundFile[]> {
    const files = await findFiles(this.#paths, true);
    await this.#forgetLeft(files);
    const whole = withoutUnfinished(files);
    // A partition that takes a name lets go of another, which may be that of the next one's file: `app.log.1` of `app.log`.
    for (let isOver = false; !isOver;) {
      isOver = true;
      for (const file of whole) {
        if (this.#known.has(file.path)) continue;
        const isOwned = await this.#isOwned(file);
        // One that was renamed meanwhile may have been taken for another: the next look tells.
        if (!isOwned && !(await isThere(file))) continue;
        this.#known.set(file.path, file.inode);
        if (!isOwned) this.#found.push(file);
        if (isOwned) isOver = false;
      }
    }
    return files;
  }

  /** Forgets names that are known for files which had them and have been read to their end, but that are those of others now. */
  async #forgetLeft(files: readonly FoundFile[]): Promise<void> {
    const owners = new Map<string, Renameable[]>();
    for (const partition of this.#partitions()) {
      owners.set(partition.path, [...(owners.get(partition.path) ?? []), partition]);
    }
    for (const file of files) {
      const theirs = owners.get(file.path) ?? [];
      const left = await Promise.all(theirs.map((owner) => owner.hasLeft(file)));
      if (left.length > 0 && left.every(Boolean)) this.#known.delete(file.path);
    }
  }

  /** True if a file is followed by one of the partitions, under that name from now on. */
  async #isOwned(file: FoundFile, except?: Renameable): Promise<boolean> {
    for (const partition of this.#partitions()) {
      const { path, inode } = partition;
      if (partition === except || !(await partition.takesName(file))) continue;
      // Another file may have its old name by now.
      if (this.#known.get(path) === inode) this.#known.delete(path);
      return true;
    }
    return false;
  }
}
