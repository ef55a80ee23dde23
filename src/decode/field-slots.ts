/** What stands in a slot: the kind of a JSON value, or the cell of a CSV row. */
export const FieldKind = {
  ABSENT: 0,
  NULL: 1,
  FALSE: 2,
  TRUE: 3,
  NUMBER: 4,
  /** Text without escapes: its bytes are the text. */
  STRING: 5,
  /** Text with at least one backslash. */
  ESCAPED: 6,
  ARRAY: 7,
  OBJECT: 8,
  /** The cell of a CSV row: text that may be meant as a number. */
  CELL: 9,
  /** The cell of a CSV row with doubled quotes in it. */
  QUOTED_CELL: 10,
} as const;

const { ABSENT, NULL, FALSE, TRUE, STRING, ESCAPED, CELL, QUOTED_CELL } = FieldKind;

/** Keeps U+FEFF: inside a record it is a character like any other. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Where the wanted fields of one record stand in its bytes: slot i is `[starts[i], ends[i])`, without the quotes of a
 * text. Filled once per record; a field costs three numbers and no object.
 */
export class FieldSlots {
  readonly count: number;
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  constructor(count: number) {
    this.count = count;
    this.kinds = new Uint8Array(count);
    this.starts = new Int32Array(count);
    this.ends = new Int32Array(count);
  }

  /** Makes every slot absent. */
  clear(): void {
    this.clearRange(0, this.count);
  }

  /** Makes the slots `[first, last)` absent. */
  clearRange(first: number, last: number): void {
    // A loop: `fill` costs a call into the runtime, and there are few slots.
    for (let slot = first; slot < last; slot += 1) this.kinds[slot] = ABSENT;
  }

  set(slot: number, kind: number, start: number, end: number): void {
    this.kinds[slot] = kind;
    this.starts[slot] = start;
    this.ends[slot] = end;
  }

  kindOf(slot: number): number {
    return this.kinds[slot] ?? ABSENT;
  }

  /** The bytes of a slot as they stand, as text. */
  rawText(slot: number, bytes: Uint8Array): string {
    return decoder.decode(bytes.subarray(this.starts[slot], this.ends[slot]));
  }

  /** The slot as a JavaScript value, as `JSON.parse` would give it; text for a cell, undefined if absent. */
  valueOf(slot: number, bytes: Uint8Array): unknown {
    const kind = this.kindOf(slot);
    if (kind === ABSENT) return undefined;
    if (kind === NULL) return null;
    if (kind === FALSE || kind === TRUE) return kind === TRUE;
    const raw = this.rawText(slot, bytes);
    if (kind === STRING || kind === CELL) return raw;
    if (kind === QUOTED_CELL) return raw.replaceAll('""', '"');
    return JSON.parse(kind === ESCAPED ? `"${raw}"` : raw) as unknown;
  }
}
