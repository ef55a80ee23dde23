import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import { SystemClock, type Clock } from '../../time/clock.ts';
import type {
  CheckpointInfo,
  ScanOptions,
  StateBackend,
  StateEntry,
  StateOperation,
  StateRepair,
} from '../state-backend.ts';
import { folderOfCheckpoint, listCheckpointsIn, verifyCheckpointIn } from './checkpoint-folder.ts';
import { isCheckpointId } from './checkpoint-manifest.ts';
import { exportCheckpoint } from './export-checkpoint.ts';
import { StateReader } from './state-reader.ts';
import { packList } from './pack.ts';
import { WorkerClient } from './worker-client.ts';

/** The largest buffer that is kept from one batch to the next. */
const MOST_SPARE_BYTES = 4 << 20;

/** Settings of a {@link RocksDBStateBackend}. */
export interface RocksDBStateBackendOptions {
  /** Memory for what is read again and again, in MiB. Default 32. */
  readonly cacheMb?: number;
  /** Memory for what is not in a file yet, in MiB; at least 1. Default 64. */
  readonly writeBufferMb?: number;
  /** Dates the checkpoints. Default: the machine's. */
  readonly clock?: Clock;
}

/** The settings with their defaults. @throws ProcessorError CONFIG_INVALID. */
function memoryBudget({ cacheMb = 32, writeBufferMb = 64 }: RocksDBStateBackendOptions): {
  readonly cacheMb: number;
  readonly writeBufferMb: number;
} {
  const check = (name: string, value: number, least: number): number => {
    if (Number.isFinite(value) && value >= least && value <= 4000) return value;
    const message = `${name} must be a number of MiB from ${least} to 4000, not ${String(value)}`;
    throw new ProcessorError('configuration', 'CONFIG_INVALID', message);
  };
  return { cacheMb: check('cacheMb', cacheMb, 0), writeBufferMb: check('writeBufferMb', writeBufferMb, 1) };
}

/**
 * State on disk, in RocksDB, which works in a thread of its own: the caller's only packs bytes. What a batch wrote is
 * synced when it resolves. Needs the package `@nxtedition/rocksdb`, which is loaded when the state is opened.
 *
 * `path` holds the state: `db` is RocksDB's, `sources` is for the sources. `checkpointPath` holds a folder for each
 * checkpoint; best on another disk, though a checkpoint takes room and time only for what is new where it is on the
 * same one.
 */
export class RocksDBStateBackend implements StateBackend {
  readonly name = 'rocksdb';
  readonly recoverable = true;
  readonly directory: string;
  readonly #path: string;
  readonly #checkpointPath: string;
  readonly #budget: { readonly cacheMb: number; readonly writeBufferMb: number };
  readonly #clock: Clock;
  readonly #reader = new StateReader('the RocksDB state backend');
  #repair: StateRepair | null = null;
  /** What the last batch was packed in: fresh memory for each would be a good part of what it costs. */
  #spare: ArrayBuffer | undefined;
  #closing: Promise<void> = Promise.resolve();

  /**
   * @param path folder of the state; made if it is not there
   * @param checkpointPath folder of its checkpoints, and of no other state's
   * @throws ProcessorError CONFIG_INVALID
   */
  constructor(path: string, checkpointPath: string, options: RocksDBStateBackendOptions = {}) {
    this.#path = resolve(path);
    this.#checkpointPath = resolve(checkpointPath);
    this.directory = join(this.#path, 'sources');
    this.#budget = memoryBudget(options);
    this.#clock = options.clock ?? new SystemClock();
  }

  get repair(): StateRepair | null {
    return this.#repair;
  }

  async open(): Promise<void> {
    await this.#closing;
    const client = new WorkerClient();
    const [path, checkpointPath] = [this.#path, this.#checkpointPath];
    const owner = { pid: process.pid, host: hostname(), since: this.#clock.now() };
    try {
      this.#repair = await client.ask('open', { path, checkpointPath, owner, ...this.#budget });
    } catch (error) {
      await client.end();
      throw error;
    }
    this.#reader.attach(client);
  }

  close(): Promise<void> {
    const client = this.#reader.detach();
    if (client !== undefined) this.#closing = client.close();
    return this.#closing;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#reader.get(key);
  }

  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#reader.getMany(keys);
  }

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.batch([{ key, value }]);
  }

  delete(key: Uint8Array): Promise<void> {
    return this.batch([{ key }]);
  }

  scan(prefix: Uint8Array, options: ScanOptions = {}): AsyncIterable<StateEntry> {
    return this.#reader.scan(prefix, options);
  }

  async batch(operations: readonly StateOperation[]): Promise<void> {
    const client = this.#reader.client();
    const parts: (Uint8Array | undefined)[] = [];
    for (const { key, value } of operations) {
      if (!(key instanceof Uint8Array)) throw notBytes('a key');
      if (value !== undefined && !(value instanceof Uint8Array)) throw notBytes('a value');
      parts.push(key, value);
    }
    const packed = packList(parts, this.#spare);
    this.#spare = undefined;
    const used = await client.ask('batch', packed, [packed]);
    if (used.byteLength <= MOST_SPARE_BYTES) this.#spare = used;
  }

  async checkpoint(id: string): Promise<CheckpointInfo> {
    const client = this.#reader.client();
    if (!isCheckpointId(id)) {
      const rule = 'letters, digits, ".", "_" and "-", the first a letter or a digit, at most 200';
      throw new ProcessorError('state', 'STATE_FAILED', `a checkpoint cannot be called ${JSON.stringify(id)}: ${rule}`);
    }
    const { info } = await client.ask('checkpoint', { id, createdAt: this.#clock.now() });
    return info;
  }

  async restore(id: string): Promise<void> {
    this.#reader.client();
    await this.restoreFrom(await folderOfCheckpoint(this.#checkpointPath, id));
  }

  /** Copies a checkpoint, by its id or the folder it is in; see {@link exportCheckpoint}. */
  async exportCheckpoint(idOrFolder: string, directory: string): Promise<void> {
    const isId = isCheckpointId(idOrFolder);
    await exportCheckpoint(isId ? await folderOfCheckpoint(this.#checkpointPath, idOrFolder) : idOrFolder, directory);
  }

  /** Like {@link RocksDBStateBackend.restore}, from a folder that `exportCheckpoint` made. */
  async restoreFrom(folder: string): Promise<void> {
    await this.#reader.client().ask('restore', { folder: resolve(folder), now: this.#clock.now() });
  }

  async listCheckpoints(): Promise<readonly CheckpointInfo[]> {
    this.#reader.client();
    return listCheckpointsIn(this.#checkpointPath);
  }

  async verifyCheckpoint(id: string): Promise<readonly string[]> {
    this.#reader.client();
    return verifyCheckpointIn(await folderOfCheckpoint(this.#checkpointPath, id));
  }

  async deleteCheckpoint(id: string): Promise<void> {
    await this.#reader.client().ask('deleteCheckpoint', id);
  }

  sizeBytes(): number {
    return this.#reader.sizeBytes();
  }
}

function notBytes(what: string): ProcessorError {
  return new ProcessorError('state', 'STATE_FAILED', `${what} must be a Uint8Array`);
}
