import type { StateRequest, StoredEntry } from '../window-engine.ts';
import type { Shelf } from './shelf.ts';
import type { StoredItem } from './stored-item.ts';

/** The deletion of all stored items of a shelf, some at a time. */
export class Cleaning {
  readonly #shelf: Pick<Shelf<StoredItem>, 'prefix' | 'spilled'>;
  readonly #pageEntries: number;
  readonly #onDone: () => void;
  #after: Uint8Array | null = null;

  /** `onDone` is called when nothing is left; `pageEntries` are deleted with one delta. */
  constructor(shelf: Pick<Shelf<StoredItem>, 'prefix' | 'spilled'>, pageEntries: number, onDone: () => void) {
    this.#pageEntries = pageEntries;
    this.#shelf = shelf;
    this.#onDone = onDone;
  }

  get request(): StateRequest {
    return { type: 'range', prefix: this.#shelf.prefix, after: this.#after, limit: this.#pageEntries };
  }

  /** Adds the keys of what its request has found to `deletions`; true if it was the last. */
  supply(entries: readonly StoredEntry[], deletions: Uint8Array[]): boolean {
    for (const { key } of entries) deletions.push(key);
    this.#shelf.spilled = Math.max(0, this.#shelf.spilled - entries.length);
    this.#after = entries.at(-1)?.key ?? null;
    if (entries.length === this.#pageEntries) return false;
    this.#onDone();
    return true;
  }
}
