import { ProcessorError } from '../../src/errors/processor-error.ts';
import { keyBytes, keyText, SortedByteMap } from '../../src/state/memory/sorted-byte-map.ts';
import type {
  CheckpointInfo,
  ScanOptions,
  StateBackend,
  StateEntry,
  StateOperation,
  StateRepair,
} from '../../src/state/state-backend.ts';
import { DiskFull, type Disk } from './disk.ts';
import {
  decodeNumber,
  decodeRecords,
  decodeSnapshot,
  encodeNumber,
  encodeRecord,
  encodeSnapshot,
  type Snapshot,
} from './log-format.ts';

/** Faults planted in the backend, for tests of the simulation itself. */
export interface BackendFaults {
  /** A checkpoint holds the state as of the start of the log. */
  readonly checkpointsWithoutLog?: boolean;
  /** Checksums are written, and not looked at. */
  readonly ignoresChecksums?: boolean;
}

/** What the backend is made from. */
export interface LogBackendOptions {
  readonly disk: Disk;
  /** Dates the checkpoints. */
  readonly now: () => number;
  /** Length of a log, in bytes, from which it is folded into a new base. */
  readonly foldBytes?: number;
  readonly faults?: BackendFaults;
}

interface KnownCheckpoint {
  readonly info: CheckpointInfo;
  /** Place in the order of making. */
  readonly made: number;
  /** Number of the last record in it; 0 where it is not sound. */
  readonly sequence: number;
}

const CHECKPOINT = 'checkpoint-';

/**
 * A state backend on a simulated disk: a base, a log of batches behind it, and checkpoints, each with checksums.
 * `current` names the base and the log that count. A batch is durable once its record in the log is synced.
 */
export class LogStateBackend implements StateBackend {
  readonly name = 'simulated';
  readonly recoverable = true;
  repair: StateRepair | null = null;
  readonly #disk: Disk;
  readonly #options: LogBackendOptions;
  readonly #checkpoints = new Map<string, KnownCheckpoint>();
  #pairs = new SortedByteMap();
  #base = new SortedByteMap();
  #sequence = 0;
  #generation = 0;
  #logBytes = 0;
  #made = 0;
  #open = false;
  /** Writes take turns. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LogBackendOptions) {
    this.#options = options;
    this.#disk = options.disk;
  }

  async open(): Promise<void> {
    const names = await this.#disk.names();
    for (const name of names) if (name.endsWith('.new')) await this.#disk.remove(name);
    // What a killed process had not synced may be there to be read, and gone after the next loss of power.
    await this.#disk.syncNames();
    await this.#findCheckpoints(names);
    this.repair = null;
    const current = await this.#disk.read('current');
    if (current !== undefined) await this.#openGeneration(decodeNumber(current));
    // Before the first `current` is durable nothing can have been written.
    else if (this.#checkpoints.size === 0) await this.#begin(new SortedByteMap());
    else await this.#mend('there is no file "current"');
    this.#open = true;
  }

  async close(): Promise<void> {
    this.#open = false;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#inUse().get(keyText(key))?.slice();
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    const pairs = this.#inUse();
    return keys.map((key) => pairs.get(keyText(key))?.slice());
  }

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.batch([{ key, value }]);
  }

  delete(key: Uint8Array): Promise<void> {
    return this.batch([{ key }]);
  }

  scan(prefix: Uint8Array, { after, limit }: ScanOptions = {}): AsyncIterable<StateEntry> {
    const from = after === undefined ? undefined : keyText(after);
    const found = this.#open ? this.#pairs.withPrefix(keyText(prefix), from, limit) : undefined;
    return entriesOf(found);
  }

  async batch(operations: readonly StateOperation[]): Promise<void> {
    this.#inUse();
    const checked = operations.map(({ key, value }) => {
      if (!(key instanceof Uint8Array)) throw failed('a key must be a Uint8Array');
      if (value !== undefined && !(value instanceof Uint8Array)) throw failed('a value must be a Uint8Array');
      return { key: keyText(key), value: value === undefined ? undefined : new Uint8Array(value) };
    });
    await this.#inTurn(() => this.#write(checked));
  }

  async checkpoint(id: string): Promise<CheckpointInfo> {
    const pairs = new SortedByteMap(this.#options.faults?.checkpointsWithoutLog === true ? this.#base : this.#inUse());
    const info: CheckpointInfo = { id, createdAt: this.#options.now(), sizeBytes: pairs.sizeBytes };
    this.#made += 1;
    const known = { info, made: this.#made, sequence: this.#sequence };
    const name = CHECKPOINT + id;
    await this.#writeWhole(name, encodeSnapshot({ ...known, pairs }));
    this.#checkpoints.delete(id);
    this.#checkpoints.set(id, known);
    return info;
  }

  async restore(id: string): Promise<void> {
    this.#inUse();
    if (!this.#checkpoints.has(id)) throw unknown(id);
    const snapshot = await this.#readCheckpoint(id);
    if (snapshot === undefined) {
      throw new ProcessorError('state', 'CHECKPOINT_CORRUPT', `the checkpoint ${id} was altered`);
    }
    await this.#inTurn(() => this.#begin(snapshot.pairs));
  }

  async listCheckpoints(): Promise<readonly CheckpointInfo[]> {
    this.#inUse();
    return [...this.#checkpoints.values()].map(({ info }) => info);
  }

  async verifyCheckpoint(id: string): Promise<readonly string[]> {
    this.#inUse();
    if (!this.#checkpoints.has(id)) throw unknown(id);
    return (await this.#readCheckpoint(id)) === undefined ? ['its checksum is wrong'] : [];
  }

  async deleteCheckpoint(id: string): Promise<void> {
    this.#inUse();
    if (!this.#checkpoints.has(id)) return;
    await this.#disk.remove(CHECKPOINT + id);
    await this.#disk.syncNames();
    this.#checkpoints.delete(id);
  }

  sizeBytes(): number {
    return this.#pairs.sizeBytes;
  }

  /** The value of the first key with an ending, at once: for the world around, not for the processor. */
  peek(ending: string): Uint8Array | undefined {
    return this.#pairs.withPrefix('').find(([key]) => key.endsWith(ending))?.[1];
  }

  async #write(operations: readonly { readonly key: string; readonly value: Uint8Array | undefined }[]): Promise<void> {
    const log = `log-${String(this.#generation)}`;
    const record = encodeRecord(this.#sequence + 1, operations);
    try {
      await this.#disk.append(log, record);
    } catch (cause) {
      // What was written of it must not stand before the next record.
      await this.#disk.truncate(log, this.#logBytes);
      throw full(cause);
    }
    await this.#disk.sync(log);
    this.#sequence += 1;
    this.#logBytes += record.length;
    for (const { key, value } of operations) {
      if (value === undefined) this.#pairs.delete(key);
      else this.#pairs.set(key, value);
    }
    if (this.#logBytes > (this.#options.foldBytes ?? Infinity)) await this.#fold();
  }

  async #fold(): Promise<void> {
    try {
      await this.#begin(this.#pairs);
    } catch (error) {
      // The log goes on as it is until there is room.
      if (!ProcessorError.is(error) || error.code !== 'STATE_FULL') throw error;
    }
  }

  /** Makes `pairs` the base of a new generation. */
  async #begin(pairs: SortedByteMap): Promise<void> {
    const old = this.#generation;
    const generation = old + 1;
    const snapshot = { info: { id: 'base', createdAt: 0, sizeBytes: 0 }, made: 0, sequence: this.#sequence, pairs };
    await this.#writeWhole(`base-${String(generation)}`, encodeSnapshot(snapshot));
    await this.#writeWhole(`log-${String(generation)}`, new Uint8Array(0));
    await this.#writeWhole('current', encodeNumber(generation));
    this.#generation = generation;
    this.#logBytes = 0;
    this.#pairs = pairs;
    this.#base = new SortedByteMap(pairs);
    await this.#disk.remove(`base-${String(old)}`);
    await this.#disk.remove(`log-${String(old)}`);
  }

  /** A file that is there whole, or not at all. */
  async #writeWhole(name: string, bytes: Uint8Array): Promise<void> {
    const draft = `${name}.new`;
    try {
      await this.#disk.create(draft);
      await this.#disk.append(draft, bytes);
    } catch (cause) {
      throw full(cause);
    }
    await this.#disk.sync(draft);
    await this.#disk.rename(draft, name);
    await this.#disk.syncNames();
  }

  async #openGeneration(generation: number | undefined): Promise<void> {
    if (generation === undefined) {
      await this.#mend('its file "current" is damaged');
      return;
    }
    const verify = this.#options.faults?.ignoresChecksums !== true;
    this.#generation = generation;
    const text = String(generation);
    const base = decodeSnapshot(await this.#disk.read(`base-${text}`), verify);
    const log = await this.#disk.read(`log-${text}`);
    if (base === undefined || log === undefined) {
      await this.#mend(base === undefined ? 'its base is damaged' : 'its log is gone');
      return;
    }
    const { records, length, isTorn, isDamaged } = decodeRecords(log, base.sequence, verify);
    // A checkpoint is made of what is durable, so that none can be ahead of the log.
    const isCut = this.#newestSequence > base.sequence + records.length;
    if (isDamaged || isCut) {
      await this.#mend(isCut ? 'its log has lost its end' : 'its log is damaged');
      return;
    }
    this.#base = new SortedByteMap(base.pairs);
    this.#pairs = base.pairs;
    this.#sequence = base.sequence + records.length;
    this.#logBytes = length;
    for (const { key, value } of records.flat()) {
      if (value === undefined) this.#pairs.delete(key);
      else this.#pairs.set(key, value);
    }
    if (isTorn) await this.#disk.truncate(`log-${text}`, length);
    await this.#disk.sync(`log-${text}`);
  }

  /** Puts the newest sound checkpoint in the place of what is damaged. */
  async #mend(damage: string): Promise<void> {
    for (const { info } of [...this.#checkpoints.values()].toReversed()) {
      const snapshot = await this.#readCheckpoint(info.id);
      if (snapshot === undefined) continue;
      this.#generation += 1000;
      this.#sequence = this.#newestSequence;
      await this.#begin(snapshot.pairs);
      this.repair = { damage, restored: info, putAside: 'nowhere' };
      return;
    }
    throw new ProcessorError('state', 'STATE_CORRUPT', `${damage}, and no checkpoint is sound`);
  }

  async #findCheckpoints(names: readonly string[]): Promise<void> {
    const found: KnownCheckpoint[] = [];
    for (const name of names) {
      if (!name.startsWith(CHECKPOINT) || name.endsWith('.new')) continue;
      const bytes = await this.#disk.read(name);
      const snapshot = decodeSnapshot(bytes, false);
      if (snapshot === undefined || name !== CHECKPOINT + snapshot.info.id) continue;
      const { info, made } = snapshot;
      found.push({ info, made, sequence: decodeSnapshot(bytes, true)?.sequence ?? 0 });
    }
    found.sort((a, b) => a.made - b.made);
    this.#checkpoints.clear();
    for (const known of found) this.#checkpoints.set(known.info.id, known);
    this.#made = found.at(-1)?.made ?? 0;
  }

  get #newestSequence(): number {
    return Math.max(0, ...[...this.#checkpoints.values()].map(({ sequence }) => sequence));
  }

  async #readCheckpoint(id: string): Promise<Snapshot | undefined> {
    return decodeSnapshot(await this.#disk.read(CHECKPOINT + id), this.#options.faults?.ignoresChecksums !== true);
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(write);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #inUse(): SortedByteMap {
    if (!this.#open) throw failed('the state is not open');
    return this.#pairs;
  }
}

async function* entriesOf(
  found: readonly (readonly [key: string, value: Uint8Array])[] | undefined,
): AsyncIterable<StateEntry> {
  if (found === undefined) throw failed('the state is not open');
  for (const [key, value] of found) yield { key: keyBytes(key), value: value.slice() };
}

function failed(message: string): ProcessorError {
  return new ProcessorError('state', 'STATE_FAILED', message);
}

function full(cause: unknown): unknown {
  if (!(cause instanceof DiskFull)) return cause;
  return new ProcessorError('state', 'STATE_FULL', 'the disk of the state is full', { cause });
}

function unknown(id: string): ProcessorError {
  return new ProcessorError('state', 'CHECKPOINT_UNKNOWN', `there is no checkpoint ${id}`);
}
