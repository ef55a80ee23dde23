import type { ByteReader, ByteWriter } from '../aggregations/accumulator-bytes.ts';

/** Bytes of each number of a column that is written as whole numbers above its least; of one that cannot be so. */
const AS_THEY_ARE = 0;

type Offsets = Uint8Array | Uint16Array | Uint32Array;

let scratch = new ArrayBuffer(4 * 1024);

/** Writes the first `count` numbers of a column as they are. */
export function writeFloats(writer: ByteWriter, column: Float64Array, count: number): void {
  writer.raw(new Uint8Array(column.buffer, column.byteOffset, 8 * count));
}

/** Reads what {@link writeFloats} wrote. */
export function readFloats(reader: ByteReader, count: number): Float64Array {
  return new Float64Array(copyOf(reader, 8 * count));
}

/**
 * Writes the first `count` numbers of a column that are mostly whole and near each other: the least, and by how much each is
 * above it, in 1, 2 or 4 bytes; as they are where they are not so. At least one.
 */
export function writeNear(writer: ByteWriter, column: Float64Array | Int32Array, count: number): void {
  let [least, most, areWhole] = [Infinity, -Infinity, true];
  for (let i = 0; i < count; i += 1) {
    const value = column[i] ?? Number.NaN;
    if (value < least) least = value;
    if (value > most) most = value;
    // −0 would come back as 0.
    areWhole &&= Number.isInteger(value) && !Object.is(value, -0);
  }
  // Of such numbers differences are exact.
  if (!areWhole || !Number.isSafeInteger(least) || !Number.isSafeInteger(most) || most - least > 0xffff_ffff) {
    writer.byte(AS_THEY_ARE);
    writeFloats(writer, Float64Array.from(column.subarray(0, count)), count);
    return;
  }
  const sizeBytes = most - least > 0xffff ? 4 : most - least > 0xff ? 2 : 1;
  const offsets = offsetsOf(sizeBytes, count);
  for (let i = 0; i < count; i += 1) offsets[i] = (column[i] ?? 0) - least;
  writer.byte(sizeBytes);
  writer.float(least);
  writer.raw(new Uint8Array(offsets.buffer, 0, sizeBytes * count));
}

/** Reads what {@link writeNear} wrote. */
export function readNear(reader: ByteReader, count: number): Float64Array {
  const sizeBytes = reader.byte();
  if (sizeBytes === AS_THEY_ARE) return readFloats(reader, count);
  reader.expect(sizeBytes === 1 || sizeBytes === 2 || sizeBytes === 4, 'an unknown form of a column');
  const least = reader.finite();
  const bytes = copyOf(reader, sizeBytes * count);
  return Float64Array.from(viewOf(sizeBytes, bytes, count), (offset) => least + offset);
}

/** Writes the first `count` numbers of a column that seldom changes: how often each stands in a row, and the number. */
export function writeRuns(writer: ByteWriter, column: Float64Array, count: number): void {
  for (let from = 0; from < count;) {
    const value = column[from] ?? Number.NaN;
    let to = from + 1;
    while (to < count && Object.is(column[to], value)) to += 1;
    writer.whole(to - from);
    writer.float(value);
    from = to;
  }
}

/** Reads what {@link writeRuns} wrote. */
export function readRuns(reader: ByteReader, count: number): Float64Array {
  const column = new Float64Array(count);
  for (let from = 0; from < count;) {
    const to = from + reader.whole();
    reader.expect(to > from && to <= count, 'a column of another length');
    column.fill(reader.float(), from, to);
    from = to;
  }
  return column;
}

/** Bytes with memory of their own: those that are read need not lie where a column may begin. */
function copyOf(reader: ByteReader, sizeBytes: number): ArrayBuffer {
  return new Uint8Array(reader.raw(sizeBytes)).buffer;
}

/** Room for a column, valid until the next call. */
function offsetsOf(sizeBytes: number, count: number): Offsets {
  if (sizeBytes * count > scratch.byteLength) scratch = new ArrayBuffer(2 * sizeBytes * count);
  return viewOf(sizeBytes, scratch, count);
}

function viewOf(sizeBytes: number, buffer: ArrayBuffer, count: number): Offsets {
  if (sizeBytes === 1) return new Uint8Array(buffer, 0, count);
  return sizeBytes === 2 ? new Uint16Array(buffer, 0, count) : new Uint32Array(buffer, 0, count);
}
