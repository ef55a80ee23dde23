import { entryKeyText } from './entry-keys.ts';

/**
 * Keys of entries to be read, each asked for once. What has been asked for and is still not in memory does not exist.
 */
export class WantedEntries {
  readonly #asked = new Set<string>();
  #keys: Uint8Array[] = [];

  /** True if the key was added before. */
  hasAsked(key: Uint8Array): boolean {
    return this.#asked.size > 0 && this.#asked.has(entryKeyText(key));
  }

  add(key: Uint8Array): void {
    const text = entryKeyText(key);
    if (this.#asked.has(text)) return;
    this.#asked.add(text);
    this.#keys.push(key);
  }

  /** The keys added since the last call. */
  take(): readonly Uint8Array[] {
    const keys = this.#keys;
    this.#keys = [];
    return keys;
  }

  /** Forgets what was asked for: what is in the backend may have changed. */
  clear(): void {
    if (this.#asked.size > 0) this.#asked.clear();
    this.#keys = [];
  }
}
