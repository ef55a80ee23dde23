import { BATCH_HEADER_BYTES, CHECKED_FROM } from './record-batch.ts';

/** Bytes of a record besides key and value, at most: length, attributes, time, offset, two lengths, number of headers. */
const OVERHEAD_BYTES = 5 + 1 + 10 + 5 + 5 + 5 + 1;
const FIRST_BYTES = 16_384;
const TRANSACTIONAL = 0x10;
const NO_LEADER_EPOCH = -1;

/** Who sends a batch. Without a transaction: id −1, epoch −1 and sequence −1. */
export interface BatchProducer {
  readonly id: number;
  readonly epoch: number;
  /** Number of the batch's first record, counted by the producer for each partition. */
  readonly sequence: number;
  readonly isTransactional: boolean;
}

/** How the records of a batch are compressed. */
export interface BatchCodec {
  /** Its number in the attributes of a batch; 0 for none. */
  readonly number: number;
  compress(bytes: Uint8Array): Uint8Array;
}

/** The records of a batch, compressed, with room before them for a header. */
export interface PackedBatch {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly codec: number;
  readonly firstTimestamp: number;
  readonly lastTimestamp: number;
}

/**
 * Writes records one behind the other into the bytes of a batch, format version 2
 * (https://kafka.apache.org/documentation/#recordbatch). Used again after {@link RecordBatchWriter.pack}.
 */
export class RecordBatchWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #end = BATCH_HEADER_BYTES;
  #count = 0;
  #firstTimestamp = 0;
  #lastTimestamp = 0;

  /** Records so far. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the batch so far, its header included. */
  get length(): number {
    return this.#end;
  }

  /** Bytes that a record adds, at most. */
  static lengthOf(keyBytes: number, valueBytes: number): number {
    return OVERHEAD_BYTES + keyBytes + valueBytes;
  }

  /** Adds a record; `valueBytes` is the length of `value`, of text in UTF-8. `timestamp`: ms since 1970. */
  append(timestamp: number, key: Uint8Array | null, value: string | Uint8Array, valueBytes: number): void {
    if (this.#count === 0) {
      this.#firstTimestamp = timestamp;
      this.#lastTimestamp = timestamp;
    }
    this.#lastTimestamp = Math.max(this.#lastTimestamp, timestamp);
    const delta = timestamp - this.#firstTimestamp;
    const keyBytes = key?.length ?? -1;
    this.#ensure(RecordBatchWriter.lengthOf(Math.max(0, keyBytes), valueBytes));
    const bytes = this.#bytes;
    const body =
      2 + varintLength(delta) + varintLength(this.#count) + varintLength(keyBytes) + varintLength(valueBytes);
    let at = writeVarint(bytes, this.#end, body + Math.max(0, keyBytes) + valueBytes);
    bytes[at] = 0;
    at = writeVarint(bytes, at + 1, delta);
    at = writeVarint(bytes, at, this.#count);
    at = writeVarint(bytes, at, keyBytes);
    if (key !== null) {
      bytes.set(key, at);
      at += key.length;
    }
    at = writeVarint(bytes, at, valueBytes);
    if (typeof value === 'string') bytes.write(value, at, 'utf8');
    else bytes.set(value, at);
    at += valueBytes;
    // No headers.
    bytes[at] = 0;
    this.#end = at + 1;
    this.#count += 1;
  }

  /** The batch; the next one begins with nothing. Where compression would make it longer, it is left as it is. */
  pack(codec: BatchCodec): PackedBatch {
    const records = this.#bytes.subarray(BATCH_HEADER_BYTES, this.#end);
    const compressed = codec.number === 0 ? records : codec.compress(records);
    const isSmaller = compressed.length < records.length;
    const content = isSmaller ? compressed : records;
    const bytes = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + content.length);
    bytes.set(content, BATCH_HEADER_BYTES);
    const packed = {
      bytes,
      count: this.#count,
      codec: isSmaller ? codec.number : 0,
      firstTimestamp: this.#firstTimestamp,
      lastTimestamp: this.#lastTimestamp,
    };
    this.#end = BATCH_HEADER_BYTES;
    this.#count = 0;
    return packed;
  }

  #ensure(more: number): void {
    const needed = this.#end + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
  }
}

/** The bytes of a batch as `producer` sends it, in place: the header is written before the records. */
export function sealBatch(
  batch: PackedBatch,
  producer: BatchProducer,
  crc32c: (bytes: Uint8Array) => number,
): Uint8Array {
  const { bytes, count, codec, firstTimestamp, lastTimestamp } = batch;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setBigInt64(0, 0n);
  view.setInt32(8, bytes.length - 12);
  view.setInt32(12, NO_LEADER_EPOCH);
  view.setInt8(16, 2);
  view.setInt16(21, codec | (producer.isTransactional ? TRANSACTIONAL : 0));
  view.setInt32(23, count - 1);
  view.setBigInt64(27, BigInt(firstTimestamp));
  view.setBigInt64(35, BigInt(lastTimestamp));
  view.setBigInt64(43, BigInt(producer.id));
  view.setInt16(51, producer.epoch);
  view.setInt32(53, producer.sequence);
  view.setInt32(57, count);
  view.setUint32(17, crc32c(bytes.subarray(CHECKED_FROM)));
  return bytes;
}

/** Zigzag: small numbers of either sign are short. Up to 2^52, as instants are. */
function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
  bytes[at] = rest;
  return at + 1;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value >= 0 ? value * 2 : -value * 2 - 1; rest >= 0x80; rest = Math.floor(rest / 128)) length += 1;
  return length;
}
