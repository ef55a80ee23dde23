import type { RecordBlock } from '../../event/record-block.ts';
import type { SourceContext, SourcePartition } from '../event-source.ts';
import { sourceFailure } from '../source-failure.ts';
import { objectBlock } from './object-block.ts';

/** Events of an array or another iterable. */
export class SyncPartition<T> implements SourcePartition {
  readonly id: string;
  readonly #context: SourceContext;
  readonly #iterator: Iterator<T>;
  #toSkip: number;
  #offset: number;
  #done = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(id: string, events: Iterable<T>, offset: number, context: SourceContext) {
    this.id = id;
    this.#context = context;
    // An array is entered at the offset; anything else has to be walked through up to it.
    this.#iterator = (Array.isArray(events) && offset > 0 ? events.slice(offset) : events)[Symbol.iterator]();
    this.#toSkip = Array.isArray(events) ? 0 : offset;
    this.#offset = offset;
  }

  get caughtUp(): boolean {
    return this.#done;
  }

  read(): Promise<RecordBlock | null> {
    const block = this.#nextBlock();
    if (block !== null || this.#failure === undefined) return Promise.resolve(block);
    return Promise.reject(sourceFailure(`the events of partition "${this.id}" failed`, this.#failure.error));
  }

  close(): Promise<void> {
    if (!this.#done) this.#iterator.return?.();
    this.#done = true;
    return Promise.resolve();
  }

  #nextBlock(): RecordBlock | null {
    const { maxBlockRecords, signal, clock } = this.#context;
    const objects: T[] = [];
    while (!this.#done && !signal.aborted && objects.length < maxBlockRecords) {
      this.#take(objects);
    }
    if (objects.length === 0) return null;
    const block = objectBlock(objects, this.#offset, clock.now());
    this.#offset = block.nextOffset;
    return block;
  }

  #take(objects: T[]): void {
    try {
      const item = this.#iterator.next();
      if (item.done === true) this.#done = true;
      else if (this.#toSkip > 0) this.#toSkip -= 1;
      else objects.push(item.value);
    } catch (error) {
      // Events that came before the failure are handed over first; every later read reports it: it is no end.
      this.#failure = { error };
      this.#done = true;
    }
  }
}
