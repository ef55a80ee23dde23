import type { Ledger } from './ledger.ts';
import type { StoredItem } from './stored-item.ts';

/** Where items lie that can be let go of. */
export interface Holder<T> {
  readonly items: Map<number, T>;
  /** How many of its items are only in the state backend. */
  spilled: number;
  /** True while these are being deleted: nothing is added to them. */
  readonly isCleaned: boolean;
}

/**
 * Chooses what is let go of, about the least recently used first: goes round the items in memory, passes over those that
 * were used since it last came by, and takes the others (the "clock" of Corbató, A paging experiment with the Multics
 * system, 1968).
 */
export class ClockHand<T extends StoredItem> {
  readonly #holders: () => Iterable<Holder<T>>;
  #round: Iterator<T> | null = null;
  /** Where the item that the round has come to lies. */
  #holder: Holder<T> | null = null;

  /** `holders`: all that there are at the moment of the call. */
  constructor(holders: () => Iterable<Holder<T>>) {
    this.#holders = holders;
  }

  /**
   * Lets go of items that are stored as they are until no more than `limit` bytes are in memory, or none is left.
   * `letGo` takes an item off its holder, or says false if it has to stay.
   */
  spill(ledger: Ledger, limit: number, letGo: (holder: Holder<T>, item: T) => boolean): void {
    let isFruitful = true;
    while (ledger.residentBytes > limit) {
      const next = (this.#round ??= this.#around()).next();
      if (next.done === true) {
        this.#round = null;
        // After a round that found nothing, not even something to take the next time, the next would find nothing.
        if (!isFruitful) return;
        isFruitful = false;
        continue;
      }
      const item = next.value;
      if (item.changed || !item.stored) continue;
      const holder = this.#holder;
      if (item.touched) item.touched = false;
      else if (holder === null || !letGo(holder, item)) continue;
      else {
        holder.spilled += 1;
        ledger.weigh(item, 0);
      }
      isFruitful = true;
    }
  }

  *#around(): Generator<T, void> {
    for (const holder of this.#holders()) {
      if (holder.isCleaned) continue;
      this.#holder = holder;
      yield* holder.items.values();
    }
  }
}
