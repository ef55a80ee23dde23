import { ProcessorError } from '../errors/processor-error.ts';
import type { StateDelta, StateRecord } from '../engine/window-engine.ts';
import type { SourcePosition } from '../sources/event-source.ts';
import type { StateBackend, StateOperation } from '../state/state-backend.ts';
import { emptyOutbox, type Outbox } from './outbox.ts';
import { readOutbox, writeOutbox } from './outbox-codec.ts';

/** Version of everything stored here. */
const FORMAT = 1;

/** What an epoch commits besides window state and outbox. */
export interface EpochMeta {
  readonly epoch: number;
  readonly positions: ReadonlyMap<string, SourcePosition>;
  /** Snapshot of the progress tracker. */
  readonly progress: unknown;
  /** Totals since the pipeline first started. */
  readonly totals: Readonly<Record<string, number>>;
}

/** The last committed epoch. */
export interface StoredEpoch {
  readonly meta: EpochMeta;
  /** What may not have been delivered. */
  readonly outbox: Outbox;
}

/**
 * Epochs in a state backend. Under the pipeline's name stand `meta`, the outbox of the last epoch, and the window
 * state under `w`.
 */
export class EpochStore {
  readonly #backend: StateBackend;
  readonly #metaKey: Uint8Array;
  readonly #outboxKey: Uint8Array;
  readonly #windowPrefix: Uint8Array;

  constructor(backend: StateBackend, pipeline: string) {
    this.#backend = backend;
    const namespace = encodeURIComponent(pipeline);
    this.#metaKey = Buffer.from(`${namespace}/meta`);
    this.#outboxKey = Buffer.from(`${namespace}/outbox`);
    this.#windowPrefix = Buffer.from(`${namespace}/w/`);
  }

  /**
   * The last committed epoch, undefined where there is none; its window state goes to `load`, entry by entry. A
   * backend that cannot be recovered from has none: positions without the window state would lose events.
   * @throws ProcessorError of kind `state`.
   */
  async read(load: (record: Required<StateRecord>) => void): Promise<StoredEpoch | undefined> {
    if (!this.#backend.recoverable) return undefined;
    const bytes = await this.#backend.get(this.#metaKey);
    if (bytes === undefined) return undefined;
    const meta = decodeMeta(bytes);
    for await (const { key, value } of this.#backend.scan(this.#windowPrefix)) {
      load({ key: key.subarray(this.#windowPrefix.length), value });
    }
    const outbox = await this.#backend.get(this.#outboxKey);
    return { meta, outbox: outbox === undefined ? emptyOutbox() : decodeOutbox(outbox) };
  }

  /** Commits an epoch: one atomic write. The outbox of the epoch before goes with it. */
  async commit(meta: EpochMeta, delta: StateDelta, outbox: Outbox): Promise<void> {
    const operations: StateOperation[] = delta.map(({ key, value }) => {
      const stored = Buffer.concat([this.#windowPrefix, key]);
      return value === undefined ? { key: stored } : { key: stored, value };
    });
    operations.push({ key: this.#metaKey, value: encodeMeta(meta) });
    if (this.#backend.recoverable) operations.push({ key: this.#outboxKey, value: writeOutbox(outbox) });
    await this.#backend.batch(operations);
  }

  /** The last epoch has been delivered, and none will follow: it need not be delivered again. */
  async acknowledge(): Promise<void> {
    if (this.#backend.recoverable) await this.#backend.delete(this.#outboxKey);
  }
}

function encodeMeta(meta: EpochMeta): Uint8Array {
  return Buffer.from(JSON.stringify({ format: FORMAT, ...meta, positions: [...meta.positions] }));
}

function decodeMeta(bytes: Uint8Array): EpochMeta {
  const stored = parseStored(bytes, 'the record of the last epoch') as EpochMeta & {
    readonly format: number;
    readonly positions: readonly [string, SourcePosition][];
  };
  if (stored.format !== FORMAT) {
    const message = `the state was written in format ${String(stored.format)}; this version reads format ${FORMAT}`;
    throw new ProcessorError('state', 'STATE_MISMATCH', message);
  }
  return { ...stored, positions: new Map(stored.positions) };
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
