import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import { infoOf, putInPlace, readCheckpoints } from './checkpoint-folder.ts';
import { LAYOUT_FORMAT, writeManifest, type CheckpointFile } from './checkpoint-manifest.ts';
import { Database, type MemoryBudget } from './database.ts';
import { checksumOf, makeNewFolder, removeDurably, sync, writeDurably, type Checksum } from './durable-files.ts';
import { copyFrozen, freezeFiles, type FrozenFiles } from './live-copy.ts';
import type { NativeRocksDB } from './native.ts';
import { copyDatabase } from './opening.ts';
import type { StateFolder } from './state-folder.ts';
import type { CheckpointInfo } from '../state-backend.ts';

/** Opening a copy reads its logs into memory: with much less, each would become hundreds of tables. */
const TRIAL: MemoryBudget = { cacheMb: 4, writeBufferMb: 16 };

/** Makes the checkpoints of one open state. */
export class CheckpointMaker {
  readonly #native: NativeRocksDB;
  readonly #folder: StateFolder;
  readonly #checkpointPath: string;
  /** Checksums of tables that were read before, so that only new ones are read again. */
  #known = new Map<string, Checksum>();

  constructor(native: NativeRocksDB, folder: StateFolder, checkpointPath: string) {
    this.#native = native;
    this.#folder = folder;
    this.#checkpointPath = checkpointPath;
  }

  /** Where {@link CheckpointMaker.freeze} may put its links. */
  makeScratch(): Promise<string> {
    return makeNewFolder(this.#folder.path, 'scratch');
  }

  /** Holds on to the state as of now. Blocks the thread, so that nothing is written meanwhile. */
  freeze(scratch: string): FrozenFiles {
    return freezeFiles(this.#folder.db, scratch);
  }

  /**
   * Makes a checkpoint of frozen files:
   *
   * 1. copies them into a folder of another name, and syncs them;
   * 2. opens a copy of that, to see that it opens;
   * 3. writes the manifest, which makes it a checkpoint;
   * 4. gives it its name, in place of what had it.
   */
  async finish(frozen: FrozenFiles, id: string, createdAt: number): Promise<CheckpointInfo> {
    const partial = join(this.#checkpointPath, `.${id}.partial-0`);
    await rm(partial, { recursive: true, force: true });
    await mkdir(join(partial, 'db'), { recursive: true });
    try {
      await copyFrozen(frozen, join(partial, 'db'));
      const files = await this.#sumUp(join(partial, 'db'));
      await this.#tryToOpen(join(partial, 'db'), files);
      const { manifests } = await readCheckpoints(this.#checkpointPath);
      const number = 1 + Math.max(0, ...manifests.map((manifest) => manifest.number));
      const manifest = { format: LAYOUT_FORMAT, id, number, createdAt, files };
      await writeDurably(join(partial, 'format.json'), `${JSON.stringify({ format: LAYOUT_FORMAT })}\n`);
      await sync(join(partial, 'db'));
      await writeManifest(partial, manifest);
      await putInPlace(this.#checkpointPath, partial, id);
      return infoOf(manifest);
    } catch (error) {
      await removeDurably(partial);
      throw error;
    }
  }

  async #sumUp(folder: string): Promise<CheckpointFile[]> {
    const files: CheckpointFile[] = [];
    const known = new Map<string, Checksum>();
    for (const name of (await readdir(folder)).toSorted()) {
      const path = join(folder, name);
      const { ino, size, mtimeMs } = await stat(path);
      // A table never changes: the same file is still what it was when it was read.
      const key = name.endsWith('.sst') ? `${name} ${ino} ${size} ${mtimeMs}` : undefined;
      const sum = (key === undefined ? undefined : this.#known.get(key)) ?? (await checksumOf(path));
      if (key !== undefined) known.set(key, sum);
      files.push({ name, ...sum });
    }
    this.#known = known;
    return files;
  }

  /** Opening a database writes to it: what is opened is a copy. */
  async #tryToOpen(database: string, files: readonly CheckpointFile[]): Promise<void> {
    const scratch = await this.makeScratch();
    try {
      await copyDatabase(database, scratch, files);
      const copy = await Database.open(this.#native, scratch, TRIAL, false);
      await copy.close();
    } catch (error) {
      const message = `the checkpoint that was made cannot be opened: ${messageOf(error)}`;
      throw new ProcessorError('state', 'CHECKPOINT_CORRUPT', message, { cause: error });
    } finally {
      await removeDurably(scratch);
    }
  }
}
