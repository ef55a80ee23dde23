import type { AggregationResult } from '../../src/results/aggregation-result.ts';
import type { LateEvent } from '../../src/results/late-event.ts';
import type { Delivery, EventSink, SinkContext } from '../../src/sinks/event-sink.ts';
import type { LateJson, ResultJson } from '../oracle/result-json.ts';
import type { Platter } from './disk.ts';
import { Disk } from './disk.ts';
import type { Hazards } from './draw.ts';
import type { Ledger } from './ledger.ts';
import type { SimulatedProcess } from './process.ts';

/** A line of the file, or an entry of the store: the item as JSON, and its id. */
export interface Delivered<J> {
  readonly id: string;
  readonly json: J;
}

/** Makes an item what is compared. */
export type Canonical<T, J> = (item: T) => Delivered<J>;

/** Faults planted in a sink, for tests of the simulation itself. */
export interface SinkFaults {
  /** Goes on behind whatever is in the file, as if the state had noted all of it as taken. */
  readonly keepsAll?: boolean;
}

/** What a sink is made from. */
export interface SimulatedSinkOptions<T, J> {
  readonly process: SimulatedProcess;
  readonly hazards: Hazards;
  readonly ledger: Ledger;
  readonly canonical: Canonical<T, J>;
  readonly faults?: SinkFaults;
}

/** A result without what the clock decides. */
export function canonicalResult(item: AggregationResult<unknown>): Delivered<ResultJson> {
  const { timestamp: _timestamp, ...json } = JSON.parse(JSON.stringify(item)) as ResultJson & { timestamp?: string };
  return { id: json.id, json };
}

/** What identifies a late event. */
export function canonicalLate(item: LateEvent): Delivered<LateJson> {
  const { source, window, watermark, lateness_ms } = JSON.parse(JSON.stringify(item)) as LateJson;
  const json = { source, window, watermark, lateness_ms };
  return { id: JSON.stringify([source, window]), json };
}

const FILE = 'results';

/**
 * A file that each item is appended to, exactly once: what stands behind the position that the state has noted is cut off
 * when it is opened. Nothing tells two equal lines apart.
 */
export class FileLikeSink<T, J> implements EventSink<T> {
  readonly name: string;
  readonly #options: SimulatedSinkOptions<T, J>;
  readonly #disk: Disk;
  #length = 0;
  /** Length before the epoch that is being delivered. */
  #before = 0;
  #epoch = -1;

  constructor(name: string, platter: Platter, options: SimulatedSinkOptions<T, J>) {
    this.name = name;
    this.#options = options;
    this.#disk = new Disk(platter, 'sink file', options.process);
  }

  async open({ position }: SinkContext): Promise<void> {
    const { process, hazards, faults } = this.#options;
    await process.reach('sink.open: before');
    if (process.world.fault(hazards.sinkFault / 10)) throw sinkFault(process, 'the file cannot be opened');
    const bytes = await this.#disk.read(FILE);
    if (bytes === undefined) await this.#disk.create(FILE);
    // Also where it is there: a process that was killed may have made it, and not come so far.
    await this.#disk.syncNames();
    this.#length = Number(position ?? 0);
    if (faults?.keepsAll === true) this.#length = bytes?.length ?? 0;
    if ((bytes?.length ?? 0) < this.#length) process.world.violate(`${this.name}: shorter than its position`);
    await this.#disk.truncate(FILE, this.#length);
    this.#before = this.#length;
    await process.reach('sink.open: after');
  }

  async sendBatch(items: readonly T[], { epoch, signal }: Delivery): Promise<void> {
    const { process, hazards, canonical, ledger } = this.#options;
    const { world } = process;
    ledger.delivering(epoch);
    // The same epoch again: the answer was lost, or the attempt was given up.
    if (epoch !== this.#epoch) this.#before = this.#length;
    this.#epoch = epoch;
    await process.reach('sink.send: before');
    await this.#disk.truncate(FILE, this.#before);
    const lines = items.map((item) => `${JSON.stringify(canonical(item))}\n`);
    const fault = world.fault(hazards.sinkFault) ? world.random.pick(['fail', 'hang', 'done']) : undefined;
    if (fault !== undefined) world.figures.sinkFaults += 1;
    const bytes = Buffer.from(lines.join(''));
    const written = fault === 'done' || fault === undefined ? bytes.length : world.random.int(0, bytes.length);
    const half = world.random.int(0, written);
    for (const part of [bytes.subarray(0, half), bytes.subarray(half, written)]) {
      if (signal.aborted) throw new Error('given up');
      await this.#disk.append(FILE, part);
    }
    if (fault === 'fail') throw new Error('the file refused a line');
    if (fault === 'hang') await aborted(signal);
    if (signal.aborted) throw new Error('given up');
    await this.#disk.sync(FILE);
    if (fault === 'done') await aborted(signal);
    await process.reach('sink.send: after');
    this.#length = this.#before + bytes.length;
    world.note(`${this.name} has epoch ${String(epoch)}, ${String(items.length)} items`);
  }

  position(): string {
    return String(this.#length);
  }

  close(): Promise<void> {
    return this.#options.process.call('sink.close', () => undefined);
  }
}

/** What a file-like sink has left, in its order. @throws SyntaxError for a line that was not written whole. */
export function readFileLike<J>(platter: Platter): readonly Delivered<J>[] {
  const text = Buffer.from(platter.read(FILE) ?? new Uint8Array(0)).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Delivered<J>);
}

/** A store elsewhere that keeps one item for an id, the last: it outlives the processor, and the way to it is unreliable. */
export class KeyedStore<J> {
  /** In order of their first coming. */
  readonly items = new Map<string, Delivered<J>>();
  /** Ids in the order in which they came last. */
  deliveries = 0;

  put(item: Delivered<J>): void {
    this.deliveries += 1;
    this.items.set(item.id, item);
  }
}

/** Writes to a {@link KeyedStore}, one by one or in batches. */
export class KeyedSink<T, J> implements EventSink<T> {
  readonly name: string;
  readonly send?: NonNullable<EventSink<T>['send']>;
  readonly sendBatch?: NonNullable<EventSink<T>['sendBatch']>;
  readonly #store: KeyedStore<J>;
  readonly #options: SimulatedSinkOptions<T, J>;

  constructor(name: string, store: KeyedStore<J>, oneByOne: boolean, options: SimulatedSinkOptions<T, J>) {
    this.name = name;
    this.#store = store;
    this.#options = options;
    if (oneByOne) this.send = (item, delivery) => this.#put([item], delivery);
    else this.sendBatch = (items, delivery) => this.#put(items, delivery);
  }

  async open(): Promise<void> {
    const { process, hazards } = this.#options;
    await process.call('sink.open', () => {
      if (process.world.fault(hazards.sinkFault / 10)) throw sinkFault(process, 'the store cannot be reached');
    });
  }

  async close(): Promise<void> {
    await this.#options.process.call('sink.close', () => undefined);
  }

  async #put(items: readonly T[], { epoch, signal }: Delivery): Promise<void> {
    const { process, hazards, canonical, ledger } = this.#options;
    const { world } = process;
    ledger.delivering(epoch);
    await process.reach('sink.send: before');
    const fault = world.fault(hazards.sinkFault) ? world.random.pick(['fail', 'hang', 'done', 'part']) : undefined;
    if (fault !== undefined) world.figures.sinkFaults += 1;
    let taken = items.length;
    if (fault === 'fail' || fault === 'hang') taken = 0;
    if (fault === 'part') taken = world.random.int(0, items.length);
    const request = items.slice(0, taken).map(canonical);
    await new Promise<void>((resolve) => {
      // A request that is out arrives, whether or not the process that sent it lives. That of a machine which was replaced
      // would have to be kept out by somebody else than the store.
      const arrives = !process.isReplaced;
      world.schedule(null, `${this.name} epoch ${String(epoch)}`, world.random.delay(50), () => {
        if (arrives) for (const item of request) this.#store.put(item);
        resolve();
      });
    });
    await process.wait(`${this.name} answers`, 0);
    if (fault === 'hang' || fault === 'done') await aborted(signal);
    if (fault !== undefined) throw new Error('the store did not answer');
    await process.reach('sink.send: after');
    world.note(`${this.name} has ${String(items.length)} items of epoch ${String(epoch)}`);
  }
}

function sinkFault(process: SimulatedProcess, message: string): Error {
  process.world.figures.sinkFaults += 1;
  return new Error(message);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
