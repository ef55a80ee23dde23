import { copyBack, copyLiterals, ViewedBytes } from './byte-copies.ts';
import type { Content, DecompressionSpace } from './decompression-space.ts';
import { CorruptRecordsError } from './corrupt-records-error.ts';

/** What the Java client, and others after it, put before blocks of Snappy: "\x82SNAPPY\0", a version and its oldest. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/**
 * Decompresses Snappy (https://github.com/google/snappy/blob/main/format_description.txt), plain or as a sequence of blocks
 * with lengths, as the Java client writes it.
 *
 * @throws CorruptRecordsError where it is none, or its content is longer than `limit`.
 */
export function decompressSnappy(data: Uint8Array, limit: number, space: DecompressionSpace): Content {
  const blocks = blocksOf(data);
  try {
    const total = blocks.reduce((sum, block) => sum + lengthOf(block).length, 0);
    if (total > limit) throw new CorruptRecordsError(`a batch of more than ${limit} bytes`);
    const target = space.reserve(total);
    let { length } = space;
    for (const block of blocks) length = decode(new ViewedBytes(block), target, length);
    return space.fill(length);
  } catch (error) {
    if (error instanceof RangeError) throw new CorruptRecordsError('Snappy: cut short');
    throw error;
  }
}

function blocksOf(data: Uint8Array): Uint8Array[] {
  const isXerial = data.length >= XERIAL_HEADER_BYTES && XERIAL.compare(data, 0, XERIAL.length) === 0;
  if (!isXerial) return [data];
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const blocks: Uint8Array[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < data.length;) {
    const end = at + 4 <= data.length ? at + 4 + view.getUint32(at) : Infinity;
    if (end > data.length) throw new CorruptRecordsError('Snappy: a block is cut short');
    blocks.push(data.subarray(at + 4, end));
    at = end;
  }
  return blocks;
}

/** The length of a block's content, which it begins with, and where the rest of it begins. */
function lengthOf(block: Uint8Array): { readonly length: number; readonly start: number } {
  let length = 0;
  for (let at = 0; at < 5 && at < block.length; at += 1) {
    const byte = block[at] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { length, start: at + 1 };
  }
  throw new CorruptRecordsError('Snappy: no length');
}

/** Decodes a block behind the first `before` bytes of the target; returns how many there are then. */
function decode(block: ViewedBytes, target: ViewedBytes, before: number): number {
  const { bytes, view } = block;
  const { length: wanted, start } = lengthOf(bytes);
  const end = before + wanted;
  let at = start;
  let length = before;
  while (at < bytes.length) {
    const tag = view.getUint8(at);
    at += 1;
    let count = (tag >>> 2) + 1;
    if ((tag & 3) === 0) {
      if (count > 60) {
        const width = count - 60;
        count = littleEndian(view, at, width) + 1;
        at += width;
      }
      if (at + count > bytes.length || length + count > end) throw new CorruptRecordsError('Snappy: too many literals');
      copyLiterals(block, at, target, length, count);
      at += count;
    } else {
      const width = (tag & 3) === 3 ? 4 : tag & 3;
      let distance = littleEndian(view, at, width);
      at += width;
      if (width === 1) {
        distance += (tag >>> 5) << 8;
        count = ((tag >>> 2) & 7) + 4;
      }
      if (distance === 0 || distance > length - before || length + count > end) {
        throw new CorruptRecordsError('Snappy: a copy that lies outside');
      }
      copyBack(target, length, distance, count);
    }
    length += count;
  }
  if (length !== end) throw new CorruptRecordsError('Snappy: cut short');
  return length;
}

function littleEndian(view: DataView, at: number, bytes: number): number {
  let value = 0;
  for (let i = bytes - 1; i >= 0; i -= 1) value = value * 256 + view.getUint8(at + i);
  return value;
}
