/** The newest items of something that goes on for ever, and how many there have been. */
export class RecentList<T> {
  readonly #capacity: number;
  /** A ring once it is full: the oldest stands at `#oldest`. */
  readonly #items: T[] = [];
  #oldest = 0;
  #total = 0;

  /** `capacity`: how many are kept, 1 or more. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many there have been, kept or not. */
  get total(): number {
    return this.#total;
  }

  /** How many are kept. */
  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    this.#total += 1;
    if (this.#items.length < this.#capacity) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
  }

  /** Adds some, oldest first; makes only those that are kept. */
  addAll<S>(sources: readonly S[], make: (source: S) => T): void {
    const skipped = Math.max(0, sources.length - this.#capacity);
    this.#total += skipped;
    for (let i = skipped; i < sources.length; i += 1) {
      const source = sources[i];
      if (source !== undefined) this.add(make(source));
    }
  }

  /** The newest first, at most `limit`. */
  newest(limit = Infinity): readonly T[] {
    const inOrder = [...this.#items.slice(this.#oldest), ...this.#items.slice(0, this.#oldest)];
    return inOrder.toReversed().slice(0, limit);
  }
}
