import type { RecordFault } from '../../event/record-block.ts';

/** Columns of the block being made. Reused from block to block; a block is given copies of just its size. */
export class BlockColumns {
  count = 0;
  #starts = new Int32Array(64);
  #ends = new Int32Array(64);
  #offsets = new Float64Array(64);
  #faults: Map<number, RecordFault> | undefined;

  add(start: number, end: number, offset: number, fault: RecordFault | null): void {
    if (this.count === this.#starts.length) this.#grow();
    if (fault !== null) (this.#faults ??= new Map()).set(this.count, fault);
    this.#starts[this.count] = start;
    this.#ends[this.count] = end;
    this.#offsets[this.count] = offset;
    this.count += 1;
  }

  /** Copies of the columns, and an empty start for the next block. */
  take(): {
    readonly count: number;
    readonly starts: Int32Array;
    readonly ends: Int32Array;
    readonly offsets: Float64Array;
    readonly faults?: ReadonlyMap<number, RecordFault>;
  } {
    const { count } = this;
    const faults = this.#faults;
    this.count = 0;
    this.#faults = undefined;
    return {
      count,
      starts: this.#starts.slice(0, count),
      ends: this.#ends.slice(0, count),
      offsets: this.#offsets.slice(0, count),
      ...(faults === undefined ? {} : { faults }),
    };
  }

  #grow(): void {
    const starts = new Int32Array(this.count * 2);
    const ends = new Int32Array(this.count * 2);
    const offsets = new Float64Array(this.count * 2);
    starts.set(this.#starts);
    ends.set(this.#ends);
    offsets.set(this.#offsets);
    this.#starts = starts;
    this.#ends = ends;
    this.#offsets = offsets;
  }
}
