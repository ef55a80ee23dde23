import type { DeadLetter } from '../results/dead-letter.ts';
import type { Outbox } from './outbox.ts';
import { itemsFor, type SinkPart } from './sink-parts.ts';

/** What is delivered in one transaction: the items of each sink in it. Immutable. */
export class TransactionLoad {
  readonly #items: ReadonlyMap<SinkPart, readonly unknown[]>;

  private constructor(items: ReadonlyMap<SinkPart, readonly unknown[]>) {
    this.#items = items;
  }

  /** All items of an outbox that are for these sinks. */
  static of(parts: readonly SinkPart[], outbox: Outbox): TransactionLoad {
    return new TransactionLoad(new Map(parts.map((part) => [part, itemsFor(part, outbox)])));
  }

  /** The same sinks, with nothing for any. */
  get empty(): TransactionLoad {
    return new TransactionLoad(new Map([...this.#items.keys()].map((part) => [part, []])));
  }

  /** Number of items. */
  get size(): number {
    return [...this.#items.values()].reduce((sum, items) => sum + items.length, 0);
  }

  /** The sinks that have items, with these. */
  get parts(): readonly (readonly [part: SinkPart, items: readonly never[]])[] {
    const given = [...this.#items].filter(([, items]) => items.length > 0);
    // An outbox has for each sink what the plan has it take.
    return given.map(([part, items]) => [part, items as readonly never[]]);
  }

  /** The sink that some items are for. */
  partOf(items: readonly unknown[]): SinkPart | undefined {
    const [first] = items;
    return [...this.#items].find(([, own]) => own.includes(first))?.[0];
  }

  itemsOf(part: SinkPart): readonly unknown[] {
    return this.#items.get(part) ?? [];
  }

  /** Without some items of a sink. */
  without(part: SinkPart, left: readonly unknown[]): TransactionLoad {
    const out = new Set(left);
    return this.#with(
      part,
      this.itemsOf(part).filter((item) => !out.has(item)),
    );
  }

  /** With more dead letters, for the sink that takes them. */
  withLetters(part: SinkPart, letters: readonly DeadLetter[]): TransactionLoad {
    return this.#with(part, [...this.itemsOf(part), ...letters]);
  }

  #with(part: SinkPart, items: readonly unknown[]): TransactionLoad {
    return new TransactionLoad(new Map(this.#items).set(part, items));
  }
}
