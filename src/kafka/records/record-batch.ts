import { CorruptRecordsError } from './corrupt-records-error.ts';

/** Bytes of a batch before its records. */
export const BATCH_HEADER_BYTES = 61;
/** Where what the checksum covers begins. */
export const CHECKED_FROM = 21;
/** Bytes of a batch that its length does not count: the offset and the length itself. */
const BEFORE_LENGTH = 12;

const MAGIC_AT = 16;
const COMPRESSION = 0x07;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** A number of 64 bits that a double holds: offsets and ids of producers stay far below 2^53. */
export function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * 4_294_967_296 + view.getUint32(at + 4);
}

/**
 * The head of a record batch of version 2, the only one that Kafka has written since 0.11
 * (https://kafka.apache.org/documentation/#recordbatch). One object is moved over all batches of a response.
 */
export class RecordBatch {
  /** Where the batch lies in its bytes. */
  start = 0;
  end = 0;
  baseOffset = 0;
  /** Of the last record that was in the batch when it was written; compaction may have taken it out. */
  lastOffset = 0;
  leaderEpoch = 0;
  checksum = 0;
  /** Number of the codec; 0 for none. */
  compression = 0;
  isTransactional = false;
  /** A control batch holds a marker of the end of a transaction, and no records. */
  isControl = false;
  /** −1 without one. */
  producerId = -1;
  recordCount = 0;

  /**
   * Reads the batch that begins at `at`; false if it does not lie there whole, which a broker may do to the last one.
   *
   * @throws CorruptRecordsError where it is no batch of version 2.
   */
  read(view: DataView, at: number): boolean {
    const available = view.byteLength - at;
    if (available <= MAGIC_AT) return false;
    const magic = view.getInt8(at + MAGIC_AT);
    if (magic !== 2) {
      throw new CorruptRecordsError(
        `records in version ${magic} of the format, which clients and topics from before Kafka 0.11 write; only version 2 can be read`,
      );
    }
    const length = BEFORE_LENGTH + view.getInt32(at + 8);
    if (length < BATCH_HEADER_BYTES) throw new CorruptRecordsError(`a batch of ${length} bytes`);
    if (length > available) return false;
    const attributes = view.getInt16(at + 21);
    this.start = at;
    this.end = at + length;
    this.baseOffset = readInt64(view, at);
    this.leaderEpoch = view.getInt32(at + 12);
    this.checksum = view.getUint32(at + 17);
    this.compression = attributes & COMPRESSION;
    this.isTransactional = (attributes & TRANSACTIONAL) !== 0;
    this.isControl = (attributes & CONTROL) !== 0;
    this.lastOffset = this.baseOffset + view.getInt32(at + 23);
    this.producerId = readInt64(view, at + 43);
    this.recordCount = view.getInt32(at + 57);
    return true;
  }
}

/** What a control batch says: that its producer's transaction was aborted, or anything else. */
export function isAbortMarker(view: DataView, batch: RecordBatch): boolean {
  if (batch.recordCount < 1) return false;
  // Length and attributes of its one record, time, offset, length of the key; in the key a version, then the type.
  let at = skipVarint(view, batch.start + BATCH_HEADER_BYTES) + 1;
  for (let field = 0; field < 3; field += 1) at = skipVarint(view, at);
  return view.getInt16(at + 2) === 0;
}

function skipVarint(view: DataView, at: number): number {
  let next = at;
  while (view.getUint8(next) >= 0x80) next += 1;
  return next + 1;
}
