import { copyBack, copyLiterals, ViewedBytes } from './byte-copies.ts';
import type { Content, DecompressionSpace } from './decompression-space.ts';
import { CorruptRecordsError } from './corrupt-records-error.ts';

const MAGIC = 0x184d2204;
/** Of a frame of fewer bytes the content is counted before it is decompressed. */
const COUNTED_BYTES = 2048;
/** The size of blocks that clients of Kafka write. */
const COMMON_BLOCK_BYTES = 65_536;
/** Bytes that one byte stands for, at the most. */
const MOST_EXPANSION = 255;

/** What the descriptor of a frame says. */
interface Frame {
  /** Where its blocks begin. */
  readonly start: number;
  readonly maxBlockBytes: number;
  readonly hasBlockChecksums: boolean;
}

/**
 * Decompresses an LZ4 frame (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md). Checksums in it are skipped: the
 * batch that it lies in has one over all of it.
 *
 * @throws CorruptRecordsError where it is no such frame, or its content is longer than `limit`.
 */
export function decompressLz4(data: Uint8Array, limit: number, space: DecompressionSpace): Content {
  const source = new ViewedBytes(data);
  const { view } = source;
  try {
    const frame = frameOf(view);
    const target = space.reserve(capacityFor(view, frame, limit));
    let { length } = space;
    const begin = length;
    for (let at = frame.start; ;) {
      const word = view.getUint32(at, true);
      if (word === 0) return space.fill(length);
      const end = at + 4 + (word & 0x7fff_ffff);
      if (end > data.length) throw new CorruptRecordsError('a block of LZ4 is cut short');
      if (word >>> 31 === 0) {
        length = decode(source, at + 4, end, target, begin, length);
      } else {
        copyLiterals(source, at + 4, target, length, end - at - 4);
        length += end - at - 4;
      }
      at = frame.hasBlockChecksums ? end + 4 : end;
    }
  } catch (error) {
    // What reads beyond the end, wherever that is.
    if (error instanceof RangeError) throw new CorruptRecordsError('a frame of LZ4 is cut short');
    throw error;
  }
}

function frameOf(view: DataView): Frame {
  if (view.getUint32(0, true) !== MAGIC) throw new CorruptRecordsError('this is no frame of LZ4');
  const flags = view.getUint8(4);
  if (flags >>> 6 !== 1) throw new CorruptRecordsError(`version ${flags >>> 6} of LZ4 frames is not known`);
  const sizeCode = (view.getUint8(5) >>> 4) & 7;
  if (sizeCode < 4) throw new CorruptRecordsError('the size of the blocks of LZ4 is none that there is');
  const hasContentSize = (flags & 0x08) !== 0;
  const hasDictionary = (flags & 0x01) !== 0;
  if (hasDictionary) throw new CorruptRecordsError('LZ4 with a dictionary is not known to Kafka');
  return {
    start: 7 + (hasContentSize ? 8 : 0),
    maxBlockBytes: 1 << (8 + 2 * sizeCode),
    hasBlockChecksums: (flags & 0x10) !== 0,
  };
}

/** At least the length of the content. It is added up where blocks may be far from full: when they are small, or very large. */
function capacityFor(view: DataView, frame: Frame, limit: number): number {
  const isCounted = view.byteLength < COUNTED_BYTES;
  let capacity = 0;
  for (let at = frame.start; ;) {
    const word = view.getUint32(at, true);
    const length = word & 0x7fff_ffff;
    if (word === 0) break;
    if (word >>> 31 === 1) capacity += length;
    else if (isCounted || frame.maxBlockBytes > COMMON_BLOCK_BYTES)
      capacity += contentLength(view, at + 4, at + 4 + length);
    else capacity += Math.min(frame.maxBlockBytes, length * MOST_EXPANSION);
    at += 4 + length + (frame.hasBlockChecksums ? 4 : 0);
  }
  if (capacity > limit) throw new CorruptRecordsError(`a batch of more than ${limit} bytes`);
  return capacity;
}

/** The length of a block's content, from its tokens. */
function contentLength(view: DataView, start: number, end: number): number {
  let at = start;
  let total = 0;
  const extended = (length: number): number => {
    if (length < 15) return length;
    for (let sum = length; ;) {
      const byte = view.getUint8(at);
      at += 1;
      sum += byte;
      if (byte !== 255) return sum;
    }
  };
  while (at < end) {
    const token = view.getUint8(at);
    at += 1;
    const literals = extended(token >>> 4);
    at += literals;
    total += literals;
    if (at >= end) break;
    at += 2;
    total += extended(token & 15) + 4;
  }
  return total;
}

/**
 * Decodes the block at `[start, end)` behind the first `before` bytes of the target; returns how many there are then. The
 * content of its frame begins at `begin`: a block may refer back to those before it.
 */
function decode(
  source: ViewedBytes,
  start: number,
  end: number,
  target: ViewedBytes,
  begin: number,
  before: number,
): number {
  const { bytes, view } = source;
  const capacity = target.bytes.length;
  let at = start;
  let length = before;
  while (at < end) {
    const token = bytes[at] ?? 0;
    at += 1;
    let literals = token >>> 4;
    if (literals === 15) {
      for (let byte = 255; byte === 255; at += 1) {
        byte = view.getUint8(at);
        literals += byte;
      }
    }
    if (at + literals > end || length + literals > capacity) throw new CorruptRecordsError('LZ4: too many literals');
    copyLiterals(source, at, target, length, literals);
    at += literals;
    length += literals;
    if (at >= end) break;
    const distance = view.getUint16(at, true);
    at += 2;
    let match = (token & 15) + 4;
    if (match === 19) {
      for (let byte = 255; byte === 255; at += 1) {
        byte = view.getUint8(at);
        match += byte;
      }
    }
    if (distance === 0 || distance > length - begin || length + match > capacity) {
      throw new CorruptRecordsError('LZ4: a match that lies outside');
    }
    copyBack(target, length, distance, match);
    length += match;
  }
  return length;
}
