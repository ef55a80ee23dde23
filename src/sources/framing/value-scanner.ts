import { BYTE, isWhiteSpace } from './splitter.ts';

/**
 * How a scan ended: the value is complete; more bytes are needed; its brackets or quotes do not match; or they do not,
 * and a new value begins right here.
 */
export type ScanOutcome = 'complete' | 'more' | 'broken' | 'new-value';

/** Deeper levels are counted, not checked: such a record is refused for its depth anyway. */
const MAX_CHECKED_DEPTH = 64;

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
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (this.#inString) {
        // A line feed cannot stand in a string: its closing quote is missing, and the next line is another matter.
        if (byte === BYTE.LF) return this.#stop(at, 'broken');
        if (this.#endsString(byte) && this.#depth === 0) return this.#stop(at + 1, 'complete');
      } else if (byte === BYTE.QUOTE) {
        this.#inString = true;
      } else if (byte === BYTE.OPEN_BRACE || byte === BYTE.OPEN_BRACKET) {
        if (!this.#mayOpen()) return this.#stop(at, byte === BYTE.OPEN_BRACE ? 'new-value' : 'broken');
        if (this.#depth < MAX_CHECKED_DEPTH) this.#brackets[this.#depth] = byte;
        this.#depth += 1;
      } else if (byte === BYTE.CLOSE_BRACE || byte === BYTE.CLOSE_BRACKET) {
        this.#depth -= 1;
        if (!this.#closes(byte)) return this.#stop(at, 'broken');
        if (this.#depth === 0) return this.#stop(at + 1, 'complete');
      }
      if (!isWhiteSpace(byte)) this.#previous = byte;
    }
    return this.#stop(bytes.length, 'more');
  }

  #endsString(byte: number): boolean {
    if (this.#escaped) {
      this.#escaped = false;
      return false;
    }
    if (byte === BYTE.QUOTE) this.#inString = false;
    else this.#escaped = byte === BYTE.BACKSLASH;
    return !this.#inString;
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
