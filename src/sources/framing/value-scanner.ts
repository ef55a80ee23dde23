import { BYTE, isWhiteSpace } from './splitter.ts';

/**
 * How a scan ended: the value is complete; more bytes are needed; its brackets or quotes do not match; or they do not,
 * and a new value begins right here.
 */
export type ScanOutcome = 'complete' | 'more' | 'broken' | 'new-value';

/** Deeper levels are counted, not checked: such a record is refused for its depth anyway. */
const MAX_CHECKED_DEPTH = 64;

const STRUCTURAL_BYTES: ReadonlySet<number> = new Set([
  BYTE.QUOTE,
  BYTE.OPEN_BRACE,
  BYTE.CLOSE_BRACE,
  BYTE.OPEN_BRACKET,
  BYTE.CLOSE_BRACKET,
]);
const ORDINARY = 0;
const WHITE_SPACE = 1;
const STRUCTURAL = 2;
/** What each byte outside of strings is. */
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (isWhiteSpace(byte)) return WHITE_SPACE;
  return STRUCTURAL_BYTES.has(byte) ? STRUCTURAL : ORDINARY;
});

/**
 * Finds the end of one JSON object, array or string, in bytes that arrive piece by piece. It follows strings and
 * brackets only; whether what lies between is JSON is for the decoder to say.
 */
export class ValueScanner {
  /** Where the last scan stopped: after the value if it was complete. */
  next = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The last byte that was neither white space nor inside a string. */
  #previous = 0;
  /** The opening bracket of each level. */
  readonly #brackets = new Uint8Array(MAX_CHECKED_DEPTH);

  /** Before the first byte of a value. */
  begin(): void {
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#previous = 0;
  }

  /** Scans from `from`, which for a new value is its first byte. */
  scan(bytes: Buffer, from: number): ScanOutcome {
    let at = from;
    while (at < bytes.length) {
      if (this.#inString) {
        at = this.#scanString(bytes, at);
        if (this.#inString) return this.#stop(at, at < bytes.length ? 'broken' : 'more');
        if (this.#depth === 0) return this.#stop(at, 'complete');
      }
      at = this.#skipOrdinary(bytes, at);
      if (at === bytes.length) break;
      const byte = bytes[at] ?? 0;
      if (byte === BYTE.QUOTE) {
        this.#inString = true;
      } else if (byte === BYTE.OPEN_BRACE || byte === BYTE.OPEN_BRACKET) {
        if (!this.#mayOpen()) return this.#stop(at, byte === BYTE.OPEN_BRACE ? 'new-value' : 'broken');
        if (this.#depth < MAX_CHECKED_DEPTH) this.#brackets[this.#depth] = byte;
        this.#depth += 1;
      } else {
        this.#depth -= 1;
        if (!this.#closes(byte)) return this.#stop(at, 'broken');
        if (this.#depth === 0) return this.#stop(at + 1, 'complete');
      }
      this.#previous = byte;
      at += 1;
    }
    return this.#stop(bytes.length, 'more');
  }

  /** Up to a quote or bracket, or the end. */
  #skipOrdinary(bytes: Buffer, from: number): number {
    let previous = this.#previous;
    let at = from;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      const kind = KINDS[byte];
      if (kind === STRUCTURAL) break;
      if (kind === ORDINARY) previous = byte;
    }
    this.#previous = previous;
    return at;
  }

  /**
   * Up to the end of the string. Still in it afterwards: at the end of the bytes, or at a line feed. That cannot stand
   * in a string: its closing quote is missing, and the next line is another matter.
   */
  #scanString(bytes: Buffer, from: number): number {
    let escaped = this.#escaped;
    let at = from;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === BYTE.LF) break;
      if (escaped) {
        escaped = false;
      } else if (byte === BYTE.QUOTE) {
        this.#inString = false;
        at += 1;
        break;
      } else if (byte === BYTE.BACKSLASH) {
        escaped = true;
      }
    }
    this.#escaped = escaped;
    return at;
  }

  /** An object or array can begin where a value can: first of all, after a colon in an object, in an array as an element. */
  #mayOpen(): boolean {
    if (this.#depth === 0 || this.#depth > MAX_CHECKED_DEPTH) return true;
    const previous = this.#previous;
    if (this.#brackets[this.#depth - 1] === BYTE.OPEN_BRACE) return previous === BYTE.COLON;
    return previous === BYTE.COMMA || previous === BYTE.OPEN_BRACKET;
  }

  #closes(byte: number): boolean {
    if (this.#depth >= MAX_CHECKED_DEPTH) return true;
    // An opening bracket and its closing one are two apart in ASCII.
    return this.#brackets[this.#depth] === byte - 2;
  }

  #stop(next: number, outcome: ScanOutcome): ScanOutcome {
    this.next = next;
    return outcome;
  }
}
