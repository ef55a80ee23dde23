import type { RejectionReason } from '../results/dead-letter.ts';
import { FieldKind, type FieldSlots } from './field-slots.ts';
import { FieldNode } from './field-trie.ts';
import { nameOfValue } from './json-faults.ts';
import { JsonTokens } from './json-tokens.ts';

/** Objects and arrays may be nested this deep, the record's own object counted. */
const MAX_DEPTH = 64;

// Not imported: see json-tokens.ts.
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LOWER_T = 0x74;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const { NUMBER, STRING, ESCAPED, TRUE, FALSE, NULL, ARRAY, OBJECT } = FieldKind;

/** Nothing is wanted below. Stands in for "no node" so that the scanner's calls see one type only. */
const UNWANTED = new FieldNode();

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads JSON from bytes in one pass: accepts exactly what `JSON.parse` accepts of valid UTF-8, nested at most
 * {@link MAX_DEPTH} deep, whose root is an object, and notes where the wanted fields stand. A byte order mark at the
 * very start is passed over. Makes no object and no string unless the record is at fault or a name has an escape.
 *
 * Every method takes a position and returns the one after what it read, −1 if that is at fault. All reads marked
 * `!` are below the end of the record.
 */
export class JsonScanner {
  readonly #root: FieldNode;
  readonly #slots: FieldSlots;
  readonly #tokens = new JsonTokens();
  /** Where the name read last ends. */
  #nameEnd = 0;

  constructor(root: FieldNode, slots: FieldSlots) {
    this.#root = root;
    this.#slots = slots;
  }

  /** Why the last record was refused. */
  get code(): RejectionReason {
    return this.#tokens.code;
  }

  get message(): string {
    return this.#tokens.message;
  }

  /** Reads the record `bytes[start, end)` into the slots; false, with `code` and `message`, if it is at fault. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.#tokens.begin(bytes, start, end);
    this.#slots.clear();
    let at = this.#tokens.skipSpace(this.#tokens.skipByteOrderMark(start));
    if (at === end) {
      this.#tokens.fail('not_json', at, 'the record is empty; expected a JSON object');
      return false;
    }
    const first = bytes[at]!; // at < end
    at = this.#value(at, 0, first === OPEN_BRACE ? this.#root : UNWANTED);
    if (at < 0) return false;
    at = this.#tokens.skipSpace(at);
    if (at !== end) {
      this.#tokens.unexpected(at, 'the end of the record');
      return false;
    }
    if (first === OPEN_BRACE) return true;
    this.#tokens.code = 'not_an_object';
    this.#tokens.message = `expected a JSON object, found ${nameOfValue(first)}`;
    return false;
  }

  /** Reads the value at `at` and notes it in the slot of `node`; what a repeated name noted before is forgotten. */
  #wanted(at: number, depth: number, node: FieldNode): number {
    const slots = this.#slots;
    slots.clearRange(node.firstSlot, node.lastSlot);
    const next = this.#value(at, depth, node);
    if (next < 0 || node.slot < 0) return next;
    switch (this.#tokens.bytes[at]) {
      case QUOTE:
        slots.set(node.slot, this.#tokens.isEscaped ? ESCAPED : STRING, at + 1, next - 1);
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
    if (at >= this.#tokens.end) return this.#tokens.unexpected(at, 'a value');
    switch (this.#tokens.bytes[at]) {
      case QUOTE: {
        const close = this.#tokens.string(at + 1);
        return close < 0 ? -1 : close + 1;
      }
      case OPEN_BRACE:
        return this.#object(at, depth + 1, node);
      case OPEN_BRACKET:
        return this.#array(at, depth + 1, node);
      case LOWER_T:
        return this.#tokens.literal(at, 'true');
      case LOWER_F:
        return this.#tokens.literal(at, 'false');
      case LOWER_N:
        return this.#tokens.literal(at, 'null');
      default:
        return this.#tokens.number(at);
    }
  }

  #object(open: number, depth: number, node: FieldNode): number {
    if (depth > MAX_DEPTH) return this.#tooDeep(open);
    const { bytes, end } = this.#tokens;
    let at = this.#tokens.skipSpace(open + 1);
    if (at < end && bytes[at] === CLOSE_BRACE) return at + 1;
    for (let member = 0; ; member += 1) {
      if (node === UNWANTED) {
        at = this.#name(at);
        if (at < 0) return -1;
        at = this.#value(at, depth, UNWANTED);
      } else {
        at = this.#member(at, depth, node, member);
      }
      if (at < 0) return -1;
      at = this.#tokens.skipSpace(at);
      if (at >= end) return this.#tokens.unexpected(at, "',' or '}'");
      const byte = bytes[at]!; // at < end
      if (byte === CLOSE_BRACE) return at + 1;
      if (byte !== COMMA) return this.#tokens.unexpected(at, "',' or '}'");
      at = this.#tokens.skipSpace(at + 1);
    }
  }

  /** Reads a member of an object of which something is wanted. */
  #member(at: number, depth: number, node: FieldNode, member: number): number {
    const { memory } = node;
    const length = memory.match(member, this.#tokens.view, at, this.#tokens.end);
    if (length > 0) {
      // There may be more blanks than the last time.
      const value = this.#tokens.skipSpace(at + length);
      const child = memory.childOf(member);
      return child === UNWANTED ? this.#value(value, depth, UNWANTED) : this.#wanted(value, depth, child);
    }
    const value = this.#name(at);
    if (value < 0) return -1;
    const child = this.#childNamed(node, at + 1, this.#nameEnd);
    memory.learn(member, child, this.#tokens.view, at, value - at);
    return child === UNWANTED ? this.#value(value, depth, UNWANTED) : this.#wanted(value, depth, child);
  }

  /** Reads a name, to where its value begins. */
  #name(at: number): number {
    if (at >= this.#tokens.end || this.#tokens.bytes[at] !== QUOTE)
      return this.#tokens.unexpected(at, 'a field name in quotes');
    const nameEnd = this.#tokens.string(at + 1);
    if (nameEnd < 0) return -1;
    this.#nameEnd = nameEnd;
    const colon = this.#tokens.skipSpace(nameEnd + 1);
    if (colon >= this.#tokens.end || this.#tokens.bytes[colon] !== COLON) return this.#tokens.unexpected(colon, "':'");
    return this.#tokens.skipSpace(colon + 1);
  }

  #array(open: number, depth: number, node: FieldNode): number {
    if (depth > MAX_DEPTH) return this.#tooDeep(open);
    const { bytes, end } = this.#tokens;
    let at = this.#tokens.skipSpace(open + 1);
    if (at < end && bytes[at] === CLOSE_BRACKET) return at + 1;
    const { wantsElements } = node;
    for (let index = 0; ; index += 1) {
      const child = wantsElements ? (node.elementAt(index) ?? UNWANTED) : UNWANTED;
      at = child === UNWANTED ? this.#value(at, depth, UNWANTED) : this.#wanted(at, depth, child);
      if (at < 0) return -1;
      at = this.#tokens.skipSpace(at);
      if (at >= end) return this.#tokens.unexpected(at, "',' or ']'");
      const byte = bytes[at]!; // at < end
      if (byte === CLOSE_BRACKET) return at + 1;
      if (byte !== COMMA) return this.#tokens.unexpected(at, "',' or ']'");
      at = this.#tokens.skipSpace(at + 1);
    }
  }

  #childNamed(node: FieldNode, start: number, end: number): FieldNode {
    if (!this.#tokens.isEscaped) return node.fieldAt(this.#tokens.bytes, start, end, UNWANTED);
    const name = JSON.parse(`"${decoder.decode(this.#tokens.bytes.subarray(start, end))}"`) as string;
    return node.fieldNamed(name) ?? UNWANTED;
  }

  #tooDeep(at: number): number {
    return this.#tokens.fail('too_deep', at, `objects and arrays are nested more than ${String(MAX_DEPTH)} deep`);
  }
}
