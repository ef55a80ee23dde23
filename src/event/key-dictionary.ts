import { present } from '../errors/assert.ts';
import type { GroupingKey } from './grouping-key.ts';

/**
 * Gives each grouping key a small number, so that batches and the engine carry numbers. An id is valid until
 * {@link KeyDictionary.retain} drops its key; dropped ids are given out again.
 */
export class KeyDictionary {
  readonly #ids = new Map<string, number>();
  readonly #keys: (GroupingKey | null | undefined)[] = [];
  readonly #free: number[] = [];
  #generation = 0;

  /** Number of keys held. */
  get size(): number {
    return this.#ids.size;
  }

  /** Rises whenever ids are dropped: caches of ids are void when it has. */
  get generation(): number {
    return this.#generation;
  }

  /** The id of a key, a new one if it is new. Null is the key of a pipeline without grouping. */
  idOf(key: GroupingKey | null): number {
    const text = key === null ? '' : key.toString();
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#free.pop() ?? this.#keys.length;
    this.#keys[id] = key;
    this.#ids.set(text, id);
    return id;
  }

  /** The key of an id. */
  keyOf(id: number): GroupingKey | null {
    const key = this.#keys[id];
    return key === null ? null : present(key, `key of id ${String(id)}`);
  }

  /** Drops every key whose id is not live. */
  retain(isLive: (id: number) => boolean): void {
    for (const [text, id] of this.#ids) {
      if (isLive(id)) continue;
      this.#ids.delete(text);
      this.#keys[id] = undefined;
      this.#free.push(id);
    }
    this.#generation += 1;
  }
}
