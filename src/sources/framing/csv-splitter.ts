import { MAX_RECORD_BYTES } from '../../event/record-block.ts';
import { BYTE, Splitter } from './splitter.ts';

type Place = 'field-start' | 'plain' | 'quoted' | 'quote-in-quoted' | 'broken';

/**
 * Records are the rows of RFC 4180: ended by LF or CRLF outside of quotes, the last without one if need be. Empty lines
 * are skipped. A quote within a field that does not begin with one is an ordinary character. What follows a closing quote
 * and is neither delimiter nor end of line breaks the row, which then ends with its line; so does a row that has
 * grown too large inside of quotes, since one stray quote must not swallow the rest of the file.
 */
export class CsvSplitter extends Splitter {
  readonly state = '';
  #place: Place = 'field-start';

  protected override scan(bytes: Buffer): boolean {
    const limit = bytes.length;
    let place = this.#place;
    for (let at = this.next; at < limit; at += 1) {
      const byte = bytes[at];
      if (byte === BYTE.LF && (place !== 'quoted' || at - this.start > MAX_RECORD_BYTES)) {
        this.next = at + 1;
        if (this.#take(bytes, at, place === 'broken')) return true;
        place = 'field-start';
      } else {
        place = afterByte(place, byte);
      }
    }
    this.#place = place;
    this.next = limit;
    return false;
  }

  protected override scanEnd(bytes: Buffer): boolean {
    const place = this.#place;
    this.next = bytes.length;
    return this.start < bytes.length && this.#take(bytes, bytes.length, place === 'broken' || place === 'quoted');
  }

  #take(bytes: Buffer, end: number, broken: boolean): boolean {
    this.#place = 'field-start';
    this.end = end > this.start && bytes[end - 1] === BYTE.CR ? end - 1 : end;
    if (this.end === this.start) {
      this.start = this.next;
      return false;
    }
    if (broken) this.fault = { reason: 'malformed', message: 'The quotes of the CSV row do not match.' };
    return true;
  }
}

function afterByte(place: Place, byte: number | undefined): Place {
  switch (place) {
    case 'field-start':
      if (byte === BYTE.QUOTE) return 'quoted';
      return byte === BYTE.COMMA ? 'field-start' : 'plain';
    case 'plain':
      return byte === BYTE.COMMA ? 'field-start' : 'plain';
    case 'quoted':
      return byte === BYTE.QUOTE ? 'quote-in-quoted' : 'quoted';
    case 'quote-in-quoted':
      if (byte === BYTE.QUOTE) return 'quoted';
      if (byte === BYTE.COMMA) return 'field-start';
      // Of CRLF; a lone CR is let pass here, and the decoder looks at the row anyway.
      return byte === BYTE.CR ? 'quote-in-quoted' : 'broken';
    case 'broken':
      return 'broken';
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
