import type { RejectionReason } from '../results/dead-letter.ts';
import { hexOf } from './json-faults.ts';
import { FieldKind, FieldSlots } from './field-slots.ts';
import { afterUtf8Sequence } from './utf8.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const { ABSENT, CELL, QUOTED_CELL } = FieldKind;

/**
 * Splits one row into cells (RFC 4180): commas between, quotes around cells that hold commas, quotes or line breaks, a
 * quote inside doubled. A line break at the end of the record is no part of it. Stricter than many: a quote in an
 * unquoted cell, text after a closing quote, and a number of cells other than the header's are faults, because a row
 * out of step puts every value in the wrong column.
 */
export class CsvRow {
  /** The cells of the last row; an empty one, quoted or not, is absent. */
  readonly cells: FieldSlots;
  /** Why the last row was refused. */
  code: RejectionReason = 'malformed';
  message = '';
  #start = 0;

  /** @param width number of columns in the header. */
  constructor(width: number) {
    this.cells = new FieldSlots(width);
  }

  /** Splits `bytes[start, end)`; false, with `code` and `message`, if it is no row of this file. */
  split(bytes: Uint8Array, start: number, end: number): boolean {
    this.#start = start;
    const last = endOfRow(bytes, start, end);
    const width = this.cells.count;
    let at = start;
    let cell = 0;
    for (;;) {
      const next =
        at < last && bytes[at] === QUOTE ? this.#quoted(bytes, at, last, cell) : this.#plain(bytes, at, last, cell);
      if (next < 0) return false;
      cell += 1;
      if (next === last) break;
      at = next + 1;
    }
    if (cell === width) return true;
    this.#fail('malformed', `the row has ${cellCount(cell)}, the header ${cellCount(width)}`);
    return false;
  }

  /** Reads an unquoted cell; returns where it ends. */
  #plain(bytes: Uint8Array, start: number, end: number, cell: number): number {
    let at = start;
    while (at < end) {
      const byte = bytes[at]!; // at < end
      if (byte === COMMA) break;
      if (byte === QUOTE)
        return this.#fail('malformed', `${this.#place(cell, at)}: a quote inside a cell without quotes`);
      at = byte < 0x80 ? at + 1 : this.#character(bytes, at, end);
      if (at < 0) return -1;
    }
    this.#keep(cell, CELL, start, at);
    return at;
  }

  /** Reads a quoted cell from its opening quote; returns where the comma after it, or the end of the row, stands. */
  #quoted(bytes: Uint8Array, open: number, end: number, cell: number): number {
    let kind: number = CELL;
    let at = open + 1;
    while (at < end) {
      const byte = bytes[at]!; // at < end
      if (byte === QUOTE) {
        if (at + 1 >= end || bytes[at + 1] !== QUOTE) {
          this.#keep(cell, kind, open + 1, at);
          if (at + 1 === end || bytes[at + 1] === COMMA) return at + 1;
          return this.#fail('malformed', `${this.#place(cell, at + 1)}: text after the closing quote`);
        }
        kind = QUOTED_CELL;
        at += 2;
      } else {
        at = byte < 0x80 ? at + 1 : this.#character(bytes, at, end);
        if (at < 0) return -1;
      }
    }
    return this.#fail('malformed', `${this.#place(cell, open)}: the quote is not closed`);
  }

  #character(bytes: Uint8Array, at: number, end: number): number {
    const next = afterUtf8Sequence(bytes, at, end);
    if (next > 0) return next;
    const byte = hexOf(bytes[at]!); // at < end
    return this.#fail('invalid_utf8', `at byte ${String(at - this.#start)}: ${byte} begins no valid UTF-8 character`);
  }

  #keep(cell: number, kind: number, start: number, end: number): void {
    // Cells beyond the header are counted only.
    if (cell < this.cells.count) this.cells.set(cell, start === end ? ABSENT : kind, start, end);
  }

  #place(cell: number, at: number): string {
    return `cell ${String(cell + 1)}, at byte ${String(at - this.#start)}`;
  }

  #fail(code: RejectionReason, message: string): number {
    this.code = code;
    this.message = message;
    return -1;
  }
}

function endOfRow(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  if (last > start && bytes[last - 1] === LINE_FEED) last -= 1;
  if (last > start && bytes[last - 1] === CARRIAGE_RETURN) last -= 1;
  return last;
}

function cellCount(count: number): string {
  return count === 1 ? '1 cell' : `${String(count)} cells`;
}
