import { crc32c } from './crc32c.ts';

/**
 * RocksDB writes its write-ahead logs and its MANIFEST in blocks of 32 KiB. A block holds fragments: CRC-32C (masked),
 * length, type, bytes; what is left of it, if less than a header, is zeros. A record is one fragment, or a first one,
 * some in the middle and a last one.
 */
const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const RECYCLED_HEADER_BYTES = 11;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];
/** Bits that a reader which does not know the type may pass over. */
const IGNORABLE = 128;

/** What a log file is like. */
export interface LogCheck {
  /** `torn`: its last record is incomplete, as a write that was cut off leaves it. */
  readonly is: 'sound' | 'torn' | 'damaged';
  /** Where the first bad fragment lies; undefined for a sound file. */
  readonly badAt?: number;
  /** Sequence number of the first write; undefined where there is none. Only for write-ahead logs, not compressed. */
  readonly first?: bigint;
  /** Sequence number that the next write after its last sound one has. */
  readonly next?: bigint;
}

interface Fragment {
  /** One of the four types above; 0 for one that carries no part of a record. */
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

/** The sound fragment at an offset; undefined if there is none. `offset` leaves room for a header in its block. */
function fragmentAt(bytes: Uint8Array, offset: number): Fragment | undefined {
  const blockEnd = Math.min(bytes.length, (Math.floor(offset / BLOCK_BYTES) + 1) * BLOCK_BYTES);
  const type = bytes[offset + 6] ?? 0;
  const isRecycled = (type >= 5 && type <= 8) || type === 11 || type === IGNORABLE + 3;
  const start = offset + (isRecycled ? RECYCLED_HEADER_BYTES : HEADER_BYTES);
  const end = start + ((bytes[offset + 4] ?? 0) | ((bytes[offset + 5] ?? 0) << 8));
  if (type === 0 || (type > 11 && type < IGNORABLE) || end > blockEnd) return undefined;
  const stored = new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0, true);
  const rotated = (stored - 0xa2_82_ea_d8) >>> 0;
  if (crc32c(bytes, offset + 6, end) !== ((rotated >>> 17) | (rotated << 15)) >>> 0) return undefined;
  if (type > 8) return { type: 0, start, end };
  return { type: isRecycled ? type - 4 : type, start, end };
}

/** Where in its block no fragment can begin any more. */
function hasNoRoom(bytes: Uint8Array, offset: number): boolean {
  return BLOCK_BYTES - (offset % BLOCK_BYTES) < HEADER_BYTES || offset + HEADER_BYTES > bytes.length;
}

/**
 * True if a record begins after a bad fragment. One write is synced before the next begins: then what is bad was
 * whole once. What only continues may be the rest of the write that was cut off.
 */
function hasRecordAfter(bytes: Uint8Array, bad: number): boolean {
  const blockEnd = (Math.floor(bad / BLOCK_BYTES) + 1) * BLOCK_BYTES;
  const begins = ({ type }: Fragment): boolean => type === FULL || type === FIRST;
  // The length of the bad fragment is not to be trusted: in its block, any byte may be the start of the next one.
  for (let offset = bad + 1; offset < Math.min(blockEnd, bytes.length); offset++) {
    const fragment = hasNoRoom(bytes, offset) ? undefined : fragmentAt(bytes, offset);
    if (fragment !== undefined && begins(fragment)) return true;
  }
  for (let offset = blockEnd; offset < bytes.length;) {
    const fragment = hasNoRoom(bytes, offset) ? undefined : fragmentAt(bytes, offset);
    if (fragment !== undefined && begins(fragment)) return true;
    offset = fragment?.end ?? (Math.floor(offset / BLOCK_BYTES) + 1) * BLOCK_BYTES;
  }
  return false;
}

/** Checks a whole write-ahead log or MANIFEST. */
export function checkLog(bytes: Uint8Array): LogCheck {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let first: bigint | undefined;
  let next: bigint | undefined;
  let begun: { readonly offset: number; readonly head: Fragment } | undefined;
  const result = (is: LogCheck['is'], badAt?: number): LogCheck => ({
    is,
    ...(badAt === undefined ? {} : { badAt }),
    ...(first === undefined ? {} : { first }),
    ...(next === undefined ? {} : { next }),
  });
  const bad = (offset: number): LogCheck => result(hasRecordAfter(bytes, offset) ? 'damaged' : 'torn', offset);

  for (let offset = 0; offset < bytes.length;) {
    if (hasNoRoom(bytes, offset)) {
      const blockEnd = (Math.floor(offset / BLOCK_BYTES) + 1) * BLOCK_BYTES;
      if (blockEnd > bytes.length && BLOCK_BYTES - (offset % BLOCK_BYTES) >= HEADER_BYTES) return bad(offset);
      offset = blockEnd;
      continue;
    }
    const fragment = fragmentAt(bytes, offset);
    const continues = fragment?.type === MIDDLE || fragment?.type === LAST;
    if (fragment === undefined || (fragment.type !== 0 && continues !== (begun !== undefined))) return bad(offset);
    if (fragment.type === FULL || fragment.type === FIRST) begun = { offset, head: fragment };
    if (begun !== undefined && (fragment.type === FULL || fragment.type === LAST)) {
      // A write begins with its sequence number and how many numbers it takes.
      if (begun.head.end - begun.head.start >= 12) {
        const sequence = view.getBigUint64(begun.head.start, true);
        first ??= sequence;
        next = sequence + BigInt(view.getUint32(begun.head.start + 8, true));
      }
      begun = undefined;
    }
    offset = fragment.end;
  }
  return begun === undefined ? result('sound') : result('torn', begun.offset);
}
