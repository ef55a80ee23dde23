import { ProcessorError } from '../errors/processor-error.ts';
import type { Positions } from '../event/source-position.ts';
import type {
  DeliveryMark,
  DeliveryTransaction,
  TakenOver,
  TransactionCommit,
  TransactionContext,
} from '../sinks/delivery-transaction.ts';
import type { Delivery, EventSink } from '../sinks/event-sink.ts';

/** A transaction that was committed. */
export interface CommittedTransaction {
  readonly mark: DeliveryMark;
  readonly positions: Positions;
  /** By the name of the sink, in order. */
  readonly items: readonly (readonly [sink: string, item: unknown])[];
}

/** Where transactions in memory are committed; it outlives whoever delivers to it. */
export class MemoryBroker {
  readonly committed: CommittedTransaction[] = [];
  mark: DeliveryMark | null = null;
  /** Who has taken over last. */
  owner = 0;

  /** All items that have become visible, of one sink. */
  itemsOf(sink: string): readonly unknown[] {
    const items = this.committed.flatMap((transaction) => transaction.items);
    return items.filter(([name]) => name === sink).map(([, item]) => item);
  }

  /** Those transactions that had something to deliver. */
  get deliveries(): readonly CommittedTransaction[] {
    return this.committed.filter(({ items }) => items.length > 0);
  }
}

/** A call of a transaction or of one of its sinks. */
export type TransactionStep = 'open' | 'reopen' | 'begin' | 'send' | 'commit' | 'close';

/** A transaction with a {@link MemoryBroker}, which can be made to fail, hang or be watched at each of its steps. */
export class MemoryTransaction implements DeliveryTransaction {
  readonly name = 'memory';
  readonly afterRestore: 'refuse' | 'deliver_again';
  /** Called before a step has its effect, with how many there were of that kind, this one included. */
  before: (step: TransactionStep, count: number) => Promise<void> | void = () => undefined;
  /** Called after a step has had its effect. */
  after: (step: TransactionStep, count: number) => Promise<void> | void = () => undefined;
  readonly steps: TransactionStep[] = [];
  context: TransactionContext | undefined;
  readonly #broker: MemoryBroker;
  #own = -1;
  #pending: (readonly [string, unknown])[] | undefined;

  constructor(broker: MemoryBroker, afterRestore: 'refuse' | 'deliver_again' = 'refuse') {
    this.#broker = broker;
    this.afterRestore = afterRestore;
  }

  async open(context: TransactionContext): Promise<TakenOver> {
    this.context = context;
    return this.#step('open', () => {
      this.#own = this.#takeOver();
      return { run: `run-${String(this.#own)}`, mark: this.#broker.mark };
    });
  }

  async reopen(): Promise<DeliveryMark | null> {
    return this.#step('reopen', () => {
      this.#checkOwner();
      this.#own = this.#takeOver();
      this.#pending = undefined;
      return this.#broker.mark;
    });
  }

  begin(): void {
    this.steps.push('begin');
    if (this.#pending !== undefined) throw new Error('a transaction is open');
    this.#pending = [];
  }

  async commit({ mark, positions }: TransactionCommit): Promise<void> {
    await this.#step('commit', () => {
      this.#checkOwner();
      const items = this.#pending;
      if (items === undefined) throw new Error('no transaction is open');
      this.#pending = undefined;
      this.#broker.mark = mark;
      this.#broker.committed.push({ mark, positions, items });
    });
  }

  async close(): Promise<void> {
    await this.#step('close', () => undefined);
  }

  /** A sink that delivers in the transaction. */
  sink<T>(name: string, check: (items: readonly T[], delivery: Delivery) => void = () => undefined): EventSink<T> {
    return {
      name,
      transaction: this,
      sendBatch: async (items, delivery) => {
        await this.#step('send', () => {
          this.#checkOwner();
          check(items, delivery);
          if (this.#pending === undefined) throw new Error('no transaction is open');
          for (const item of items) this.#pending.push([name, item]);
        });
      },
    };
  }

  async #step<T>(step: TransactionStep, effect: () => T): Promise<T> {
    this.steps.push(step);
    const count = this.steps.filter((known) => known === step).length;
    await this.before(step, count);
    const result = effect();
    await this.after(step, count);
    return result;
  }

  #takeOver(): number {
    this.#broker.owner += 1;
    return this.#broker.owner;
  }

  #checkOwner(): void {
    if (this.#own === this.#broker.owner) return;
    throw new ProcessorError('sink', 'SINK_FENCED', 'another instance has taken over');
  }
}
