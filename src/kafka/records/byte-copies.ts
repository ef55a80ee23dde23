/** Up to so many literals are copied as words, of which the last may reach beyond what is asked for. */
const FEW = 8;
/** From so many bytes on a call of `set` is worth its cost. */
const MANY = 128;

/** Bytes, also as a view on them: a word is copied in the time of a byte. */
export class ViewedBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/** Copies `count` bytes that lie at `from` in `source`; what it overwrites behind them is written again later. */
export function copyLiterals(source: ViewedBytes, from: number, target: ViewedBytes, to: number, count: number): void {
  if (count <= FEW && from + FEW <= source.bytes.length && to + FEW <= target.bytes.length) {
    target.view.setInt32(to, source.view.getInt32(from, true), true);
    if (count > 4) target.view.setInt32(to + 4, source.view.getInt32(from + 4, true), true);
  } else if (count < MANY) {
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
    for (let i = 0; i < count; i += 4) view.setInt32(to + i, view.getInt32(from + i, true), true);
  } else {
    const { bytes } = target;
    for (let i = 0; i < count; i += 1) bytes[to + i] = bytes[from + i] ?? 0;
  }
}
