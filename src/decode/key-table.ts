import { GroupingKey, type KeyField } from '../event/grouping-key.ts';
import type { KeyDictionary } from '../event/key-dictionary.ts';
import { FieldKind, type FieldSlots } from './field-slots.ts';
import { keyTextOfSlot } from './key-text.ts';

/** Bounds of what is remembered. Past them the table starts again from nothing; ids stay right, only slower to find. */
const MAX_ENTRIES = 1 << 18;
const MAX_BYTES = 1 << 25;
/** Longer keys are not remembered. */
const MAX_KEY_BYTES = 1024;
/** A chain longer than this is not followed: input made to collide costs no more than a miss. */
const MAX_PROBES = 32;

/** The last of the kinds that are no value: {@link FieldKind.ABSENT} comes before it. */
const { NULL } = FieldKind;

/** A field of the key and the slot it stands in. */
export interface KeySlot {
  readonly name: string;
  readonly slot: number;
}

/**
 * Finds the id of a record's key from the raw bytes of its fields: an open-addressing table (linear probing) of the
 * spellings seen so far. A spelling not seen yet goes through {@link GroupingKey} and the {@link KeyDictionary}, so
 * that all spellings of a key (`"\u0041"` and `"A"`, `1` and `1.0`) have one id. Void when the dictionary drops ids.
 */
export class KeyTable {
  readonly #names: readonly string[];
  readonly #keySlots: Int32Array;
  readonly #slots: FieldSlots;
  readonly #keys: KeyDictionary;
  #generation: number;
  /** Of the key at hand, by field: kind and length (what tells `1` from `"1"`, and one field from the next), and start. */
  readonly #signature: Int32Array;
  readonly #start: Int32Array;

  /** Entry + 1 of each place, 0 where there is none. */
  #places = new Int32Array(256);
  #mask = 255;
  #count = 0;
  /** Of each entry: hash, id, where its bytes begin, and the signature of each of its fields. */
  #hashes = new Int32Array(128);
  #ids = new Int32Array(128);
  #offsets = new Int32Array(128);
  #signatures: Int32Array;
  #bytes = new Uint8Array(4096);
  #bytesUsed = 0;

  constructor(fields: readonly KeySlot[], slots: FieldSlots, keys: KeyDictionary) {
    this.#names = fields.map((field) => field.name);
    this.#keySlots = Int32Array.from(fields, (field) => field.slot);
    this.#slots = slots;
    this.#signature = new Int32Array(fields.length);
    this.#start = new Int32Array(fields.length);
    this.#keys = keys;
    this.#generation = keys.generation;
    this.#signatures = new Int32Array(128 * fields.length);
  }

  /** The id of the key in the slots; −1 if one of its fields makes no key. */
  idOf(bytes: Uint8Array): number {
    if (this.#generation !== this.#keys.generation) this.#forget();
    const hash = this.#sign(bytes);
    let place = hash & this.#mask;
    for (let probe = 0; probe < MAX_PROBES; probe += 1) {
      const entry = this.#places[place]! - 1; // place ≤ mask
      if (entry < 0) break;
      if (this.#hashes[entry] === hash && this.#isEntry(entry, bytes)) return this.#ids[entry]!; // entry < count
      place = (place + 1) & this.#mask;
    }
    return this.#miss(bytes, hash);
  }

  /** Number of spellings remembered. */
  get size(): number {
    return this.#count;
  }

  /**
   * Notes signature and beginning of each field, and returns the hash of them and the bytes: a multiply and a shift
   * for each four bytes, as in MurmurHash3, so that all bits of the key reach the low ones, which choose the place.
   */
  #sign(bytes: Uint8Array): number {
    const keySlots = this.#keySlots;
    const { kinds, starts, ends } = this.#slots;
    let hash = keySlots.length;
    for (let field = 0; field < keySlots.length; field += 1) {
      const slot = keySlots[field]!; // field < length
      const kind = kinds[slot]!; // a slot of these slots, always
      let at = starts[slot]!; // likewise
      const end = kind <= NULL ? at : ends[slot]!; // likewise
      const signature = kind <= NULL ? 0 : ((end - at) << 4) | kind;
      this.#signature[field] = signature;
      this.#start[field] = at;
      hash = mixed(hash, signature);
      // Each index is below end.
      for (; at + 3 < end; at += 4) {
        hash = mixed(hash, bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)); // see above
      }
      let rest = 0;
      for (; at < end; at += 1) rest = (rest << 8) | bytes[at]!; // see above
      hash = mixed(hash, rest);
    }
    return hash;
  }

  #isEntry(entry: number, bytes: Uint8Array): boolean {
    const fields = this.#keySlots.length;
    const known = this.#bytes;
    let from = this.#offsets[entry]!; // entry < count
    for (let field = 0; field < fields; field += 1) {
      const signature = this.#signature[field]!; // field < fields
      if (this.#signatures[entry * fields + field] !== signature) return false;
      const first = this.#start[field]!; // likewise
      const last = first + (signature >>> 4);
      for (let at = first; at < last; at += 1, from += 1) {
        if (known[from] !== bytes[at]) return false;
      }
    }
    return true;
  }

  #miss(bytes: Uint8Array, hash: number): number {
    const fields: KeyField[] = [];
    for (const [index, name] of this.#names.entries()) {
      const text = keyTextOfSlot(this.#slots, this.#keySlots[index]!, bytes); // one slot per name
      if (text === undefined) return -1;
      fields.push([name, text]);
    }
    const id = this.#keys.idOf(GroupingKey.fromFields(fields));
    this.#remember(bytes, hash, id);
    return id;
  }

  #remember(bytes: Uint8Array, hash: number, id: number): void {
    let length = 0;
    for (const signature of this.#signature) length += signature >>> 4;
    if (length > MAX_KEY_BYTES) return;
    if (this.#count >= MAX_ENTRIES || this.#bytesUsed + length > MAX_BYTES) this.#forget();
    this.#makeRoom(length);
    const place = this.#freePlace(hash);
    if (place < 0) return;
    const entry = this.#count;
    this.#hashes[entry] = hash;
    this.#ids[entry] = id;
    this.#offsets[entry] = this.#bytesUsed;
    for (const [field, signature] of this.#signature.entries()) {
      const start = this.#start[field]!; // one per field
      this.#signatures[entry * this.#keySlots.length + field] = signature;
      this.#bytes.set(bytes.subarray(start, start + (signature >>> 4)), this.#bytesUsed);
      this.#bytesUsed += signature >>> 4;
    }
    this.#count += 1;
    this.#places[place] = entry + 1;
  }

  /** The free place where a hash would be looked for; −1 if its chain is full. */
  #freePlace(hash: number): number {
    let place = hash & this.#mask;
    for (let probe = 0; probe < MAX_PROBES; probe += 1) {
      if (this.#places[place] === 0) return place;
      place = (place + 1) & this.#mask;
    }
    return -1;
  }

  #makeRoom(length: number): void {
    if (this.#bytesUsed + length > this.#bytes.length) {
      const longer = new Uint8Array(Math.max(this.#bytes.length * 2, this.#bytesUsed + length));
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    if (this.#count === this.#hashes.length) {
      this.#hashes = grown(this.#hashes, this.#count * 2);
      this.#ids = grown(this.#ids, this.#count * 2);
      this.#offsets = grown(this.#offsets, this.#count * 2);
      this.#signatures = grown(this.#signatures, this.#signatures.length * 2);
    }
    // Half full at most: chains stay short.
    if (this.#count * 2 >= this.#places.length) this.#spread(this.#places.length * 2);
  }

  #spread(size: number): void {
    this.#places = new Int32Array(size);
    this.#mask = size - 1;
    for (let entry = 0; entry < this.#count; entry += 1) {
      const place = this.#freePlace(this.#hashes[entry]!); // entry < count
      // An entry without a place is looked up in the dictionary again, and is none the worse for it.
      if (place >= 0) this.#places[place] = entry + 1;
    }
  }

  #forget(): void {
    this.#generation = this.#keys.generation;
    this.#places.fill(0);
    this.#count = 0;
    this.#bytesUsed = 0;
  }
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}

function grown(column: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length);
  longer.set(column);
  return longer;
}
