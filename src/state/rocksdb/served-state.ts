import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import { SystemClock } from '../../time/clock.ts';
import type { CheckpointInfo, StateRepair } from '../state-backend.ts';
import { deleteCheckpointIn } from './checkpoint-folder.ts';
import { CheckpointMaker } from './checkpoint-maker.ts';
import { Database, type MemoryBudget, type ScanPage } from './database.ts';
import { makeNewFolder, removeDurably, renameDurably, statOf } from './durable-files.ts';
import { copyFrozen, freezeFiles, type FrozenFiles } from './live-copy.ts';
import type { NativeHandle, NativeRocksDB } from './native.ts';
import { openState, prepareRestore } from './opening.ts';
import type { Commands, OpenRequest } from './protocol.ts';
import { StateFolder } from './state-folder.ts';
import { damagedError, isFull, stateError } from './status-error.ts';

/** Room that RocksDB needs, besides what is to be written, to be opened and to write. */
const SPARE_BYTES = 1 << 20;

interface Settings extends MemoryBudget {
  readonly native: NativeRocksDB;
  readonly folder: StateFolder;
  readonly checkpointPath: string;
  /** Of whoever has the state; absent for a snapshot, which is a state of its own. */
  readonly lock?: Database;
}

/** An open state inside the worker: the database, its scans and its checkpoints. */
export class ServedState {
  readonly #settings: Settings;
  readonly #maker: CheckpointMaker;
  readonly #timer = new SystemClock();
  readonly #scans = new Map<number, NativeHandle>();
  /** Undefined while it could not be opened again. */
  #database: Database | undefined;
  /** A write failed: RocksDB refuses all others until it is opened again. */
  #mustReopen = false;

  private constructor(settings: Settings, database: Database) {
    this.#settings = settings;
    this.#database = database;
    this.#maker = new CheckpointMaker(settings.native, settings.folder, settings.checkpointPath);
  }

  static async open(
    native: NativeRocksDB,
    request: OpenRequest,
  ): Promise<{ readonly state: ServedState; readonly repair: StateRepair | null }> {
    const { database, lock, repair } = await openState(native, request);
    const { path, checkpointPath, cacheMb, writeBufferMb } = request;
    const settings = { native, folder: new StateFolder(path), checkpointPath, lock, cacheMb, writeBufferMb };
    return { state: new ServedState(settings, database), repair };
  }

  /** Opens a copy of the state in a folder that another process may have open. */
  static async openSnapshot(
    native: NativeRocksDB,
    { path, ...budget }: Commands['openSnapshot']['ask'],
  ): Promise<ServedState> {
    const scratch = await makeNewFolder(path, `snapshot-${process.pid}`);
    try {
      const [original, folder] = [new StateFolder(path), new StateFolder(scratch)];
      const [frozen] = [join(scratch, 'frozen'), await mkdir(join(scratch, 'frozen')), await mkdir(folder.db)];
      const current = join(original.db, 'CURRENT');
      if ((await original.hasFormat()) && (await statOf(current)) === undefined) {
        throw damagedError(`${current} is missing`);
      }
      const notes = await original.notes();
      await copyFrozen(freezeFiles(original.db, frozen), folder.db);
      await rm(frozen, { recursive: true });
      // What a close noted is true of the copy where nobody has opened the state meanwhile.
      if (notes.closed === (await original.notes()).closed) await folder.takeNotes(notes);
      const damage = await folder.findDamage();
      if (damage !== undefined) throw damagedError(damage.replaceAll(scratch, path));
      const database = await Database.open(native, folder.db, budget, false);
      return new ServedState({ native, folder, checkpointPath: scratch, ...budget }, database);
    } catch (error) {
      await removeDurably(scratch);
      throw stateError(error, `opening a copy of the state in ${path}`);
    }
  }

  /** Bytes of the database; 0 while it could not be opened again. */
  sizeBytes(): number {
    return this.#database?.sizeBytes() ?? 0;
  }

  async close(): Promise<void> {
    const { folder, lock } = this.#settings;
    const database = this.#database;
    this.#endAllScans();
    this.#database = undefined;
    await database?.close();
    if (lock === undefined) {
      await removeDurably(folder.path);
      return;
    }
    try {
      // Where a write was cut off, the files are not as a clean close leaves them.
      if (database !== undefined && !this.#mustReopen) await folder.writeClosed();
      await folder.removeOwner();
    } finally {
      await lock.close();
    }
  }

  /** Writes packed operations. After a failure the database is opened again first: only that ends RocksDB's refusal. */
  async batch(operations: ArrayBuffer): Promise<ArrayBuffer> {
    if (this.#mustReopen || this.#database === undefined) await this.#reopen(operations.byteLength);
    try {
      this.#opened().write(operations);
    } catch (error) {
      this.#mustReopen = true;
      throw error;
    }
    return operations;
  }

  getMany(keys: ArrayBuffer): ArrayBuffer {
    return this.#opened().getMany(keys);
  }

  scan({ scan, ...range }: Commands['scan']['ask']): ScanPage {
    const database = this.#opened();
    this.#scans.set(scan, database.openIterator(range));
    return this.nextPage(scan);
  }

  nextPage(scan: number): ScanPage {
    const iterator = this.#scans.get(scan);
    const page = iterator === undefined ? undefined : this.#opened().nextPage(iterator);
    if (page === undefined) {
      throw new ProcessorError('state', 'STATE_FAILED', 'the scan ended: the state was closed or restored meanwhile');
    }
    if (page.isLast) this.#scans.delete(scan);
    return page;
  }

  endScan(scan: number): void {
    const iterator = this.#scans.get(scan);
    this.#scans.delete(scan);
    if (iterator !== undefined) this.#database?.closeIterator(iterator);
  }

  /** Holds on to the state as of now. */
  async freeze(): Promise<{ readonly frozen: FrozenFiles; readonly pausedMs: number }> {
    this.#opened();
    const scratch = await this.#maker.makeScratch();
    try {
      const begun = this.#timer.monotonic();
      const frozen = this.#maker.freeze(scratch);
      return { frozen, pausedMs: this.#timer.monotonic() - begun };
    } catch (error) {
      await removeDurably(scratch);
      throw error;
    }
  }

  async finishCheckpoint(frozen: FrozenFiles, id: string, createdAt: number): Promise<CheckpointInfo> {
    try {
      return await this.#maker.finish(frozen, id, createdAt);
    } finally {
      await removeDurably(frozen.folder);
    }
  }

  async deleteCheckpoint(id: string): Promise<null> {
    await deleteCheckpointIn(this.#settings.checkpointPath, id);
    return null;
  }

  /**
   * Puts a checkpoint in the place of the database. The old one is removed when the new one has its name; a process
   * that ends in between leaves what the next open finishes or undoes.
   */
  async restore(checkpoint: string, now: number): Promise<null> {
    const { folder } = this.#settings;
    this.#opened();
    await prepareRestore(folder, checkpoint);
    await this.#closeDatabase();
    try {
      const replaced = `${folder.db}.replaced-${Math.abs(now)}`;
      await removeDurably(replaced);
      await renameDurably(folder.db, replaced);
      await renameDurably(folder.restoring, folder.db);
      await removeDurably(replaced);
      // Damage that was noted was in what is gone now.
      await folder.removeDamage();
    } finally {
      await folder.finishRestore();
      await this.#openDatabase();
    }
    return null;
  }

  /** Notes damage for the next open to mend. */
  async noteDamage(damage: string): Promise<void> {
    const { folder, lock } = this.#settings;
    if (lock !== undefined) await folder.writeDamage(damage).catch(() => {});
  }

  async #reopen(neededBytes: number): Promise<void> {
    await this.#requireRoom(2 * neededBytes + SPARE_BYTES);
    await this.#closeDatabase();
    await this.#openDatabase();
  }

  /** Tries the disk before the database is closed, which can still be read from. @throws where there is no room. */
  async #requireRoom(bytes: number): Promise<void> {
    const path = join(this.#settings.folder.path, 'scratch-0');
    try {
      const handle = await open(path, 'w');
      try {
        const chunk = Buffer.alloc(SPARE_BYTES);
        for (let written = 0; written < bytes; written += chunk.length) await handle.writeFile(chunk);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } finally {
      await rm(path, { force: true });
    }
  }

  async #closeDatabase(): Promise<void> {
    const database = this.#database;
    this.#endAllScans();
    this.#database = undefined;
    try {
      await database?.close();
    } catch (error) {
      // It closes all the same; what could not be written then is read from the log when it is opened again. One that has
      // refused a write may complain of anything: all that it ever took for good is synced.
      if (!this.#mustReopen && !isFull(error)) throw error;
    }
  }

  async #openDatabase(): Promise<void> {
    const { native, folder } = this.#settings;
    this.#database = await Database.open(native, folder.db, this.#settings, false);
    this.#mustReopen = false;
  }

  #endAllScans(): void {
    for (const iterator of this.#scans.values()) this.#database?.closeIterator(iterator);
    this.#scans.clear();
  }

  #opened(): Database {
    if (this.#database !== undefined) return this.#database;
    throw new ProcessorError('state', 'STATE_FAILED', 'the state could not be opened again after a failed write');
  }
}
