import { ProcessorError } from '../../errors/processor-error.ts';
import { SystemClock, type Clock } from '../../time/clock.ts';
import type { CheckpointInfo, ScanOptions, StateBackend, StateEntry, StateOperation } from '../state-backend.ts';
import { keyBytes, keyText, SortedByteMap } from './sorted-byte-map.ts';

interface Checkpoint {
  readonly info: CheckpointInfo;
  readonly pairs: SortedByteMap;
}

/** Settings of a {@link MemoryStateBackend}. */
export interface MemoryStateBackendOptions {
  /**
   * True (the default) if a later run of the same process is to go on from what this one wrote. False spares the
   * pipeline writing what the end of the process will take away anyway.
   */
  readonly recoverable?: boolean;
  /** Dates the checkpoints. Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * State in memory: for tests, and for pipelines whose state need not outlive the process. Closing keeps all pairs
 * and checkpoints, so that a second run on the same backend goes on from the first.
 */
export class MemoryStateBackend implements StateBackend {
  readonly name = 'memory';
  readonly recoverable: boolean;
  readonly #clock: Clock;
  readonly #checkpoints = new Map<string, Checkpoint>();
  #pairs = new SortedByteMap();
  #open = false;

  constructor(options: MemoryStateBackendOptions = {}) {
    this.recoverable = options.recoverable ?? true;
    this.#clock = options.clock ?? new SystemClock();
  }

  async open(): Promise<void> {
    this.#open = true;
  }

  async close(): Promise<void> {
    this.#open = false;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const value = this.#inUse().get(textOf(key));
    return value === undefined ? undefined : value.slice();
  }

  async put(key: Uint8Array, value: Uint8Array): Promise<void> {
    this.#inUse().set(textOf(key), copyOf(value));
  }

  async delete(key: Uint8Array): Promise<void> {
    this.#inUse().delete(textOf(key));
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    const pairs = this.#inUse();
    return keys.map((key) => pairs.get(textOf(key))?.slice());
  }

  scan(prefix: Uint8Array, { after, limit }: ScanOptions = {}): AsyncIterable<StateEntry> {
    // Looked up before the first element is asked for: later writes are not seen.
    const from = after === undefined ? undefined : keyText(after);
    const found = this.#open ? this.#pairs.withPrefix(keyText(prefix), from, limit) : undefined;
    return entriesOf(found);
  }

  async batch(operations: readonly StateOperation[]): Promise<void> {
    const pairs = this.#inUse();
    const checked = operations.map(({ key, value }) => ({
      key: textOf(key),
      value: value === undefined ? undefined : copyOf(value),
    }));
    // From here on nothing can fail, so that all is written or nothing.
    for (const { key, value } of checked) {
      if (value === undefined) pairs.delete(key);
      else pairs.set(key, value);
    }
  }

  async checkpoint(id: string): Promise<CheckpointInfo> {
    const pairs = new SortedByteMap(this.#inUse());
    const info: CheckpointInfo = { id, createdAt: this.#clock.now(), sizeBytes: pairs.sizeBytes };
    // Deleted first, so that the map's order is that of making.
    this.#checkpoints.delete(id);
    this.#checkpoints.set(id, { info, pairs });
    return info;
  }

  async restore(id: string): Promise<void> {
    this.#inUse();
    const checkpoint = this.#checkpoints.get(id);
    if (checkpoint === undefined) throw unknown(id);
    this.#pairs = new SortedByteMap(checkpoint.pairs);
  }

  async listCheckpoints(): Promise<readonly CheckpointInfo[]> {
    this.#inUse();
    return [...this.#checkpoints.values()].map(({ info }) => info);
  }

  async verifyCheckpoint(id: string): Promise<readonly string[]> {
    this.#inUse();
    if (!this.#checkpoints.has(id)) throw unknown(id);
    return [];
  }

  async deleteCheckpoint(id: string): Promise<void> {
    this.#inUse();
    this.#checkpoints.delete(id);
  }

  sizeBytes(): number {
    return this.#pairs.sizeBytes;
  }

  #inUse(): SortedByteMap {
    if (!this.#open) throw notOpen();
    return this.#pairs;
  }
}

async function* entriesOf(
  found: readonly (readonly [key: string, value: Uint8Array])[] | undefined,
): AsyncIterable<StateEntry> {
  if (found === undefined) throw notOpen();
  for (const [key, value] of found) yield { key: keyBytes(key), value: value.slice() };
}

function textOf(key: Uint8Array): string {
  if (!(key instanceof Uint8Array)) throw new ProcessorError('state', 'STATE_FAILED', 'a key must be a Uint8Array');
  return keyText(key);
}

function copyOf(value: Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new ProcessorError('state', 'STATE_FAILED', 'a value must be a Uint8Array');
  return new Uint8Array(value);
}

function unknown(id: string): ProcessorError {
  return new ProcessorError('state', 'CHECKPOINT_UNKNOWN', `there is no checkpoint ${JSON.stringify(id)}`);
}

function notOpen(): ProcessorError {
  return new ProcessorError('state', 'STATE_FAILED', 'the memory state backend is not open');
}
