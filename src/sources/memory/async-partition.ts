import type { RecordBlock } from '../../event/record-block.ts';
import { ABORTED } from '../abortable.ts';
import type { SourceContext, SourcePartition } from '../event-source.ts';
import { ItemReader } from '../item-reader.ts';
import { sourceFailure } from '../source-failure.ts';
import { objectBlock } from './object-block.ts';

/** Events of an async iterable: a block holds those that have come, and never waits to be filled. */
export class AsyncPartition<T> implements SourcePartition {
  readonly id: string;
  readonly #context: SourceContext;
  readonly #items: ItemReader<T>;
  #toSkip: number;
  #offset: number;
  #done = false;
  #waiting = false;
  #failure: unknown;
  #closed = false;

  constructor(id: string, events: AsyncIterable<T>, offset: number, context: SourceContext) {
    this.id = id;
    this.#context = context;
    this.#items = new ItemReader(events);
    this.#toSkip = offset;
    this.#offset = offset;
  }

  get caughtUp(): boolean {
    return this.#done || this.#waiting;
  }

  async read(): Promise<RecordBlock | null> {
    const objects: T[] = [];
    const { maxBlockRecords, clock } = this.#context;
    this.#waiting = true;
    while (objects.length < maxBlockRecords && (objects.length === 0 || (await this.#items.ready()))) {
      if (!(await this.#take(objects))) break;
    }
    this.#waiting = false;
    if (objects.length > 0) {
      const block = objectBlock(objects, this.#offset, clock.now());
      this.#offset = block.nextOffset;
      return block;
    }
    if (this.#failure === undefined) return null;
    throw sourceFailure(`the events of partition "${this.id}" failed`, this.#failure);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#done) await this.#items.close();
    this.#done = true;
  }

  /** Takes the next event. False if there is none: at the end, on a failure, on abort. */
  async #take(objects: T[]): Promise<boolean> {
    if (this.#done || this.#context.signal.aborted) return false;
    try {
      const item = await this.#items.next(this.#context.signal);
      if (item === ABORTED) return false;
      if (item.done === true) this.#done = true;
      else if (this.#toSkip > 0) this.#toSkip -= 1;
      else objects.push(item.value);
    } catch (error) {
      // Events that came before the failure are handed over first; the next read reports it.
      this.#failure = error ?? new Error('no reason given');
      this.#done = true;
    }
    return !this.#done;
  }
}
