import type { PathStep } from '../event/field-path.ts';
import { MAX_RECORD_BYTES, type ByteBlock, type RecordFormat } from '../event/record-block.ts';
import { CsvRow } from './csv-row.ts';
import type { Fault } from './field-faults.ts';
import { FieldSlots } from './field-slots.ts';
import { compileFieldTrie } from './field-trie.ts';
import { JsonScanner } from './json-scanner.ts';

const NO_HEADER: readonly string[] = [];

/** A wanted path: its steps, and its text, by which a CSV column is found first. */
export interface WantedPath {
  readonly path: readonly PathStep[];
  readonly text: string;
}

/** Reads the records of byte blocks, JSON or CSV, into the slots of the wanted paths. */
export class RecordReader {
  readonly slots: FieldSlots;
  /** The slot of each wanted path, in their order. */
  readonly slotOfPath: readonly number[];
  readonly #wanted: readonly WantedPath[];
  readonly #scanner: JsonScanner;
  #header = NO_HEADER;
  #row = new CsvRow(0);
  /** Column of each slot; −1 where the file has none. */
  readonly #columnOfSlot: Int32Array;
  #isCsv = false;
  #failed: { readonly code: Fault['code']; readonly message: string };

  constructor(wanted: readonly WantedPath[]) {
    const trie = compileFieldTrie(wanted.map(({ path }) => path));
    this.slots = new FieldSlots(trie.slotCount);
    this.slotOfPath = trie.slotOfPath;
    this.#wanted = wanted;
    this.#scanner = new JsonScanner(trie.root, this.slots);
    this.#failed = this.#scanner;
    this.#columnOfSlot = new Int32Array(trie.slotCount).fill(-1);
  }

  /** Prepares for the records of a block. */
  begin(format: RecordFormat): void {
    this.#isCsv = format.type === 'csv';
    if (format.type === 'csv' && format.header !== this.#header) this.#useHeader(format.header);
  }

  /** Reads record `index` into the slots; false if it is at fault, see {@link RecordReader.fault}. */
  read(block: ByteBlock, index: number): boolean {
    const start = block.starts[index]!; // index < block.count
    const end = block.ends[index]!; // likewise
    const arrival = block.faults?.get(index);
    if (arrival !== undefined) {
      this.#failed = { code: arrival.reason, message: arrival.message };
      return false;
    }
    if (end - start > MAX_RECORD_BYTES) {
      const message = `the record has ${String(end - start)} bytes; at most ${String(MAX_RECORD_BYTES)} are taken`;
      this.#failed = { code: 'too_large', message };
      return false;
    }
    return this.#isCsv ? this.#readRow(block.bytes, start, end) : this.#readJson(block.bytes, start, end);
  }

  /** Why the last record that was refused was. */
  fault(): Fault {
    return { code: this.#failed.code, message: this.#failed.message, path: null };
  }

  /** The row read last as an object: text by column, empty cells left out, of equal columns the last. */
  rowObject(bytes: Uint8Array): Record<string, string> {
    const object = Object.create(null) as Record<string, string>;
    for (const [column, name] of this.#header.entries()) {
      const cell = this.#row.cells.valueOf(column, bytes);
      if (typeof cell === 'string') object[name] = cell;
      else delete object[name];
    }
    return object;
  }

  #readJson(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#scanner.scan(bytes, start, end)) return true;
    this.#failed = this.#scanner;
    return false;
  }

  #readRow(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#row.split(bytes, start, end)) {
      this.#failed = this.#row;
      return false;
    }
    const { cells } = this.#row;
    for (let slot = 0; slot < this.slots.count; slot += 1) {
      const column = this.#columnOfSlot[slot]!; // one per slot
      if (column < 0) this.slots.clearRange(slot, slot + 1);
      else this.slots.set(slot, cells.kinds[column]!, cells.starts[column]!, cells.ends[column]!); // one per column
    }
    return true;
  }

  #useHeader(header: readonly string[]): void {
    this.#header = header;
    this.#row = new CsvRow(header.length);
    for (const [index, { path, text }] of this.#wanted.entries()) {
      const slot = this.slotOfPath[index]!; // one per path
      const [name] = path;
      const byText = header.lastIndexOf(text);
      const byName = path.length === 1 && typeof name === 'string' ? header.lastIndexOf(name) : -1;
      this.#columnOfSlot[slot] = byText >= 0 ? byText : byName;
    }
  }
}
