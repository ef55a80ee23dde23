import type { RecordFault } from '../../event/record-block.ts';
import { BYTE, isWhiteSpace, Splitter } from './splitter.ts';
import { ValueScanner } from './value-scanner.ts';

/**
 * Between values: at the top level, after `[`, after an element, after a comma. Inside something: a value, a bare word
 * (number, `true`, junk) in the array, junk at the top level, or what is skipped to find a sound place again.
 */
type Place = 'top' | 'opened' | 'element' | 'comma' | 'value' | 'word' | 'junk' | 'resync';

const CUT_SHORT: RecordFault = { reason: 'malformed', message: 'The input ends within the record.' };
const BROKEN: RecordFault = { reason: 'malformed', message: 'The brackets or quotes of the record do not match.' };
const NO_BRACKET: RecordFault = { reason: 'malformed', message: 'The input ends without the "]" of its array.' };
const TRAILING_COMMA: RecordFault = { reason: 'malformed', message: 'A comma stands before the end of the array.' };
const EXTRA_COMMA: RecordFault = { reason: 'malformed', message: 'An element is missing before the comma.' };
const JUNK: RecordFault = { reason: 'malformed', message: 'Neither an object nor an array of objects.' };

/**
 * Records are the elements of a JSON array. A single object is accepted too, and so is one value after another, with
 * or without white space between them: NDJSON, pretty-printed objects, several arrays.
 *
 * Tolerant: what is wrong becomes a malformed record, and reading goes on with the next thing that can be an
 * object. A comma missing between two objects loses nothing and is let pass. A missing `]` is a record of no bytes.
 */
export class JsonSplitter extends Splitter {
  #place: Place;
  #inArray: boolean;
  readonly #value = new ValueScanner();
  /** While resynchronising: nothing but white space since the last line feed. */
  #atLineStart = false;

  /** @param state where reading goes on: the {@link Splitter.state} of the splitter before; empty at the start. */
  constructor(state = '') {
    super();
    this.#inArray = state !== '';
    this.#place = state === ',' ? 'comma' : this.#between();
  }

  get state(): string {
    if (!this.#inArray) return '';
    return this.#place === 'comma' ? ',' : '[';
  }

  protected override scan(bytes: Buffer): boolean {
    while (this.next < bytes.length) {
      if (this.#step(bytes)) return true;
    }
    return false;
  }

  protected override scanEnd(bytes: Buffer): boolean {
    const place = this.#place;
    const inArray = this.#inArray;
    this.next = bytes.length;
    this.#inArray = false;
    if (place === 'value' || place === 'word') return this.#emit(bytes.length, CUT_SHORT);
    if (place === 'junk') return this.#emit(bytes.length, JUNK);
    if (place === 'resync') return this.#emit(bytes.length, BROKEN);
    this.start = bytes.length;
    return inArray && this.#emit(bytes.length, NO_BRACKET);
  }

  /** Goes on by one byte or, inside a value, as far as it reaches. True if a record is complete. */
  #step(bytes: Buffer): boolean {
    switch (this.#place) {
      case 'value':
        return this.#scanValue(bytes);
      case 'word':
        return this.#scanWord(bytes);
      case 'junk':
        return this.#scanJunk(bytes);
      case 'resync':
        return this.#resync(bytes);
      default:
        return this.#scanBetween(bytes);
    }
  }

  #scanBetween(bytes: Buffer): boolean {
    const at = this.next;
    const byte = bytes[at];
    this.start = at;
    if (isWhiteSpace(byte)) {
      this.start = this.next = at + 1;
      return false;
    }
    if (byte === BYTE.OPEN_BRACE || (this.#inArray && (byte === BYTE.OPEN_BRACKET || byte === BYTE.QUOTE))) {
      this.#value.begin();
      this.#place = 'value';
      return false;
    }
    this.next = at + 1;
    if (this.#inArray) return this.#scanInArray(byte, at);
    if (byte === BYTE.OPEN_BRACKET) {
      this.#inArray = true;
      this.#place = 'opened';
      this.start = this.next;
    } else {
      this.#place = 'junk';
    }
    return false;
  }

  /** A byte between elements that begins no compound value. */
  #scanInArray(byte: number | undefined, at: number): boolean {
    if (byte === BYTE.COMMA) {
      const extra = this.#place !== 'element';
      this.#place = 'comma';
      this.start = extra ? at : this.next;
      return extra && this.#emit(this.next, EXTRA_COMMA);
    }
    if (byte === BYTE.CLOSE_BRACKET) {
      const trailing = this.#place === 'comma';
      this.#inArray = false;
      this.#place = 'top';
      this.start = trailing ? at : this.next;
      return trailing && this.#emit(this.next, TRAILING_COMMA);
    }
    this.#place = 'word';
    return false;
  }

  #scanValue(bytes: Buffer): boolean {
    const outcome = this.#value.scan(bytes, this.next);
    this.next = this.#value.next;
    switch (outcome) {
      case 'more':
        return false;
      case 'complete':
        return this.#emit(this.next, null);
      case 'new-value':
        return this.#emit(this.next, BROKEN);
      case 'broken':
        this.#place = 'resync';
        this.#atLineStart = false;
        return false;
    }
  }

  #scanWord(bytes: Buffer): boolean {
    if (!endsWord(bytes[this.next])) {
      this.next += 1;
      return false;
    }
    // Whether it is JSON at all is for the decoder to say.
    return this.#emit(this.next, null);
  }

  #scanJunk(bytes: Buffer): boolean {
    const byte = bytes[this.next];
    if (byte !== BYTE.LF && byte !== BYTE.OPEN_BRACE && byte !== BYTE.OPEN_BRACKET) {
      this.next += 1;
      return false;
    }
    return this.#emit(this.next, JUNK);
  }

  /** Looks for a line that begins with `{` or `]`: the next record, or the end of the array, in any usual layout. */
  #resync(bytes: Buffer): boolean {
    const byte = bytes[this.next];
    if (this.#atLineStart && (byte === BYTE.OPEN_BRACE || byte === BYTE.CLOSE_BRACKET)) {
      return this.#emit(this.next, BROKEN);
    }
    this.#atLineStart = byte === BYTE.LF || (this.#atLineStart && isWhiteSpace(byte));
    this.next += 1;
    return false;
  }

  #emit(end: number, fault: RecordFault | null): boolean {
    this.end = end;
    this.fault = fault;
    if (fault !== EXTRA_COMMA) this.#place = this.#between();
    return true;
  }

  #between(): Place {
    return this.#inArray ? 'element' : 'top';
  }
}

function endsWord(byte: number | undefined): boolean {
  if (isWhiteSpace(byte)) return true;
  switch (byte) {
    case BYTE.COMMA:
    case BYTE.QUOTE:
    case BYTE.OPEN_BRACE:
    case BYTE.OPEN_BRACKET:
    case BYTE.CLOSE_BRACKET:
      return true;
    default:
      return false;
  }
}
