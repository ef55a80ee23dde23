import type { RecordBlock } from './record-block.ts';

/**
 * Events of one partition as columns: what the engine reads of a batch. Columns may be longer than `count` (they are
 * reused); only the first `count` entries mean anything, and only until the next batch is decoded.
 */
export interface EventColumns {
  count: number;
  /** Number of the partition where state is kept by partition; else 0. */
  partition: number;
  /** Event time of each event, in ms. */
  timestamps: Float64Array;
  /** Watermark of the event's own partition in force when it arrived, −∞ if none: what its lateness is judged by. */
  watermarks: Float64Array;
  /** Id of each event's key in the pipeline's {@link KeyDictionary}. */
  keys: Int32Array;
  /** One column per metric; NaN where the event has no value for it. */
  values: Float64Array[];
}

/** The only thing that travels between source and engine: events of one partition as columns, and the way back to them. */
export interface EventBatch extends EventColumns {
  /** Index in `block` of the record that each event came from. */
  records: Int32Array;
  /** The events as JavaScript values, where the pipeline has a function that needs them; else empty. */
  data: unknown[];
  /** The records behind the events: offsets and raw bytes. */
  block: RecordBlock;
}
