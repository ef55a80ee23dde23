import type { RejectionReason } from '../results/dead-letter.ts';
import { foundAt, hexOf } from './json-faults.ts';
import { afterJsonNumber } from './json-number.ts';
import { afterUtf8Sequence } from './utf8.ts';

// Of this module, not imported, and so in every hot file here: V8 folds a constant of the same module into the code,
// but reads an imported one from memory each time, which costs half the speed.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

/** 1 for the bytes that are themselves inside a string: printable ASCII but for quote and backslash. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

/** 1 for the bytes that may follow a backslash, `u` apart. */
const SIMPLE_ESCAPE = new Uint8Array(256);
for (const character of '"\\/bfnrt') SIMPLE_ESCAPE[character.charCodeAt(0)] = 1;

/**
 * The tokens of JSON, read from the bytes of one record at a time. Every method takes a position and returns the one
 * after what it read, −1 if that is at fault, with `code` and `message` set. All reads marked `!` are below `end`,
 * which the caller keeps within the bytes.
 */
export class JsonTokens {
  /** Why the last record was refused. */
  code: RejectionReason = 'not_json';
  message = '';
  bytes: Uint8Array = new Uint8Array(0);
  /** The same bytes. */
  view = new DataView(this.bytes.buffer);
  end = 0;
  /** Whether the string read last has an escape. */
  isEscaped = false;
  #start = 0;

  /** Takes up the record `bytes[start, end)`. */
  begin(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#start = start;
    this.end = end;
  }

  /**
   * Reads a string from after its opening quote; returns the position of the closing one. Four bytes at a time: the
   * top bit of each is set where the byte is a quote, a backslash, a control character or beyond ASCII (Mycroft's
   * test for a zero byte); the lowest such bit is never a false one.
   */
  string(start: number): number {
    const view = this.view;
    const last = this.end - 4;
    this.isEscaped = false;
    for (let at = start; at <= last; at += 4) {
      const word = view.getInt32(at, true);
      const odd =
        (((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101) | (word - 0x20202020) | word) &
        0x80808080;
      if (odd !== 0) {
        const found = at + ((31 - Math.clz32(odd & -odd)) >> 3);
        return this.bytes[found] === QUOTE ? found : this.#oddString(found);
      }
    }
    return this.#oddString(start);
  }

  /** Reads on in a string from a byte that is not plain: an escape, a character beyond ASCII, or a fault. */
  #oddString(from: number): number {
    const bytes = this.bytes;
    const end = this.end;
    let at = from;
    for (;;) {
      while (at < end && PLAIN[bytes[at]!] === 1) at += 1; // at < end
      if (at >= end) return this.fail('not_json', at, 'the record ends inside a string');
      const byte = bytes[at]!; // at < end
      if (byte === QUOTE) return at;
      if (byte === BACKSLASH) {
        this.isEscaped = true;
        at = this.#escape(at + 1);
        if (at < 0) return -1;
      } else if (byte < 0x20) {
        return this.fail('not_json', at, `a control character (${hexOf(byte)}) inside a string; it must be escaped`);
      } else {
        const next = afterUtf8Sequence(bytes, at, end);
        if (next < 0) return this.#invalidUtf8(at);
        at = next;
      }
    }
  }

  /** Reads an escape from after its backslash. */
  #escape(at: number): number {
    const bytes = this.bytes;
    if (at < this.end && SIMPLE_ESCAPE[bytes[at]!] === 1) return at + 1; // at < end
    if (at >= this.end || bytes[at] !== LOWER_U) return this.unexpected(at, 'one of " \\ / b f n r t u');
    for (let digit = at + 1; digit <= at + 4; digit += 1) {
      const byte = digit < this.end ? bytes[digit] : undefined;
      if (byte === undefined || !isHexDigit(byte)) return this.unexpected(digit, 'a hexadecimal digit');
    }
    return at + 5;
  }

  /** Reads a number; for whatever else stands at `start`, says that a value was expected. */
  number(start: number): number {
    const next = afterJsonNumber(this.bytes, start, this.end);
    return next >= 0 ? next : this.unexpected(~next, ~next === start ? 'a value' : 'a digit');
  }

  /** Reads `true`, `false` or `null`, whose first letter has been seen. */
  literal(start: number, text: string): number {
    for (let index = 1; index < text.length; index += 1) {
      const at = start + index;
      if (at >= this.end || this.bytes[at] !== text.charCodeAt(index)) return this.unexpected(at, `"${text}"`);
    }
    return start + text.length;
  }

  /** Skips blanks, if there are any. */
  skipSpace(at: number): number {
    // Most often there is none; so short a function is inlined.
    return at < this.end && this.bytes[at]! <= 0x20 ? this.#skipSpaces(at) : at; // at < end
  }

  #skipSpaces(start: number): number {
    const bytes = this.bytes;
    const end = this.end;
    let at = start;
    while (at < end) {
      const byte = bytes[at]!; // at < end
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at += 1;
    }
    return at;
  }

  /** Skips a byte order mark, if there is one. */
  skipByteOrderMark(start: number): number {
    const bytes = this.bytes;
    const isThere =
      this.end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
    return isThere ? start + 3 : start;
  }

  /** Refuses what stands at `at`; always −1. */
  unexpected(at: number, expected: string): number {
    const found = foundAt(this.bytes, at, this.end);
    if (found === null) return this.#invalidUtf8(at);
    return this.fail('not_json', at, `expected ${expected}, found ${found}`);
  }

  #invalidUtf8(at: number): number {
    return this.fail('invalid_utf8', at, `${hexOf(this.bytes[at]!)} begins no valid UTF-8 character`); // at < end
  }

  /** Refuses the record; always −1. */
  fail(code: RejectionReason, at: number, message: string): number {
    this.code = code;
    this.message = `at byte ${String(at - this.#start)}: ${message}`;
    return -1;
  }
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte - 0x30) >>> 0 <= 9 || (lower >= 0x61 && lower <= 0x66);
}
