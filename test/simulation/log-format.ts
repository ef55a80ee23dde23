import { crc32 } from 'node:zlib';
import type { CheckpointInfo } from '../../src/state/state-backend.ts';
import { SortedByteMap } from '../../src/state/memory/sorted-byte-map.ts';

/** One write of a record. */
export interface StoredOperation {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** All pairs as of one moment. */
export interface Snapshot {
  readonly info: CheckpointInfo;
  readonly made: number;
  /** Number of the last record in it. */
  readonly sequence: number;
  readonly pairs: SortedByteMap;
}

/** What a log holds. */
export interface LogContents {
  readonly records: readonly (readonly StoredOperation[])[];
  /** Bytes up to the end of the last whole record. */
  readonly length: number;
  /** Something follows that is no whole record: a write was under way. */
  readonly isTorn: boolean;
  /** Whole records follow what is none: this was no torn write. */
  readonly isDamaged: boolean;
}

const MAGIC = 0x5eed10c5;
const HEADER_BYTES = 12;

/** A record of the log: magic, length, checksum, then number and operations as JSON. */
export function encodeRecord(sequence: number, operations: readonly StoredOperation[]): Uint8Array {
  const pairs = operations.map(({ key, value }) => [key, value === undefined ? null : latin1(value)]);
  return framed(JSON.stringify({ sequence, pairs }));
}

/** A snapshot in a file of its own. */
export function encodeSnapshot({ info, made, sequence, pairs }: Snapshot): Uint8Array {
  const entries = pairs.withPrefix('').map(([key, value]) => [key, latin1(value)]);
  return framed(JSON.stringify({ info, made, sequence, pairs: entries }));
}

/** A number with its checksum. */
export function encodeNumber(value: number): Uint8Array {
  return framed(String(value));
}

/** Undefined where there is no sound number. */
export function decodeNumber(bytes: Uint8Array): number | undefined {
  const found = payloadAt(bytes, 0, true);
  return found === undefined ? undefined : Number(found.text);
}

/** Undefined where there is no sound snapshot. */
export function decodeSnapshot(bytes: Uint8Array | undefined, verify: boolean): Snapshot | undefined {
  if (bytes === undefined) return undefined;
  const text = payloadAt(bytes, 0, verify)?.text;
  const parsed = text === undefined ? undefined : parse(text);
  if (parsed === undefined) return undefined;
  const stored = parsed as Omit<Snapshot, 'pairs' | 'info'> & {
    readonly info: CheckpointInfo | undefined;
    readonly pairs: readonly [string, string][] | undefined;
  };
  // Not verified, it may be anything.
  if (stored.pairs === undefined || typeof stored.info?.id !== 'string') return undefined;
  const pairs = new SortedByteMap();
  for (const [key, value] of stored.pairs) pairs.set(key, bytesOf(value));
  return { ...stored, info: stored.info, pairs };
}

/** The records of a log, the first of which is the one after `base`. */
export function decodeRecords(bytes: Uint8Array, base: number, verify: boolean): LogContents {
  const records: StoredOperation[][] = [];
  let at = 0;
  for (;;) {
    const record = recordAt(bytes, at, verify);
    if (record === undefined || record.sequence !== base + records.length + 1) break;
    records.push(record.operations);
    at = record.end;
  }
  let isDamaged = false;
  for (let later = at + 1; later < bytes.length && !isDamaged; later += 1) {
    isDamaged = recordAt(bytes, later, true) !== undefined;
  }
  return { records, length: at, isTorn: at < bytes.length, isDamaged };
}

function recordAt(
  bytes: Uint8Array,
  at: number,
  verify: boolean,
): { readonly sequence: number; readonly operations: StoredOperation[]; readonly end: number } | undefined {
  const found = payloadAt(bytes, at, verify);
  const parsed = found === undefined ? undefined : parse(found.text);
  if (found === undefined || parsed === undefined) return undefined;
  const { sequence, pairs } = parsed as { sequence: number; pairs: readonly [string, string | null][] };
  const operations = pairs.map(([key, value]) => ({ key, value: value === null ? undefined : bytesOf(value) }));
  return { sequence, operations, end: found.end };
}

function payloadAt(bytes: Uint8Array, at: number, verify: boolean): { text: string; end: number } | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_BYTES);
  if (view.getUint32(0) !== MAGIC) return undefined;
  const end = at + HEADER_BYTES + view.getUint32(4);
  if (end > bytes.length) return undefined;
  const payload = bytes.subarray(at + HEADER_BYTES, end);
  if (verify && crc32(payload) !== view.getUint32(8)) return undefined;
  return { text: Buffer.from(payload).toString('utf8'), end };
}

function framed(text: string): Uint8Array {
  const payload = Buffer.from(text, 'utf8');
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, payload.length);
  view.setUint32(8, crc32(payload));
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
