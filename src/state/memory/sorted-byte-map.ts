/** Bytes as text of one character each: a key for a `Map`, whose order as text is the order of the bytes. */
export function keyText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The bytes of a {@link keyText}, in memory of their own. */
export function keyBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/**
 * A map from keys (as {@link keyText}) to bytes that can be read in key order. Its values are never changed in
 * place, so that copies share them. The order is made when it is asked for, and kept until a key comes or goes.
 */
export class SortedByteMap {
  readonly #values: Map<string, Uint8Array>;
  #sorted: string[] | undefined;
  #sizeBytes: number;

  constructor(original?: SortedByteMap) {
    this.#values = new Map(original === undefined ? [] : original.#values);
    this.#sizeBytes = original === undefined ? 0 : original.#sizeBytes;
  }

  /** Bytes of all keys and values. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  /** Keeps `value` itself: it must not be changed any more. */
  set(key: string, value: Uint8Array): void {
    const old = this.#values.get(key);
    if (old === undefined) {
      this.#sorted = undefined;
      this.#sizeBytes += key.length;
    }
    this.#sizeBytes += value.length - (old?.length ?? 0);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    const old = this.#values.get(key);
    if (old === undefined) return;
    this.#sorted = undefined;
    this.#sizeBytes -= key.length + old.length;
    this.#values.delete(key);
  }

  /** The pairs whose key begins with `prefix` and comes after `after`, in key order, at most `limit` of them. */
  withPrefix(prefix: string, after?: string, limit = Infinity): (readonly [key: string, value: Uint8Array])[] {
    this.#sorted ??= [...this.#values.keys()].sort();
    const found: (readonly [string, Uint8Array])[] = [];
    const first = after === undefined || after < prefix ? prefix : after;
    for (let i = this.#firstNotBefore(first); i < this.#sorted.length && found.length < limit; i++) {
      const key = this.#sorted[i] ?? '';
      const value = this.#values.get(key);
      if (!key.startsWith(prefix) || value === undefined) break;
      if (key !== after) found.push([key, value]);
    }
    return found;
  }

  #firstNotBefore(key: string): number {
    const sorted = this.#sorted ?? [];
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
