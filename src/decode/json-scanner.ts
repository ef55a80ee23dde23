import type { RejectionReason } from '../results/dead-letter.ts';
import { FieldKind, type FieldSlots } from './field-slots.ts';
import { FieldNode } from './field-trie.ts';
import { afterJsonEscape } from './json-escape.ts';
import { foundAt, hexOf, nameOfValue } from './json-faults.ts';
import { afterJsonNumber } from './json-number.ts';
import { afterUtf8Sequence } from './utf8.ts';

/** Objects and arrays may be nested this deep, the record's own object counted. */
export const MAX_DEPTH = 64;

// Of this module, not imported, and so in every hot file here: V8 folds a constant of the same module into the code,
// but reads an imported one from memory each time, which costs half the speed.
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LOWER_T = 0x74;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const { NUMBER, STRING, ESCAPED, TRUE, FALSE, NULL, ARRAY, OBJECT } = FieldKind;

/** 1 for the bytes that are themselves inside a string: printable ASCII but for quote and backslash. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

/** Nothing is wanted below. Stands in for "no node" so that the scanner's calls see one type only. */
const UNWANTED = new FieldNode();

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads JSON from bytes in one pass: accepts exactly what `JSON.parse` accepts of valid UTF-8, nested at most
 * {@link MAX_DEPTH} deep, whose root is an object, and notes where the wanted fields stand. A byte order mark at the
 * very start is passed over. Makes no object and no string unless the record is at fault or a name has an escape.
 *
 * Every method takes a position and returns the one after what it read, −1 if that is at fault. All reads marked
 * `!` are below `#end`, which the caller keeps within the bytes.
 */
export class JsonScanner {
  /** Why the last record was refused. */
  code: RejectionReason = 'not_json';
  message = '';

  readonly #root: FieldNode;
  readonly #slots: FieldSlots;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  /** Whether the string read last has an escape. */
  #isEscaped = false;

  constructor(root: FieldNode, slots: FieldSlots) {
    this.#root = root;
    this.#slots = slots;
  }

  /** Reads the record `bytes[start, end)` into the slots; false, with `code` and `message`, if it is at fault. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#slots.clear();
    let at = this.#skipSpace(this.#skipByteOrderMark(start));
    if (at === end) {
      this.#fail('not_json', at, 'the record is empty; expected a JSON object');
      return false;
    }
    const first = bytes[at]!; // at < end
    at = this.#value(at, 0, first === OPEN_BRACE ? this.#root : UNWANTED);
    if (at < 0) return false;
    at = this.#skipSpace(at);
    if (at !== end) {
      this.#unexpected(at, 'the end of the record');
      return false;
    }
    if (first === OPEN_BRACE) return true;
    this.code = 'not_an_object';
    this.message = `expected a JSON object, found ${nameOfValue(first)}`;
    return false;
  }

  /** Reads the value at `at` and notes it in the slot of `node`; what a repeated name noted before is forgotten. */
  #wanted(at: number, depth: number, node: FieldNode): number {
    const slots = this.#slots;
    slots.clearRange(node.firstSlot, node.lastSlot);
    const next = this.#value(at, depth, node);
    if (next < 0 || node.slot < 0) return next;
    switch (this.#bytes[at]) {
      case QUOTE:
        slots.set(node.slot, this.#isEscaped ? ESCAPED : STRING, at + 1, next - 1);
        break;
      case OPEN_BRACE:
        slots.set(node.slot, OBJECT, at, next);
        break;
      case OPEN_BRACKET:
        slots.set(node.slot, ARRAY, at, next);
        break;
      case LOWER_T:
        slots.set(node.slot, TRUE, at, next);
        break;
      case LOWER_F:
        slots.set(node.slot, FALSE, at, next);
        break;
      case LOWER_N:
        slots.set(node.slot, NULL, at, next);
        break;
      default:
        slots.set(node.slot, NUMBER, at, next);
    }
    return next;
  }

  /** Reads one value; `depth` is that of what holds it. */
  #value(at: number, depth: number, node: FieldNode): number {
    if (at >= this.#end) return this.#unexpected(at, 'a value');
    switch (this.#bytes[at]) {
      case QUOTE: {
        const close = this.#string(at + 1);
        return close < 0 ? -1 : close + 1;
      }
      case OPEN_BRACE:
        return this.#object(at, depth + 1, node);
      case OPEN_BRACKET:
        return this.#array(at, depth + 1, node);
      case LOWER_T:
        return this.#literal(at, 'true');
      case LOWER_F:
        return this.#literal(at, 'false');
      case LOWER_N:
        return this.#literal(at, 'null');
      default:
        return this.#number(at);
    }
  }

  #object(open: number, depth: number, node: FieldNode): number {
    if (depth > MAX_DEPTH) return this.#tooDeep(open);
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#skipSpace(open + 1);
    if (at < end && bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      if (at >= end || bytes[at] !== QUOTE) return this.#unexpected(at, 'a field name in quotes');
      const nameEnd = this.#string(at + 1);
      if (nameEnd < 0) return -1;
      const child = node === UNWANTED ? UNWANTED : this.#childNamed(node, at + 1, nameEnd);
      at = this.#skipSpace(nameEnd + 1);
      if (at >= end || bytes[at] !== COLON) return this.#unexpected(at, "':'");
      at = this.#skipSpace(at + 1);
      at = child === UNWANTED ? this.#value(at, depth, UNWANTED) : this.#wanted(at, depth, child);
      if (at < 0) return -1;
      at = this.#skipSpace(at);
      if (at >= end) return this.#unexpected(at, "',' or '}'");
      const byte = bytes[at]!; // at < end
      if (byte === CLOSE_BRACE) return at + 1;
      if (byte !== COMMA) return this.#unexpected(at, "',' or '}'");
      at = this.#skipSpace(at + 1);
    }
  }

  #array(open: number, depth: number, node: FieldNode): number {
    if (depth > MAX_DEPTH) return this.#tooDeep(open);
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#skipSpace(open + 1);
    if (at < end && bytes[at] === CLOSE_BRACKET) return at + 1;
    for (let index = 0; ; index += 1) {
      const child = node.wantsElements ? (node.elementAt(index) ?? UNWANTED) : UNWANTED;
      at = child === UNWANTED ? this.#value(at, depth, UNWANTED) : this.#wanted(at, depth, child);
      if (at < 0) return -1;
      at = this.#skipSpace(at);
      if (at >= end) return this.#unexpected(at, "',' or ']'");
      const byte = bytes[at]!; // at < end
      if (byte === CLOSE_BRACKET) return at + 1;
      if (byte !== COMMA) return this.#unexpected(at, "',' or ']'");
      at = this.#skipSpace(at + 1);
    }
  }

  #childNamed(node: FieldNode, start: number, end: number): FieldNode {
    if (!this.#isEscaped) return node.fieldAt(this.#bytes, start, end, UNWANTED);
    const name = JSON.parse(`"${decoder.decode(this.#bytes.subarray(start, end))}"`) as string;
    return node.fieldNamed(name) ?? UNWANTED;
  }

  /** Reads a string from after its opening quote; returns the position of the closing one. */
  #string(start: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = start;
    while (at < end && PLAIN[bytes[at]!] === 1) at += 1; // at < end
    this.#isEscaped = false;
    return at < end && bytes[at] === QUOTE ? at : this.#oddString(at);
  }

  /** Reads on in a string from a byte that is not plain: an escape, a character beyond ASCII, or a fault. */
  #oddString(from: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = from;
    for (;;) {
      while (at < end && PLAIN[bytes[at]!] === 1) at += 1; // at < end
      if (at >= end) return this.#fail('not_json', at, 'the record ends inside a string');
      const byte = bytes[at]!; // at < end
      if (byte === QUOTE) return at;
      if (byte === BACKSLASH) {
        this.#isEscaped = true;
        at = this.#escape(at + 1);
        if (at < 0) return -1;
      } else if (byte < 0x20) {
        return this.#fail('not_json', at, `a control character (${hexOf(byte)}) inside a string; it must be escaped`);
      } else {
        const next = afterUtf8Sequence(bytes, at, end);
        if (next < 0) return this.#invalidUtf8(at);
        at = next;
      }
    }
  }

  /** Reads an escape from after its backslash. */
  #escape(start: number): number {
    const next = afterJsonEscape(this.#bytes, start, this.#end);
    if (next >= 0) return next;
    return this.#unexpected(~next, ~next === start ? 'one of " \\ / b f n r t u' : 'a hexadecimal digit');
  }

  #number(start: number): number {
    const next = afterJsonNumber(this.#bytes, start, this.#end);
    return next >= 0 ? next : this.#unexpected(~next, ~next === start ? 'a value' : 'a digit');
  }

  #literal(start: number, text: string): number {
    for (let index = 1; index < text.length; index += 1) {
      const at = start + index;
      if (at >= this.#end || this.#bytes[at] !== text.charCodeAt(index)) return this.#unexpected(at, `"${text}"`);
    }
    return start + text.length;
  }

  #skipSpace(at: number): number {
    // Most often there is none; so short a function is inlined.
    return at < this.#end && this.#bytes[at]! <= 0x20 ? this.#skipSpaces(at) : at; // at < end
  }

  #skipSpaces(start: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = start;
    while (at < end) {
      const byte = bytes[at]!; // at < end
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at += 1;
    }
    return at;
  }

  #skipByteOrderMark(start: number): number {
    const bytes = this.#bytes;
    const isThere =
      this.#end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
    return isThere ? start + 3 : start;
  }

  #tooDeep(at: number): number {
    return this.#fail('too_deep', at, `objects and arrays are nested more than ${String(MAX_DEPTH)} deep`);
  }

  #unexpected(at: number, expected: string): number {
    const found = foundAt(this.#bytes, at, this.#end);
    if (found === null) return this.#invalidUtf8(at);
    return this.#fail('not_json', at, `expected ${expected}, found ${found}`);
  }

  #invalidUtf8(at: number): number {
    return this.#fail('invalid_utf8', at, `${hexOf(this.#bytes[at]!)} begins no valid UTF-8 character`); // at < end
  }

  #fail(code: RejectionReason, at: number, message: string): number {
    this.code = code;
    this.message = `at byte ${String(at - this.#start)}: ${message}`;
    return -1;
  }
}
