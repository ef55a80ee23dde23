import { crc32 } from 'node:zlib';

/** Bytes at the start of a segment: magic, version, first offset, where the log ended before it, checksum. */
export const SEGMENT_HEADER_BYTES = 32;
/** Bytes at the start of a record: mark, checksum, bytes that follow, number of events, offset of the first. */
export const RECORD_HEADER_BYTES = 24;
/** How a record begins. No UTF-8 text holds these bytes, so no event can pretend to be a record. */
export const RECORD_MARK: Uint8Array = Buffer.from([0xff, 0x45, 0xfe, 0x56]);

const MAGIC = Buffer.from('EVTLOG\r\n', 'latin1');
const VERSION = 1;
const LENGTH_BYTES = 4;
const SEGMENT_NAME = /^\d{20}\.log$/;

/** What the start of a segment says. Offsets count events over the whole life of the log. */
export interface SegmentHeader {
  /** Offset of the segment's first event. */
  readonly first: number;
  /** Offset after the last event before it: `first`, unless the log once went on from a later position. */
  readonly follows: number;
}

/** Events that were written and synced together, and are there all or not at all. */
export interface LogRecord {
  /** Offset of the first event. */
  readonly first: number;
  readonly events: readonly Uint8Array[];
  /** With its header. */
  readonly sizeBytes: number;
}

/** The file name of a segment; names sort as offsets do. */
export function segmentName(first: number): string {
  return `${String(first).padStart(20, '0')}.log`;
}

/** True for the file name of a segment. */
export function isSegmentName(name: string): boolean {
  return SEGMENT_NAME.test(name);
}

/** The start of a segment's file. */
export function encodeSegmentHeader({ first, follows }: SegmentHeader): Uint8Array {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeBigUInt64LE(BigInt(first), 12);
  bytes.writeBigUInt64LE(BigInt(follows), 20);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28);
  return bytes;
}

/** Reads {@link encodeSegmentHeader} back; text says what is wrong with it. */
export function decodeSegmentHeader(start: Uint8Array): SegmentHeader | string {
  const bytes = bufferOf(start);
  if (bytes.length < SEGMENT_HEADER_BYTES) return 'the file is shorter than its header';
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return 'it is not a segment of an event log';
  if (bytes.readUInt32LE(28) !== crc32(bytes.subarray(0, 28))) return 'its header is damaged';
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) return `it has format ${String(version)}, of another version of the processor`;
  return { first: Number(bytes.readBigUInt64LE(12)), follows: Number(bytes.readBigUInt64LE(20)) };
}

/** Bytes of a record that holds these events. */
export function recordBytes(events: Iterable<Uint8Array>): number {
  let size = RECORD_HEADER_BYTES;
  for (const event of events) size += LENGTH_BYTES + event.length;
  return size;
}

/** A record as it is in the file. */
export function encodeRecord(first: number, events: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(recordBytes(events));
  bytes.set(RECORD_MARK, 0);
  bytes.writeUInt32LE(bytes.length - RECORD_HEADER_BYTES, 8);
  bytes.writeUInt32LE(events.length, 12);
  bytes.writeBigUInt64LE(BigInt(first), 16);
  let at = RECORD_HEADER_BYTES;
  for (const event of events) at = bytes.writeUInt32LE(event.length, at);
  for (const event of events) {
    bytes.set(event, at);
    at += event.length;
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** Bytes of the record that begins here, as its header says; null where none begins. Takes a whole record header. */
export function sizeOfRecord(start: Uint8Array): number | null {
  const bytes = bufferOf(start);
  if (!bytes.subarray(0, RECORD_MARK.length).equals(RECORD_MARK)) return null;
  return RECORD_HEADER_BYTES + bytes.readUInt32LE(8);
}

/** Reads {@link encodeRecord} back from just its bytes; null where they are not sound. The events lie in `record`. */
export function decodeRecord(record: Uint8Array): LogRecord | null {
  const bytes = bufferOf(record);
  if (bytes.readUInt32LE(4) !== crc32(bytes.subarray(8))) return null;
  const count = bytes.readUInt32LE(12);
  let start = RECORD_HEADER_BYTES + count * LENGTH_BYTES;
  if (count === 0 || start > bytes.length) return null;
  const events: Uint8Array[] = [];
  for (let index = 0; index < count; index += 1) {
    const end = start + bytes.readUInt32LE(RECORD_HEADER_BYTES + index * LENGTH_BYTES);
    if (end > bytes.length) return null;
    events.push(bytes.subarray(start, end));
    start = end;
  }
  if (start !== bytes.length) return null;
  return { first: Number(bytes.readBigUInt64LE(16)), events, sizeBytes: bytes.length };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
