import { GroupingKey, type KeyField } from '../event/grouping-key.ts';
import type { KeyDictionary } from '../event/key-dictionary.ts';

/** Keys remembered before the cache starts afresh: a bound for streams where hardly a key comes twice. */
const MAX_KEYS = 1 << 18;

/** Ids of keys by the texts of their fields, so that a key seen before is not built again. */
export class KeyCache {
  readonly #names: readonly string[];
  readonly #keys: KeyDictionary;
  readonly #ids = new Map<string, number>();
  #generation: number;

  constructor(names: readonly string[], keys: KeyDictionary) {
    this.#names = names;
    this.#keys = keys;
    this.#generation = keys.generation;
  }

  /** The id of the key with these field values, in the order of the names. */
  idOf(texts: readonly (string | null)[]): number {
    if (this.#generation !== this.#keys.generation || this.#ids.size >= MAX_KEYS) {
      this.#generation = this.#keys.generation;
      this.#ids.clear();
    }
    // Lengths keep fields apart whatever stands in them.
    let joined = '';
    for (const text of texts) joined += text === null ? '-' : `${text.length}:${text}`;
    const known = this.#ids.get(joined);
    if (known !== undefined) return known;
    const fields = this.#names.map((name, index): KeyField => [name, texts[index] ?? null]);
    const id = this.#keys.idOf(fields.length === 0 ? null : GroupingKey.fromFields(fields));
    this.#ids.set(joined, id);
    return id;
  }
}
