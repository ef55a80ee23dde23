import type { PathStep } from '../event/field-path.ts';
import { NameMemory } from './name-memory.ts';

const BUCKETS = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Spreads names over the buckets by what is at hand without reading them whole. */
function bucketOf(length: number, first: number, last: number): number {
  return (length + first * 7 + last * 13) & (BUCKETS - 1);
}

const QUOTE = 0x22;

/** One step of the wanted paths: what is wanted of the value that stands there, and below it. */
export class FieldNode {
  /** Slot that the value itself goes to; −1 if only something below it is wanted. */
  slot = -1;
  /** Slots of this node and of all below it: `[firstSlot, lastSlot)`. */
  firstSlot = 0;
  lastSlot = 0;
  /** The names that the members of this object had before. */
  readonly memory = new NameMemory();
  readonly #name: Uint8Array;
  readonly #fields = new Map<string, FieldNode>();
  readonly #elements = new Map<number, FieldNode>();
  readonly #buckets: (FieldNode | null)[] = Array.from({ length: BUCKETS }, () => null);
  #nextInBucket: FieldNode | null = null;

  constructor(name = '') {
    this.#name = encoder.encode(name);
  }

  /** The child for the field whose name is `bytes[start, end)`, between its quotes; `none` if it is not wanted. */
  fieldAt(bytes: Uint8Array, start: number, end: number, none: FieldNode): FieldNode {
    const length = end - start;
    // Within the record always: for the empty name these two are its quotes.
    const bucket = bucketOf(length, bytes[start]!, bytes[end - 1]!); // as just said
    let child: FieldNode | null = this.#buckets[bucket] ?? null;
    while (child !== null) {
      const name = child.#name;
      if (name.length === length) {
        let same = 0;
        while (same < length && name[same] === bytes[start + same]) same += 1;
        if (same === length) return child;
      }
      child = child.#nextInBucket;
    }
    return none;
  }

  /** The child for a field by its name as text. */
  fieldNamed(name: string): FieldNode | undefined {
    return this.#fields.get(name);
  }

  /** The child for an array's element. */
  elementAt(index: number): FieldNode | undefined {
    return this.#elements.get(index);
  }

  get wantsElements(): boolean {
    return this.#elements.size > 0;
  }

  /** The child for a step, made if it is not there yet. */
  grow(step: PathStep): FieldNode {
    const known = typeof step === 'number' ? this.#elements.get(step) : this.#fields.get(step);
    if (known !== undefined) return known;
    const child = new FieldNode(String(step));
    if (typeof step === 'number') {
      this.#elements.set(step, child);
    } else {
      this.#fields.set(step, child);
      this.#file(child, step);
    }
    return child;
  }

  /** Numbers the slots below in one sweep, so that those of a subtree are neighbors; returns the next free one. */
  number(next: number, isWanted: ReadonlySet<FieldNode>): number {
    this.firstSlot = next;
    if (isWanted.has(this)) {
      this.slot = next;
      next += 1;
    }
    for (const child of this.#fields.values()) next = child.number(next, isWanted);
    for (const child of this.#elements.values()) next = child.number(next, isWanted);
    this.lastSlot = next;
    return next;
  }

  #file(child: FieldNode, name: string): void {
    // A lone surrogate has no UTF-8 form: such a name is only ever written with an escape, and found by its text.
    if (decoder.decode(child.#name) !== name) return;
    const bytes = child.#name;
    const bucket = bucketOf(bytes.length, bytes[0] ?? QUOTE, bytes.at(-1) ?? QUOTE);
    child.#nextInBucket = this.#buckets[bucket] ?? null;
    this.#buckets[bucket] = child;
  }
}

/** The wanted paths as a tree, and the slot of each path. Equal paths share one. */
export interface FieldTrie {
  readonly root: FieldNode;
  readonly slotCount: number;
  readonly slotOfPath: readonly number[];
}

/** Compiles paths into a {@link FieldTrie}. A path may be the beginning of another. */
export function compileFieldTrie(paths: readonly (readonly PathStep[])[]): FieldTrie {
  const root = new FieldNode();
  const nodes = paths.map((path) => path.reduce((node, step) => node.grow(step), root));
  const slotCount = root.number(0, new Set(nodes));
  return { root, slotCount, slotOfPath: nodes.map((node) => node.slot) };
}
