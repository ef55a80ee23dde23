import type { TraceContext } from '../telemetry/trace-context.ts';
import type { Instant } from '../time/instant.ts';

/** How the bytes of a block's records are to be read. */
export type RecordFormat = { readonly type: 'json' } | { readonly type: 'csv'; readonly header: readonly string[] };

/** Why a source could not hand over a record whole. The bytes given are then the first of it, or none. */
export interface RecordFault {
  readonly reason: 'too_large' | 'malformed' | 'tombstone';
  readonly message: string;
}

interface BlockHeader {
  /** Number of records, at least 1. */
  readonly count: number;
  /** Position of each record in its partition, rising. What they count (bytes, records) is the source's affair. */
  readonly offsets: Float64Array;
  /** Where reading goes on after this block: what is committed once the block has been worked off. */
  readonly nextOffset: number;
  /** When the source received the block. */
  readonly receivedAt: Instant;
  /** Further position of the source's own after this block (a file's identity, say), kept with the offset. */
  readonly token?: string;
  /** The traces that records came with, by index: only those that are to be recorded, and only where somebody takes spans. */
  readonly traces?: ReadonlyMap<number, TraceContext>;
}

/** Records as bytes: record i is `bytes[starts[i], ends[i])`. Only the first `count` entries of each column count. */
export interface ByteBlock extends BlockHeader {
  readonly kind: 'bytes';
  readonly format: RecordFormat;
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Records that did not arrive whole, by index; they become dead letters. */
  readonly faults?: ReadonlyMap<number, RecordFault>;
}

/** Records as JavaScript values, from a source that has them so. */
export interface ObjectBlock extends BlockHeader {
  readonly kind: 'objects';
  readonly objects: readonly unknown[];
}

/** What a source hands over: some consecutive records of one partition. */
export type RecordBlock = ByteBlock | ObjectBlock;

/** The most bytes one record may have: 1 MiB. A longer one is a dead letter. */
export const MAX_RECORD_BYTES = 1_048_576;

/** A copy of the bytes of a record; JSON of it where the source has no bytes, its text where it has no JSON. */
export function rawBytesOf(block: RecordBlock, record: number): Uint8Array {
  // By way of subarray, for slice of a Buffer copies nothing.
  if (block.kind === 'bytes') return new Uint8Array(block.bytes.subarray(block.starts[record], block.ends[record]));
  const value = block.objects[record];
  return new TextEncoder().encode(textOf(value));
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Cycles and big integers have no JSON; a dead letter with some text is better than none.
    return String(value);
  }
}
