interface Entry<T> {
  readonly deadline: number;
  readonly item: T;
}

/** A binary heap of items by deadline, earliest first. */
export class DeadlineHeap<T> {
  readonly #entries: Entry<T>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  push(deadline: number, item: T): void {
    const entries = this.#entries;
    const entry = { deadline, item };
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = entries[above];
      if (parent === undefined || parent.deadline <= deadline) break;
      entries[at] = parent;
      at = above;
    }
    entries[at] = entry;
  }

  /** Takes the earliest item if its deadline is at or before `limit`. */
  popDue(limit: number): T | undefined {
    const entries = this.#entries;
    const first = entries[0];
    if (first === undefined || first.deadline > limit) return undefined;
    const last = entries.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first.item;
  }

  /** All items, in no order. */
  *items(): Iterable<T> {
    for (const entry of this.#entries) yield entry.item;
  }

  #sink(entry: Entry<T>): void {
    const entries = this.#entries;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = entries[below];
      if (child === undefined) break;
      const right = entries[below + 1];
      if (right !== undefined && right.deadline < child.deadline) {
        below += 1;
        child = right;
      }
      if (child.deadline >= entry.deadline) break;
      entries[at] = child;
      at = below;
    }
    entries[at] = entry;
  }
}
