import { ProcessorError } from '../errors/processor-error.ts';
import type { StateDelta, StateRequest, StoredEntry } from '../engine/window-engine.ts';
import type { Positions, SourcePosition } from '../event/source-position.ts';
import type { StateBackend, StateOperation } from '../state/state-backend.ts';
import { emptyOutbox, type Outbox } from './outbox.ts';
import { readOutbox, writeOutbox } from './outbox-codec.ts';
import type { StoredPlan } from './plan-fingerprint.ts';

/** Version of everything stored here. */
const FORMAT = 3;

/** What an epoch commits besides window state and outbox. */
export interface EpochMeta {
  readonly epoch: number;
  readonly positions: Positions;
  /** Snapshot of the progress tracker. */
  readonly progress: unknown;
  /** Totals since the pipeline first started. */
  readonly totals: Readonly<Record<string, number>>;
  /** About how many entries a restart has to load: what the progress of a recovery is measured by. */
  readonly restartEntries: number;
  /** Where each sink stood, by its name, after all epochs before this one had been delivered. */
  readonly sinks: ReadonlyMap<string, string>;
}

/** What an epoch commits: the window state that has changed, what is to be delivered, and the rest. */
export interface EpochWrite {
  readonly meta: EpochMeta;
  readonly delta: StateDelta;
  /**
   * What went into the windows in this epoch, in place of their delta and of the results, which follow from it; null where
   * the delta has all that has changed.
   */
  readonly journal: Uint8Array | null;
  /** How many epochs before this one are stored by their journal: with a delta they go. */
  readonly journaled: number;
  readonly outbox: Outbox;
  /** What the state now depends on; absent where that stands there already. */
  readonly plan?: StoredPlan;
}

/** What stands of the last committed epoch, without its window state. */
export interface StoredEpoch {
  readonly meta: EpochMeta;
  /** What the state depends on; undefined where nothing is said of it. */
  readonly plan: StoredPlan | undefined;
  /** What went into the windows since they were stored, an entry for each epoch, in order: to be done again. */
  readonly journal: readonly StoredEntry[];
  /** What may not have been delivered; without the results where the journal is to give them. */
  readonly outbox: Outbox;
  /** True if the run came to its end after the epoch, and all that there was had been delivered. */
  readonly isAcknowledged: boolean;
}

/** What an {@link EpochStore} needs of a backend: it reads only. */
export type EpochReader = Pick<StateBackend, 'recoverable' | 'get' | 'getMany' | 'scan'>;

/** What a look into a state from outside needs: reading only. */
export type StateReader = Pick<StateBackend, 'getMany' | 'scan'>;

/** Reads the epochs of a state that is looked at from outside. */
export function epochReaderOf(reader: StateReader): EpochReader {
  return {
    recoverable: true,
    get: async (key) => (await reader.getMany([key]))[0],
    getMany: (keys) => reader.getMany(keys),
    scan: (prefix, options) => reader.scan(prefix, options),
  };
}

/** Whose entry a key of a state is; undefined for what no pipeline has put there. `windowKey`: the engine's own. */
export function placeOfEntry(
  key: Uint8Array,
): { readonly pipeline: string; readonly windowKey: Uint8Array | undefined } | undefined {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  const slash = bytes.indexOf('/');
  if (slash === -1) return undefined;
  const isWindow = bytes.subarray(slash, slash + 3).toString() === '/w/';
  const record = isWindow ? '' : bytes.subarray(slash).toString();
  if (!isWindow && !RECORDS.has(record) && !record.startsWith(JOURNAL)) return undefined;
  try {
    const pipeline = decodeURIComponent(bytes.subarray(0, slash).toString());
    return { pipeline, windowKey: isWindow ? bytes.subarray(slash + 3) : undefined };
  } catch {
    return undefined; // No name that was encoded.
  }
}

const RECORDS: ReadonlySet<string> = new Set(['/meta', '/outbox', '/plan', '/checkpoints']);
const JOURNAL = '/journal/';

/** A key that is after all of a pipeline's, and before those of any other. */
export function afterPipeline(pipeline: string): Uint8Array {
  return Buffer.concat([Buffer.from(`${encodeURIComponent(pipeline)}/`), Uint8Array.of(255)]);
}

/** What the keys of a pipeline's window state begin with. */
export function windowStatePrefix(pipeline: string): Uint8Array {
  return Buffer.from(`${encodeURIComponent(pipeline)}/w/`);
}

/**
 * How epochs stand in a state backend. Under the pipeline's name there are `meta`, the `outbox` of the last epoch, the
 * `plan` that the state depends on, the `checkpoints` with their positions, the window state under `w`, and under
 * `journal` what went into the windows in the epochs since that was written. Reads; what is to be written it gives as
 * operations.
 */
export class EpochStore {
  readonly #backend: EpochReader;
  readonly #metaKey: Uint8Array;
  readonly #outboxKey: Uint8Array;
  readonly #planKey: Uint8Array;
  readonly #checkpointsKey: Uint8Array;
  readonly #journalPrefix: string;

  constructor(backend: EpochReader, pipeline: string) {
    this.#backend = backend;
    this.#metaKey = recordKey(pipeline, 'meta');
    this.#outboxKey = recordKey(pipeline, 'outbox');
    this.#planKey = recordKey(pipeline, 'plan');
    this.#checkpointsKey = recordKey(pipeline, 'checkpoints');
    this.#journalPrefix = `${encodeURIComponent(pipeline)}${JOURNAL}`;
  }

  /**
   * The last committed epoch, undefined where there is none. A backend that cannot be recovered from has none: positions
   * without the window state would lose events.
   * @throws ProcessorError STATE_CORRUPT, STATE_MISMATCH for another format, or what the backend throws.
   */
  async read(): Promise<StoredEpoch | undefined> {
    if (!this.#backend.recoverable) return undefined;
    const [meta, outbox, plan] = await this.#backend.getMany([this.#metaKey, this.#outboxKey, this.#planKey]);
    if (meta === undefined) return undefined;
    const decoded = decodeMeta(meta);
    return {
      meta: decoded,
      journal: await this.#readJournal(decoded),
      plan: plan === undefined ? undefined : (parseStored(plan, 'the record of the plan') as StoredPlan),
      outbox: outbox === undefined ? emptyOutbox() : decodeOutbox(outbox),
      isAcknowledged: outbox === undefined,
    };
  }

  /** The window state whose keys begin with one of some prefixes. */
  async *windowState(prefixes: readonly Uint8Array[]): AsyncGenerator<StoredEntry, void, undefined> {
    for (const prefix of prefixes) {
      yield* this.#backend.scan(prefix);
    }
  }

  /** What an engine asks for of its stored state, as far as it exists. */
  async entriesOf(request: StateRequest): Promise<readonly StoredEntry[]> {
    const entries: StoredEntry[] = [];
    if (request.type === 'keys') {
      const values = await this.#backend.getMany(request.keys);
      for (const [i, key] of request.keys.entries()) {
        const value = values[i];
        if (value !== undefined) entries.push({ key, value });
      }
      return entries;
    }
    const { prefix, after, limit } = request;
    const options = { limit, ...(after === null ? {} : { after }) };
    for await (const entry of this.#backend.scan(prefix, options)) entries.push(entry);
    return entries;
  }

  /** The commit of an epoch: one atomic write. The outbox of the epoch before goes with it. */
  operationsOf({ meta, delta, journal, journaled, outbox, plan }: EpochWrite): readonly StateOperation[] {
    const operations: StateOperation[] = [...delta];
    operations.push({ key: this.#metaKey, value: encodeMeta(meta) });
    if (!this.#backend.recoverable) return operations;
    if (journal !== null) operations.push({ key: this.#journalKey(meta.epoch), value: journal });
    else for (let n = journaled; n > 0; n -= 1) operations.push({ key: this.#journalKey(meta.epoch - n) });
    const kept = journal === null ? outbox : { ...outbox, results: [] };
    operations.push({ key: this.#outboxKey, value: writeOutbox(kept) });
    if (plan !== undefined) operations.push({ key: this.#planKey, value: encodePlan(plan) });
    return operations;
  }

  /** The windows, and what is to be delivered, are stored as of the end of a journal, which goes. One atomic write. */
  foldingOf(delta: StateDelta, outbox: Outbox, journal: readonly StoredEntry[]): readonly StateOperation[] {
    const kept = { key: this.#outboxKey, value: writeOutbox(outbox) };
    return [...delta, kept, ...journal.map(({ key }) => ({ key }))];
  }

  /** The last epoch has been delivered, and none will follow: it need not be delivered again. One atomic write. */
  acknowledgementOf(meta: EpochMeta): readonly StateOperation[] {
    return [{ key: this.#metaKey, value: encodeMeta(meta) }, { key: this.#outboxKey }];
  }

  /** The positions of checkpoints, by id, as far as they are known. @throws ProcessorError STATE_CORRUPT. */
  async readCheckpoints(): Promise<Map<string, Positions>> {
    const bytes = await this.#backend.get(this.#checkpointsKey);
    if (bytes === undefined) return new Map();
    const { positions } = parseStored(bytes, 'the record of the checkpoints') as {
      readonly positions: readonly (readonly [id: string, positions: readonly [string, SourcePosition][]])[];
    };
    return new Map(positions.map(([id, pairs]) => [id, new Map(pairs)]));
  }

  /** Notes the positions of checkpoints, in place of what was noted of any. */
  checkpointsOperation(checkpoints: ReadonlyMap<string, Positions>): StateOperation {
    const positions = [...checkpoints].map(([id, pairs]) => [id, [...pairs]]);
    return { key: this.#checkpointsKey, value: Buffer.from(JSON.stringify({ positions })) };
  }

  /** Numbers as text sort as they do. */
  #journalKey(epoch: number): Uint8Array {
    return Buffer.from(`${this.#journalPrefix}${String(epoch).padStart(16, '0')}`);
  }

  /** The epochs up to the last that are stored by their journal; none may be missing among them. */
  async #readJournal({ epoch }: EpochMeta): Promise<readonly StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for await (const entry of this.#backend.scan(Buffer.from(this.#journalPrefix))) entries.push(entry);
    for (const [i, { key }] of entries.entries()) {
      const expected = this.#journalKey(epoch - entries.length + 1 + i);
      if (Buffer.compare(key, expected) !== 0) throw corrupt('the journal of the last epochs', undefined);
    }
    return entries;
  }
}

/** The records of an epoch of which all has been delivered; the last of them makes a state of the others. */
export function recordsOf(pipeline: string, meta: EpochMeta, plan: StoredPlan): readonly StoredEntry[] {
  return [
    { key: recordKey(pipeline, 'plan'), value: encodePlan(plan) },
    { key: recordKey(pipeline, 'meta'), value: encodeMeta(meta) },
  ];
}

function recordKey(pipeline: string, record: 'meta' | 'outbox' | 'plan' | 'checkpoints'): Uint8Array {
  return Buffer.from(`${encodeURIComponent(pipeline)}/${record}`);
}

function encodePlan(plan: StoredPlan): Uint8Array {
  return Buffer.from(JSON.stringify(plan));
}

function encodeMeta(meta: EpochMeta): Uint8Array {
  const stored = { format: FORMAT, ...meta, positions: [...meta.positions], sinks: [...meta.sinks] };
  return Buffer.from(JSON.stringify(stored));
}

function decodeMeta(bytes: Uint8Array): EpochMeta {
  const { format, ...stored } = parseStored(bytes, 'the record of the last epoch') as Omit<
    EpochMeta,
    'positions' | 'sinks'
  > & {
    readonly format: number;
    readonly positions: readonly [string, SourcePosition][];
    readonly sinks: readonly [string, string][];
  };
  if (format !== FORMAT) {
    const message = `the state was written in format ${String(format)}; this version reads format ${FORMAT}`;
    throw new ProcessorError('state', 'STATE_MISMATCH', message);
  }
  return { ...stored, positions: new Map(stored.positions), sinks: new Map(stored.sinks) };
}

function decodeOutbox(bytes: Uint8Array): Outbox {
  try {
    return readOutbox(bytes);
  } catch (cause) {
    throw corrupt('the outbox of the last epoch', cause);
  }
}

function parseStored(bytes: Uint8Array, what: string): object {
  let stored: unknown;
  try {
    stored = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw corrupt(what, cause);
  }
  if (typeof stored !== 'object' || stored === null) throw corrupt(what, undefined);
  return stored;
}

function corrupt(what: string, cause: unknown): ProcessorError {
  return new ProcessorError('state', 'STATE_CORRUPT', `${what} cannot be read`, { cause });
}
