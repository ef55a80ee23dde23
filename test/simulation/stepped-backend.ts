import { ProcessorError } from '../../src/errors/processor-error.ts';
import type {
  CheckpointInfo,
  ScanOptions,
  StateBackend,
  StateEntry,
  StateOperation,
  StateRepair,
} from '../../src/state/state-backend.ts';
import type { Hazards } from './draw.ts';
import { epochRecordOf, type Ledger } from './ledger.ts';
import type { LogStateBackend } from './log-backend.ts';
import type { SimulatedProcess } from './process.ts';

const META = '/meta';

/**
 * A state backend as a process sees it: every call is a step with kill points around it, and the answer to a commit may
 * be lost, the commit done or not. The ledger is told of what goes in and out.
 */
export class SteppedBackend implements StateBackend {
  readonly name = 'simulated';
  readonly recoverable = true;
  /** Said to be there so that checkpoints are made; nothing reads or writes it. */
  readonly directory = 'simulated';
  readonly #inner: LogStateBackend;
  readonly #process: SimulatedProcess;
  readonly #ledger: Ledger;
  readonly #hazards: Hazards;
  #hasRecovered = false;

  constructor(inner: LogStateBackend, process: SimulatedProcess, ledger: Ledger, hazards: Hazards) {
    this.#inner = inner;
    this.#process = process;
    this.#ledger = ledger;
    this.#hazards = hazards;
  }

  get repair(): StateRepair | null {
    return this.#inner.repair;
  }

  async open(): Promise<void> {
    await this.#process.call('state.open', () => this.#inner.open());
    if (this.#inner.repair !== null) this.#ledger.fellBack(this.#inner.repair.restored.id);
    this.#hasRecovered = false;
  }

  close(): Promise<void> {
    return this.#process.call('state.close', () => this.#inner.close());
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const value = await this.#process.call('state.get', () => this.#answer(() => this.#inner.get(key)));
    this.#noteRead(key, value);
    return value;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    const values = await this.#process.call('state.getMany', () => this.#answer(() => this.#inner.getMany(keys)));
    if (!keys.some(isMeta)) this.#process.world.figures.readBack += keys.length;
    for (const [i, key] of keys.entries()) this.#noteRead(key, values[i]);
    return values;
  }

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.batch([{ key, value }]);
  }

  delete(key: Uint8Array): Promise<void> {
    return this.batch([{ key }]);
  }

  async *scan(prefix: Uint8Array, options?: ScanOptions): AsyncIterable<StateEntry> {
    await this.#process.reach('state.scan: before');
    for await (const entry of this.#inner.scan(prefix, options)) {
      if (this.#process.world.random.chance(0.1)) await this.#process.reach('state.scan: during');
      yield entry;
    }
    await this.#process.reach('state.scan: after');
  }

  async batch(operations: readonly StateOperation[]): Promise<void> {
    const { world } = this.#process;
    const meta = operations.find(({ key }) => isMeta(key))?.value;
    const record = meta === undefined ? undefined : epochRecordOf(meta);
    if (record !== undefined) {
      this.#ledger.committing(record);
      world.note(`commit of epoch ${String(record.epoch)}, ${String(operations.length)} writes: ${record.text}`);
    }
    const name = record === undefined ? 'state.write' : 'state.batch';
    await this.#process.reach(`${name}: before`);
    await this.#process.wait(name, world.random.delay(20));
    const lost = world.fault(this.#hazards.lostAnswer);
    const isDone = !lost || world.random.chance(0.5);
    if (isDone) {
      await this.#write(operations);
      const journal = operations.find(({ key }) => isJournal(key));
      if (record !== undefined) {
        world.figures.commits += 1;
        if (journal?.value !== undefined) world.figures.journaled += 1;
        this.#ledger.committed(record.epoch);
      } else if (journal !== undefined) world.figures.folded += 1;
    }
    await this.#process.reach(`${name}: after`);
    if (lost) {
      world.figures.lostAnswers += 1;
      world.note(isDone ? 'its answer is lost' : 'it is lost');
      await this.#process.wait(`${name} without answer`, world.random.delay(500));
      throw new ProcessorError('state', 'STATE_FAILED', 'no answer in time');
    }
    if (record !== undefined) this.#ledger.acknowledged(record.epoch);
  }

  async checkpoint(id: string): Promise<CheckpointInfo> {
    const info = await this.#process.call('state.checkpoint', () => {
      const meta = this.#inner.peek(META);
      const epoch = meta === undefined ? 0 : epochRecordOf(meta).epoch;
      this.#ledger.checkpointed(id, epoch);
      return this.#inner.checkpoint(id);
    });
    this.#process.world.figures.checkpoints += 1;
    return info;
  }

  restore(id: string): Promise<void> {
    return this.#process.call('state.restore', () => this.#inner.restore(id));
  }

  listCheckpoints(): Promise<readonly CheckpointInfo[]> {
    return this.#process.call('state.listCheckpoints', () => this.#inner.listCheckpoints());
  }

  verifyCheckpoint(id: string): Promise<readonly string[]> {
    return this.#process.call('state.verifyCheckpoint', () => this.#inner.verifyCheckpoint(id));
  }

  deleteCheckpoint(id: string): Promise<void> {
    return this.#process.call('state.deleteCheckpoint', () => this.#inner.deleteCheckpoint(id));
  }

  sizeBytes(): number {
    return this.#inner.sizeBytes();
  }

  /** A read may fail too. */
  #answer<T>(read: () => T): T {
    const { world } = this.#process;
    if (!world.fault(this.#hazards.lostAnswer / 10)) return read();
    world.figures.readFaults += 1;
    throw new ProcessorError('state', 'STATE_FAILED', 'the disk does not answer');
  }

  async #write(operations: readonly StateOperation[]): Promise<void> {
    try {
      await this.#inner.batch(operations);
    } catch (error) {
      if (ProcessorError.is(error) && error.code === 'STATE_FULL') this.#process.world.figures.diskFull += 1;
      throw error;
    }
  }

  /** What a process finds first is what it goes on from. */
  #noteRead(key: Uint8Array, value: Uint8Array | undefined): void {
    if (this.#hasRecovered || !isMeta(key) || !this.#process.alive) return;
    this.#hasRecovered = true;
    this.#ledger.recovered(value === undefined ? undefined : epochRecordOf(value));
  }
}

/** True for the key of what went into the windows in an epoch. */
function isJournal(key: Uint8Array): boolean {
  return Buffer.from(key).toString('latin1').includes('/journal/');
}

/** True for the key of the record of an epoch. */
export function isMeta(key: Uint8Array): boolean {
  return Buffer.from(key).toString('latin1').endsWith(META);
}
