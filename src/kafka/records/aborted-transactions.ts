/** A transaction that was aborted, as a response to a fetch lists it. */
export interface AbortedTransaction {
  readonly producerId: number;
  /** Offset of its first record. */
  readonly firstOffset: number;
}

/**
 * Tells records of aborted transactions from others, within one response to a fetch with read_committed.
 *
 * The broker lists every transaction that was aborted and has records in the range of the response; a producer may have
 * several. One begins at its first offset and ends with the producer's next abort marker, which may lie beyond the
 * response. So batches must be shown in order, each of them once, markers included. (Kafka's own clients do the same;
 * KIP-98, "Exactly Once Delivery and Transactional Messaging".)
 */
export class AbortedTransactions {
  /** By first offset. */
  readonly #listed: readonly AbortedTransaction[];
  #begun = 0;
  readonly #open = new Set<number>();

  constructor(listed: readonly AbortedTransaction[]) {
    this.#listed = [...listed].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** Whether the records of a transactional batch, which ends at `lastOffset`, are of an aborted transaction. */
  includes(producerId: number, lastOffset: number): boolean {
    this.#beginUpTo(lastOffset);
    return this.#open.has(producerId);
  }

  /** The abort marker of a producer, at `offset`. */
  end(producerId: number, offset: number): void {
    this.#beginUpTo(offset);
    this.#open.delete(producerId);
  }

  #beginUpTo(offset: number): void {
    for (let next = this.#listed[this.#begun]; next !== undefined; next = this.#listed[this.#begun]) {
      if (next.firstOffset > offset) return;
      this.#open.add(next.producerId);
      this.#begun += 1;
    }
  }
}
