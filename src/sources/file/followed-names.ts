import { stat } from 'node:fs/promises';
import type { Millis } from '../../time/instant.ts';
import type { SourceContext } from '../event-source.ts';
import { beginsAs, inflatedHead, reachesPlace } from './compressed-form.ts';
import { isGzip } from './file-partition.ts';
import { identityOf, isSameFile, type FileIdentity } from './file-token.ts';
import { findFiles, type FoundFile } from './find-files.ts';
import type { HandlePool, PooledFile } from './handle-pool.ts';
import type { NamedPartition } from './named-partition.ts';
import { readHead } from './resumption.ts';

/** What the names of followed files are kept track of with. */
export interface FollowedNamesOptions {
  readonly paths: readonly string[];
  readonly pollIntervalMs: Millis;
  readonly context: SourceContext;
  readonly pool: HandlePool;
  /** Makes the partition of a file that has appeared. */
  readonly create: (file: FoundFile) => NamedPartition;
}

interface CompressedForm {
  readonly identity: FileIdentity;
  readonly of: NamedPartition;
}

/**
 * Looks, again and again, which files go by which names under some paths. What has appeared becomes a partition; a
 * file that was renamed, as by log rotation, stays the partition that it was, and so does one that was compressed.
 */
export class FollowedNames {
  readonly #options: FollowedNamesOptions;
  /** The partition of each path. */
  readonly #byPath = new Map<string, NamedPartition>();
  /** Compressed forms of files that are partitions already, by inode number. */
  readonly #compressed = new Map<bigint, CompressedForm>();
  readonly #stop = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  /** The look that is under way, or the last one. */
  #looking: Promise<unknown> = Promise.resolve();
  #added: NamedPartition[] = [];

  constructor(options: FollowedNamesOptions) {
    this.#options = options;
  }

  /** Begins to look, knowing the partitions that there are. */
  start(partitions: Iterable<readonly [path: string, partition: NamedPartition]>): void {
    for (const [path, partition] of partitions) this.#byPath.set(path, partition);
    this.#watching = this.#watch();
  }

  /** The partitions of files that have appeared since the last call, sorted by name at each look. */
  take(): readonly NamedPartition[] {
    const added = this.#added;
    this.#added = [];
    return added;
  }

  /** Looks once, after the look that may be under way. @returns false if that failed. */
  look(): Promise<boolean> {
    const looked = this.#looking.then(() => this.#look());
    this.#looking = looked;
    return looked;
  }

  /** Stops looking, and waits until that is so. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    await this.#looking;
  }

  async #watch(): Promise<void> {
    const { context, pollIntervalMs } = this.#options;
    const signal = AbortSignal.any([this.#stop.signal, context.signal]);
    while (!signal.aborted) {
      await context.clock.sleep(pollIntervalMs, signal);
      if (!signal.aborted) await this.look();
    }
  }

  async #look(): Promise<boolean> {
    try {
      const files = await findFiles(this.#options.paths, true);
      this.#rename(await this.#renamed(files));
      for (const file of files) {
        if (!this.#byPath.has(file.path) && (await this.#isNew(file))) this.#add(file);
      }
      await this.#endCompressed();
      return true;
    } catch (error) {
      // Of the files there are none is concerned; the next look may succeed.
      this.#options.context.logger.warn({ err: error }, 'cannot look for new files: will try again');
      return false;
    }
  }

  /** Partitions whose files go by other names than they did, with these. */
  async #renamed(files: readonly FoundFile[]): Promise<ReadonlyMap<NamedPartition, string>> {
    const byInode = new Map<bigint, [path: string, partition: NamedPartition]>();
    for (const [path, partition] of this.#byPath) {
      if (partition.identity !== null) byInode.set(partition.identity.inode, [path, partition]);
    }
    const renamed = new Map<NamedPartition, string>();
    for (const file of files) {
      const [path, partition] = byInode.get(file.inode) ?? [];
      if (path === undefined || partition === undefined || path === file.path) continue;
      if (await this.#isRenamed(partition, path, file)) renamed.set(partition, file.path);
    }
    return renamed;
  }

  async #isRenamed({ identity }: NamedPartition, before: string, { path, inode }: FoundFile): Promise<boolean> {
    const file = this.#options.pool.file(path);
    try {
      // The number of a file that is gone may have been given to another one.
      if (identity === null || !isSameFile(identity, inode, await readHead(file))) return false;
    } finally {
      await file.close();
    }
    // Another name of the same file, as by a link, is a partition of its own.
    return !(await goesBy(before, inode));
  }

  #rename(renamed: ReadonlyMap<NamedPartition, string>): void {
    for (const [path, partition] of this.#byPath) if (renamed.has(partition)) this.#byPath.delete(path);
    for (const [partition, path] of renamed) {
      this.#byPath.get(path)?.endWithFile();
      this.#byPath.set(path, partition);
      partition.moveTo(path);
    }
  }

  /** False for what is to be left alone, now or for good. */
  async #isNew({ path, inode, sizeBytes }: FoundFile): Promise<boolean> {
    if (!isGzip(path)) return true;
    // It is being written.
    if (sizeBytes === 0) return false;
    const file = this.#options.pool.file(path);
    try {
      const identity = identityOf(inode, await readHead(file));
      if (this.#compressed.get(inode)?.identity.headHash === identity.headHash) return false;
      return !(await this.#isKnown(file, identity));
    } finally {
      await file.close();
    }
  }

  /** Whether the file is the compressed form of one that is a partition already, or may yet become that. */
  async #isKnown(file: PooledFile, identity: FileIdentity): Promise<boolean> {
    const head = await inflatedHead(file);
    if (head === null) return false;
    for (const [path, partition] of this.#byPath) {
      const place = partition.place();
      if (place === null || !beginsAs(head, place.identity)) continue;
      if (await reachesPlace(file, place)) {
        this.#compressed.set(identity.inode, { identity, of: partition });
        const fields = { path: file.path, partition: partition.id };
        this.#options.context.logger.info(fields, 'a file that has been read was compressed: not read again');
        return true;
      }
      // As long as the file itself is there, it may be under way to become this one.
      if (await goesBy(path, place.identity.inode)) return true;
    }
    return false;
  }

  /** Lets go of files that are there in their compressed form only, once they are read to their end. */
  async #endCompressed(): Promise<void> {
    const compressed = new Set([...this.#compressed.values()].map((form) => form.of));
    for (const [path, partition] of this.#byPath) {
      if (!compressed.has(partition) || partition.identity === null) continue;
      if (await goesBy(path, partition.identity.inode)) continue;
      this.#byPath.delete(path);
      partition.endWithFile();
    }
  }

  #add(file: FoundFile): void {
    const partition = this.#options.create(file);
    this.#byPath.set(file.path, partition);
    this.#added.push(partition);
  }
}

async function goesBy(path: string, inode: bigint): Promise<boolean> {
  const stats = await stat(path, { bigint: true }).catch(() => null);
  return stats?.ino === inode;
}
