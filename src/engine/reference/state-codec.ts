import { ByteReader, ByteWriter } from '../../aggregations/accumulator-bytes.ts';
import { MetricAccumulator } from '../../aggregations/metric-accumulator.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { KeyDictionary } from '../../event/key-dictionary.ts';
import { Window } from '../../event/window.ts';
import type { Results } from '../../results/aggregation-result.ts';
import { KeyReader, KeyWriter } from '../../state/key-encoding.ts';
import { readWindow, writeWindow } from '../../state/window-key.ts';
import type { StateRecord } from '../window-engine.ts';
import { Cell, type CellShape } from './cell.ts';
import { Bucket, SlicedWindows } from './sliced-windows.ts';
import type { StoredItem } from './stored-item.ts';
import type { WindowOperator } from './window-operator.ts';
import { WindowState } from './window-state.ts';

const WINDOW = 1;
const BUCKET = 2;
const FLAG_CLOSED = 1;
const FLAG_CELL = 2;
const FLAG_EMITTED = 4;

/** The key of an entry, taken apart. @throws ProcessorError STATE_CORRUPT for bytes that are no entry's key. */
export function readWindowEntryKey(key: Uint8Array): {
  readonly name: string;
  readonly kind: 'window' | 'slice';
  readonly window: Window;
} {
  const reader = new KeyReader(key);
  const name = reader.text();
  const kind = reader.byte();
  if (kind !== WINDOW && kind !== BUCKET) {
    throw new ProcessorError('state', 'STATE_CORRUPT', `an entry of windows "${name}" cannot be read`);
  }
  return { name, kind: kind === WINDOW ? 'window' : 'slice', window: readWindow(reader) };
}

/**
 * The engine's state as entries: one for each window of a key, one for each bucket of a slice. A key is the name of
 * the window definition, which of the two it is, and then end, start and grouping key, so that entries sort by when
 * their windows close.
 */
export class StateCodec {
  readonly #operators: ReadonlyMap<string, WindowOperator>;
  readonly #shape: CellShape;
  readonly #keys: KeyDictionary;

  constructor(operators: readonly WindowOperator[], shape: CellShape, keys: KeyDictionary) {
    this.#operators = new Map(operators.map((operator) => [operator.settings.name, operator]));
    this.#shape = shape;
    this.#keys = keys;
  }

  /** Adds to a delta what has become of a changed item, and notes where it stands now. */
  write(operator: WindowOperator, item: StoredItem, delta: StateRecord[]): void {
    item.changed = false;
    const before = item.storedKey;
    item.storedKey = null;
    if (item.removed) {
      if (before !== null) delta.push({ key: before });
      return;
    }
    const { name } = operator.settings;
    const [key, value] = item instanceof Bucket ? this.#writeBucket(name, item) : this.#writeWindow(name, item);
    // A session that has grown stands under a new key.
    if (before !== null && Buffer.compare(before, key) !== 0) delta.push({ key: before });
    item.storedKey = key;
    delta.push({ key, value });
  }

  /**
   * Takes an entry back into the engine.
   * @throws ProcessorError STATE_CORRUPT, or STATE_MISMATCH for windows that the pipeline does not have.
   */
  read(key: Uint8Array, value: Uint8Array): void {
    const reader = new KeyReader(key);
    const name = reader.text();
    const kind = reader.byte();
    const window = readWindow(reader);
    const operator = this.#operators.get(name);
    if (operator === undefined) {
      throw new ProcessorError(
        'state',
        'STATE_MISMATCH',
        `there is state of windows "${name}", which are not configured`,
      );
    }
    const keyId = this.#keys.idOf(window.key);
    if (kind === BUCKET && operator instanceof SlicedWindows) {
      const bucket = new Bucket(window.start, window.end, keyId, this.#readCell(new ByteReader(value)));
      bucket.storedKey = key;
      operator.adoptBucket(bucket);
      return;
    }
    if (kind !== WINDOW)
      throw new ProcessorError('state', 'STATE_CORRUPT', `an entry of windows "${name}" cannot be read`);
    const state = this.#readWindow(window, keyId, value);
    state.storedKey = key;
    operator.adopt(state);
  }

  #writeWindow(name: string, item: StoredItem): [Uint8Array, Uint8Array] {
    if (!(item instanceof WindowState)) throw new ProcessorError('internal', 'INTERNAL', 'an unknown kind of state');
    const writer = new ByteWriter();
    const { cell, emitted } = item;
    writer.byte(
      (item.closed ? FLAG_CLOSED : 0) | (cell === null ? 0 : FLAG_CELL) | (emitted === null ? 0 : FLAG_EMITTED),
    );
    writer.whole(item.panes);
    writer.whole(item.elements);
    writer.float(item.since);
    if (emitted !== null) writeSized(writer, new TextEncoder().encode(JSON.stringify(emitted)));
    if (cell !== null) this.#writeCell(writer, cell);
    return [writeWindow(new KeyWriter().text(name).byte(WINDOW), item.window).finish(), writer.finish()];
  }

  #readWindow(window: Window, keyId: number, value: Uint8Array): WindowState {
    const reader: ByteReader = new ByteReader(value);
    const flags = reader.byte();
    const panes = reader.whole();
    const elements = reader.whole();
    const since = reader.float();
    const emitted = (flags & FLAG_EMITTED) === 0 ? null : readSized(reader);
    const cell = (flags & FLAG_CELL) === 0 ? null : this.#readCell(reader);
    const state = new WindowState(window.start, window.end, keyId, window.key, cell, since);
    state.panes = panes;
    state.elements = elements;
    state.closed = (flags & FLAG_CLOSED) !== 0;
    // JSON.parse gives back what this codec has written.
    state.emitted = emitted === null ? null : (JSON.parse(new TextDecoder().decode(emitted)) as Results);
    return state;
  }

  #writeBucket(name: string, bucket: Bucket): [Uint8Array, Uint8Array] {
    const writer = new ByteWriter();
    this.#writeCell(writer, bucket.cell);
    const window = new Window(bucket.sliceStart, bucket.firstEnd, this.#keys.keyOf(bucket.keyId));
    return [writeWindow(new KeyWriter().text(name).byte(BUCKET), window).finish(), writer.finish()];
  }

  #writeCell(writer: ByteWriter, cell: Cell): void {
    writer.whole(cell.events);
    for (const metric of cell.metrics) writeSized(writer, metric.encode());
    for (const accumulators of cell.custom) {
      for (const [c, custom] of this.#shape.custom.entries()) writeSized(writer, custom.encode(accumulators[c]));
    }
  }

  #readCell(reader: ByteReader): Cell {
    const { metrics, custom, aggregation } = this.#shape;
    const events = reader.whole();
    const accumulators = metrics.map(() => MetricAccumulator.decode(readSized(reader), aggregation));
    const others = custom.length === 0 ? [] : metrics.map(() => custom.map((one) => one.decode(readSized(reader))));
    const cell = new Cell(this.#shape, accumulators, others);
    cell.events = events;
    return cell;
  }
}

function writeSized(writer: ByteWriter, bytes: Uint8Array): void {
  writer.whole(bytes.length);
  writer.raw(bytes);
}

function readSized(reader: ByteReader): Uint8Array {
  return reader.raw(reader.whole());
}
