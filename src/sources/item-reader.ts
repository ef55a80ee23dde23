import { ABORTED, unlessAborted } from './abortable.ts';

/** Turns of the microtask queue within which a generator that does not really wait has its next item. */
const READY_TURNS = 4;

/**
 * Reads an async iterator one item ahead, so that a wait can be given up without losing the item: it is kept for the
 * next call.
 */
export class ItemReader<T> {
  readonly #iterator: AsyncIterator<T>;
  #pending: Promise<IteratorResult<T, unknown>> | null = null;
  #settled = false;

  constructor(items: AsyncIterable<T>) {
    this.#iterator = items[Symbol.asyncIterator]();
  }

  /** The next item; {@link ABORTED} if the signal comes first. Rejects with what the iterator throws. */
  async next(signal: AbortSignal): Promise<IteratorResult<T, unknown> | typeof ABORTED> {
    const item = await unlessAborted(this.#ahead(), signal);
    if (item !== ABORTED) this.#pending = null;
    return item;
  }

  /** True if {@link ItemReader.next} would not have to wait. */
  async ready(): Promise<boolean> {
    void this.#ahead();
    for (let turn = 0; turn < READY_TURNS && !this.#settled; turn += 1) await Promise.resolve();
    return this.#settled;
  }

  /** Lets the iterator clean up; waits for that only where no item is still being waited for, for it may never come. */
  async close(): Promise<void> {
    const waiting = this.#pending !== null && !this.#settled;
    const returned = this.#iterator.return?.();
    if (waiting) returned?.catch(ignore);
    else await returned;
  }

  /** Asynchronous, so that an iterator that throws at once fails like one that rejects. */
  async #pull(): Promise<IteratorResult<T, unknown>> {
    return this.#iterator.next();
  }

  #ahead(): Promise<IteratorResult<T, unknown>> {
    if (this.#pending !== null) return this.#pending;
    this.#settled = false;
    const pending = this.#pull();
    const settle = (): void => {
      this.#settled = true;
    };
    // A failure is reported by the `next` that takes the item; here it only counts as an answer.
    pending.then(settle, settle);
    this.#pending = pending;
    return pending;
  }
}

function ignore(): void {
  // Nobody reads any more: a failure of what is still under way concerns no one.
}
