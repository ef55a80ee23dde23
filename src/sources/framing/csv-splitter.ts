import { MAX_RECORD_BYTES } from '../../event/record-block.ts';
import { BYTE, Splitter } from './splitter.ts';

// Where in a row a byte stands.
const FIELD_START = 0;
const PLAIN = 1;
const QUOTED = 2;
const QUOTE_IN_QUOTED = 3;
const BROKEN = 4;

/** Kinds of bytes: column of {@link NEXT_PLACE}. */
const COLUMNS = new Uint8Array(256);
COLUMNS[BYTE.COMMA] = 1;
COLUMNS[BYTE.QUOTE] = 2;
COLUMNS[BYTE.CR] = 3;
/** The place after a byte that ends no row: row by place, column by kind (any other, comma, quote, CR). */
const NEXT_PLACE = Uint8Array.from(
  [
    [PLAIN, FIELD_START, QUOTED, PLAIN],
    [PLAIN, FIELD_START, PLAIN, PLAIN],
    [QUOTED, QUOTED, QUOTE_IN_QUOTED, QUOTED],
    // A CR is that of CRLF; a lone one is let pass, and the decoder looks at the row anyway.
    [BROKEN, FIELD_START, QUOTED, QUOTE_IN_QUOTED],
    [BROKEN, BROKEN, BROKEN, BROKEN],
  ].flat(),
);

/**
 * Records are the rows of RFC 4180: ended by LF or CRLF outside of quotes, the last without one if need be. Empty lines
 * are skipped. A quote within a field that does not begin with one is an ordinary character. What follows a closing quote
 * and is neither delimiter nor end of line breaks the row, which then ends with its line; so does a row that has
 * grown too large inside of quotes, since one stray quote must not swallow the rest of the file.
 */
export class CsvSplitter extends Splitter {
  readonly state = '';
  #place = FIELD_START;

  protected override scan(bytes: Buffer): boolean {
    const limit = bytes.length;
    let place = this.#place;
    for (let at = this.next; at < limit; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === BYTE.LF && (place !== QUOTED || at - this.start > MAX_RECORD_BYTES)) {
        this.next = at + 1;
        if (this.#take(bytes, at, place === BROKEN)) return true;
        place = FIELD_START;
      } else {
        place = NEXT_PLACE[4 * place + (COLUMNS[byte] ?? 0)] ?? BROKEN;
      }
    }
    this.#place = place;
    this.next = limit;
    return false;
  }

  protected override scanEnd(bytes: Buffer): boolean {
    const place = this.#place;
    this.next = bytes.length;
    return this.start < bytes.length && this.#take(bytes, bytes.length, place === BROKEN || place === QUOTED);
  }

  #take(bytes: Buffer, end: number, broken: boolean): boolean {
    this.#place = FIELD_START;
    this.end = end > this.start && bytes[end - 1] === BYTE.CR ? end - 1 : end;
    if (this.end === this.start) {
      this.start = this.next;
      return false;
    }
    if (broken) this.fault = { reason: 'malformed', message: 'The quotes of the CSV row do not match.' };
    return true;
  }
}

/** The fields of a CSV row that a {@link CsvSplitter} found, quotes taken off. */
export function csvFields(row: string): string[] {
  const fields: string[] = [];
  let at = 0;
  do {
    if (row[at] === '"') {
      const close = closingQuote(row, at + 1);
      fields.push(row.slice(at + 1, close).replaceAll('""', '"'));
      at = close + 1;
    } else {
      const comma = row.indexOf(',', at);
      const end = comma === -1 ? row.length : comma;
      fields.push(row.slice(at, end));
      at = end;
    }
    at += 1;
  } while (at <= row.length);
  return fields;
}

function closingQuote(row: string, from: number): number {
  let at = row.indexOf('"', from);
  while (at !== -1 && row[at + 1] === '"') at = row.indexOf('"', at + 2);
  return at === -1 ? row.length : at;
}
