/** Bytes that may be copied beyond what is asked for: a loop of single bytes takes twice as long. */
const OVERSHOOT = 32;
/** From this many bytes on a call of `set` is worth its cost. */
const LONG = 256;

/** Bytes, also as a view on them: what the two kinds of copy below work on. */
export class ViewedBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/** Copies `count` bytes that lie at `from` in `source`; what it overwrites beyond them is written again later. */
export function copyLiterals(source: ViewedBytes, from: number, target: ViewedBytes, to: number, count: number): void {
  if (count <= OVERSHOOT && from + OVERSHOOT <= source.bytes.length && to + OVERSHOOT <= target.bytes.length) {
    const read = source.view;
    const write = target.view;
    for (let i = 0; i < count; i += 8) {
      write.setInt32(to + i, read.getInt32(from + i));
      write.setInt32(to + i + 4, read.getInt32(from + i + 4));
    }
  } else if (count < LONG) {
    for (let i = 0; i < count; i += 1) target.bytes[to + i] = source.bytes[from + i] ?? 0;
  } else {
    target.bytes.set(source.bytes.subarray(from, from + count), to);
  }
}

/** Copies `count` bytes from `distance` before `to`, where they may overlap: what lies there then repeats itself. */
export function copyBack(target: ViewedBytes, to: number, distance: number, count: number): void {
  const from = to - distance;
  // Less than four bytes back, a word would be read before it is written.
  if (distance >= 4 && to + count + 4 <= target.bytes.length) {
    const { view } = target;
    for (let i = 0; i < count; i += 4) view.setInt32(to + i, view.getInt32(from + i));
  } else {
    const { bytes } = target;
    for (let i = 0; i < count; i += 1) bytes[to + i] = bytes[from + i] ?? 0;
  }
}
