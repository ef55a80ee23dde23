import type { EventBatch } from '../event/event-batch.ts';
import type { RecordBlock } from '../event/record-block.ts';

/** The batch under construction. Its columns are used again for every block, and grow when one needs more rows. */
export class Columns {
  readonly #batch: EventBatch;
  #capacity = 0;

  /** Columns for `metricCount` metrics; `block` stands in the batch until the first block comes. */
  constructor(metricCount: number, block: RecordBlock) {
    this.#batch = {
      count: 0,
      partition: 0,
      timestamps: new Float64Array(0),
      watermarks: new Float64Array(0),
      keys: new Int32Array(0),
      values: Array.from({ length: metricCount }, () => new Float64Array(0)),
      records: new Int32Array(0),
      data: [],
      block,
    };
  }

  /** Empties the batch for a block, with room for one event per record. */
  begin(block: RecordBlock): EventBatch {
    const batch = this.#batch;
    batch.count = 0;
    batch.data.length = 0;
    batch.block = block;
    this.reserve(block.count);
    return batch;
  }

  /** Makes room for `rows` events, keeping those that are there. */
  reserve(rows: number): void {
    if (rows <= this.#capacity) return;
    const capacity = Math.max(rows, this.#capacity * 2);
    const batch = this.#batch;
    batch.timestamps = longer(batch.timestamps, capacity);
    batch.watermarks = longer(batch.watermarks, capacity);
    batch.values = batch.values.map((column) => longer(column, capacity));
    batch.keys = longerInts(batch.keys, capacity);
    batch.records = longerInts(batch.records, capacity);
    this.#capacity = capacity;
  }
}

function longer(column: Float64Array, length: number): Float64Array {
  const copy = new Float64Array(length);
  copy.set(column);
  return copy;
}

function longerInts(column: Int32Array, length: number): Int32Array {
  const copy = new Int32Array(length);
  copy.set(column);
  return copy;
}
