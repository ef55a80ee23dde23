import type { FieldNode } from './field-trie.ts';

/** Members of an object that are remembered, and the most bytes of each. */
const MEMBERS = 32;
const WORDS = 12;

/**
 * The names that an object's members had the last time, in order, as they stood in the bytes: from the opening quote
 * to where the value begins. Records of one source are mostly alike, so that comparing four bytes at a time with what
 * is remembered saves reading, checking and looking up the name. Bytes equal to some that were sound are sound.
 */
export class NameMemory {
  readonly #lengths = new Uint8Array(MEMBERS);
  readonly #words = new Int32Array(MEMBERS * WORDS);
  readonly #children: FieldNode[] = [];

  /** The number of bytes at `at` that are the remembered name of a member, colon and blanks too; 0 if they are not. */
  match(member: number, view: DataView, at: number, end: number): number {
    if (member >= MEMBERS) return 0;
    const length = this.#lengths[member]!; // member < MEMBERS
    // Whole words are read, the last of them perhaps beyond the name.
    if (length === 0 || at + length + 3 > end) return 0;
    let word = member * WORDS;
    let next = at;
    const last = at + length - 3;
    for (; next < last; next += 4, word += 1) {
      if (view.getInt32(next, true) !== this.#words[word]) return 0;
    }
    const rest = at + length - next;
    const isSame = rest === 0 || (view.getInt32(next, true) ^ this.#words[word]!) << (32 - rest * 8) === 0; // as the length says
    return isSame ? length : 0;
  }

  /** What is wanted of the member whose name has matched. */
  childOf(member: number): FieldNode {
    return this.#children[member]!; // it has matched, so it was learned
  }

  /** Remembers the name of a member: the bytes `[start, start + length)`. */
  learn(member: number, child: FieldNode, view: DataView, start: number, length: number): void {
    // In order from the first, so that the list of children has no holes.
    if (member >= MEMBERS || member > this.#children.length) return;
    const fits = length <= WORDS * 4 && start + length + 3 <= view.byteLength;
    this.#lengths[member] = fits ? length : 0;
    this.#children[member] = child;
    if (!fits) return;
    for (let word = 0; word * 4 < length; word += 1) {
      this.#words[member * WORDS + word] = view.getInt32(start + word * 4, true);
    }
  }
}
