import type { StateRequest, StoredEntry } from '../window-engine.ts';

/** Entries that are deleted with one delta. */
const CLEANED_ENTRIES = 8192;

/** The deletion of all stored entries whose keys begin alike, some at a time. */
export class Cleaning {
  readonly #prefix: Uint8Array;
  readonly #onDone: () => void;
  #after: Uint8Array | null = null;

  /** `onDone` is called when nothing is left. */
  constructor(prefix: Uint8Array, onDone: () => void) {
    this.#prefix = prefix;
    this.#onDone = onDone;
  }

  get request(): StateRequest {
    return { type: 'range', prefix: this.#prefix, after: this.#after, limit: CLEANED_ENTRIES };
  }

  /** Adds the keys of what its request has found to `deletions`; true if it was the last. */
  supply(entries: readonly StoredEntry[], deletions: Uint8Array[]): boolean {
    for (const { key } of entries) deletions.push(key);
    this.#after = entries.at(-1)?.key ?? null;
    if (entries.length === CLEANED_ENTRIES) return false;
    this.#onDone();
    return true;
  }
}
