import { MAX_RECORD_BYTES, type RecordFault } from '../../event/record-block.ts';
import { CorruptRecordsError } from './corrupt-records-error.ts';

/**
 * Where the values of records lie, one entry a record: what a block of records consists of.
 *
 * Keys and headers are passed over. The headers of a record begin right behind its value, with their number as a varint, so
 * that whoever wants one finds it there: at its entry of `cut`, and where there is none at its entry of `ends`.
 */
export interface RecordColumns {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly offsets: Float64Array;
  /** Entries that are filled. */
  count: number;
  faults: Map<number, RecordFault> | undefined;
  /** Where values end of which only the beginning is given. */
  cut: Map<number, number> | undefined;
}

/** Empty columns for as many records. */
export function emptyColumns(capacity: number): RecordColumns {
  return {
    starts: new Int32Array(capacity),
    ends: new Int32Array(capacity),
    offsets: new Float64Array(capacity),
    count: 0,
    faults: undefined,
    cut: undefined,
  };
}

/**
 * Walks over the records of one batch: format version 2, each with its length, attributes, time, offset, key, value and
 * headers as varints and bytes. Used again for each batch.
 */
export class RecordWalker {
  /** The records, uncompressed. */
  bytes: Uint8Array = new Uint8Array();
  #at = 0;
  #end = 0;
  #left = 0;
  #baseOffset = 0;

  /** Records of the batch that have not been walked over. */
  get left(): number {
    return this.#left;
  }

  /** Begins with the records that lie at `[start, end)` of the bytes. */
  begin(bytes: Uint8Array, start: number, end: number, baseOffset: number, count: number): void {
    this.bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#baseOffset = baseOffset;
    this.#left = count;
  }

  /** Lets go of the bytes. */
  clear(): void {
    this.begin(new Uint8Array(), 0, 0, 0, 0);
  }

  /**
   * Fills columns with records from offset `from` on, until they are full or the batch is at its end. Places are counted from
   * `base` more than they are in the bytes, for bytes that are put behind others.
   *
   * @throws CorruptRecordsError where a record does not lie within its own length, or within the batch.
   */
  fill(columns: RecordColumns, from: number, base = 0): void {
    const { bytes } = this;
    const { starts, ends, offsets } = columns;
    const end = this.#end;
    const capacity = offsets.length;
    let at = this.#at;
    let { count } = columns;
    let left = this.#left;
    // Varints are taken apart in place: this runs for every record, and most of them are one byte or two.
    for (; left > 0 && count < capacity; left -= 1) {
      let byte = bytes[at++] ?? 0;
      let value = byte & 0x7f;
      for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
        byte = bytes[at++] ?? 0;
        value |= (byte & 0x7f) << shift;
      }
      const next = at + ((value >>> 1) ^ -(value & 1));
      if (next <= at || next > end) throw new CorruptRecordsError('a record is longer than its batch');
      at += 1;
      while ((bytes[at++] ?? 0) >= 0x80);
      byte = bytes[at++] ?? 0;
      value = byte & 0x7f;
      for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
        byte = bytes[at++] ?? 0;
        value |= (byte & 0x7f) << shift;
      }
      const offset = this.#baseOffset + ((value >>> 1) ^ -(value & 1));
      byte = bytes[at++] ?? 0;
      value = byte & 0x7f;
      for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
        byte = bytes[at++] ?? 0;
        value |= (byte & 0x7f) << shift;
      }
      const keyLength = (value >>> 1) ^ -(value & 1);
      if (keyLength > 0) at += keyLength;
      byte = bytes[at++] ?? 0;
      value = byte & 0x7f;
      for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
        byte = bytes[at++] ?? 0;
        value |= (byte & 0x7f) << shift;
      }
      const length = (value >>> 1) ^ -(value & 1);
      // At least the number of headers comes behind the value.
      if (at + length >= next) throw new CorruptRecordsError('a value is longer than its record');
      if (offset >= from) {
        starts[count] = base + at;
        ends[count] = base + at + length;
        offsets[count] = offset;
        if (length < 0 || length > MAX_RECORD_BYTES) noteFault(columns, count, length);
        count += 1;
      }
      at = next;
    }
    this.#at = at;
    this.#left = left;
    columns.count = count;
  }
}

function noteFault(columns: RecordColumns, index: number, length: number): void {
  columns.faults ??= new Map();
  const start = columns.starts[index] ?? 0;
  if (length < 0) {
    columns.ends[index] = start;
    columns.faults.set(index, { reason: 'tombstone', message: 'The record has no value: it is a tombstone.' });
  } else {
    columns.cut ??= new Map();
    columns.cut.set(index, start + length);
    columns.ends[index] = start + MAX_RECORD_BYTES;
    columns.faults.set(index, { reason: 'too_large', message: `The record has ${length} bytes; 1 MiB is the most.` });
  }
}
