import type { RecordBlock } from '../event/record-block.ts';
import type { SourcePartition, SourcePosition } from '../sources/event-source.ts';

/** Reads one partition, one block ahead: while a block is worked on, or waits, at most one read is under way. */
export class PartitionReader {
  readonly partition: SourcePartition;
  /** Index of the partition in the progress tracker. */
  readonly index: number;
  /** True when the partition has come to its end, or was stopped. */
  ended = false;
  /** Error of the last read, until it is taken. */
  failure: { readonly error: unknown } | undefined;
  /** Reads that have failed in a row. */
  attempts = 0;
  readonly #onSettled: () => void;
  #position: SourcePosition | undefined;
  #ready: RecordBlock | undefined;
  #reading = false;

  constructor(partition: SourcePartition, index: number, position: SourcePosition | undefined, onSettled: () => void) {
    this.partition = partition;
    this.index = index;
    this.#position = position ?? partition.start;
    this.#onSettled = onSettled;
  }

  /** Where the next read goes on, once everything taken so far is committed. Undefined: nothing was taken yet. */
  get position(): SourcePosition | undefined {
    const position = this.#position;
    if (position === undefined || this.partition.beyond === undefined) return position;
    return this.partition.beyond(position);
  }

  get isReady(): boolean {
    return this.#ready !== undefined;
  }

  /** True while a read is under way. */
  get isReading(): boolean {
    return this.#reading;
  }

  /** Records of the block that is ready; 0 where none is. */
  get readyRecords(): number {
    return this.#ready?.count ?? 0;
  }

  /** Starts a read unless one is under way or there is nothing to gain from it. */
  prefetch(): void {
    if (this.#reading || this.ended || this.#ready !== undefined || this.failure !== undefined) return;
    this.#reading = true;
    this.#read().then(this.#onSettled, this.#onSettled);
  }

  /** Takes the block that is ready, and moves the position behind it. */
  take(): RecordBlock | undefined {
    const block = this.#ready;
    this.#ready = undefined;
    if (block !== undefined) {
      this.#position = {
        offset: block.nextOffset,
        ...(block.token === undefined ? {} : { token: block.token }),
      };
    }
    return block;
  }

  async #read(): Promise<void> {
    try {
      const block = await this.partition.read();
      this.attempts = 0;
      if (block === null) this.ended = true;
      else this.#ready = block;
    } catch (error) {
      this.failure = { error };
    } finally {
      this.#reading = false;
    }
  }
}
