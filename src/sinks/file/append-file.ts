import { formatPosition, hashBefore, isKnownAs, KNOWN_BYTES, parsePosition } from './file-position.ts';
import type { AppendHandle, OpenHandle } from './open-on-disk.ts';

const NEWLINE = 10;
const TAIL_BYTES = 65_536;

/**
 * A file of lines that grows at its end. An append is all or nothing: what a failed one has left behind is cut off
 * before the next, so the file never holds half a line or a line twice. One writer only.
 *
 * What an opened file holds beyond the position given is of appends that a crash has made forgotten. They are made again
 * with the same bytes, so what is there of them is passed over, and only the rest is written. From the first
 * byte on that differs, the file is cut.
 */
export class AppendFile {
  readonly #handle: AppendHandle;
  readonly #inode: number;
  readonly #onCut: (cutBytes: number) => void;
  /** Length up to which the file holds what was appended. */
  #length: number;
  /** The last bytes before that, by which the file is known. */
  #known: Uint8Array = new Uint8Array();
  /** Length of the file: above `#length` while there is something left that an earlier process has written. */
  #end: number;
  /** Length at the position gone on at; −1 where there is none. */
  #resumedAt = -1;
  /** True while the file may be longer than `#end`. */
  #torn = false;

  private constructor(handle: AppendHandle, inode: number, end: number, onCut: (cutBytes: number) => void) {
    this.#handle = handle;
    this.#inode = inode;
    this.#length = end;
    this.#end = end;
    this.#onCut = onCut;
  }

  /**
   * Opens a file, to go on at `position` where that is a place in it, else behind its last whole line. `cutBytes` is what
   * was cut off for that: half a line that an earlier process had left. `onCut` is told, at any later time, how many bytes
   * beyond the position were cut off for being something else.
   */
  static async open(
    path: string,
    openHandle: OpenHandle,
    position: string | undefined,
    onCut: (cutBytes: number) => void,
  ): Promise<{ file: AppendFile; cutBytes: number }> {
    const handle = await openHandle(path);
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw new Error('it is not a regular file');
      const file = new AppendFile(handle, found.ino, found.size, onCut);
      if (position !== undefined && (await file.resumeAt(position))) return { file, cutBytes: 0 };
      const length = await lengthOfWholeLines(handle, found.size);
      if (length < found.size) await handle.truncate(length);
      await file.#goOnAt(length);
      return { file, cutBytes: found.size - length };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** True where it goes on at a position. */
  get isResumed(): boolean {
    return this.#resumedAt !== -1;
  }

  /** Where the next append goes, for another process to go on at. */
  get position(): string {
    return formatPosition({ length: this.#length, inode: this.#inode, hash: hashBefore(this.#known) });
  }

  /**
   * Goes on at a position, with everything from there to the end of the file to be found again; of several positions at
   * the one farthest on, for all before it has been taken by then. Only before the first append. False where the
   * position is not one of this file.
   */
  async resumeAt(position: string): Promise<boolean> {
    const place = parsePosition(position);
    if (place === undefined || place.length > this.#end) return false;
    const known = await this.#read(Math.max(0, place.length - KNOWN_BYTES), place.length);
    const isSame = isKnownAs(place, this.#inode, hashBefore(known)) || this.#end === 0;
    if (!isSame || place.length <= this.#resumedAt) return isSame;
    this.#resumedAt = place.length;
    this.#length = place.length;
    this.#known = known;
    return true;
  }

  /**
   * Appends whole lines; resolves when the disk has them. Checks `signal` at each step, the last one included: where
   * it has aborted, nothing stays behind and the append rejects with the signal's reason.
   */
  async append(lines: Iterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    if (this.#torn) await this.#repair();
    const { size } = await this.#handle.stat();
    // Whoever empties the file (log rotation by copy and truncate) moves its end.
    if (size !== this.#end) await this.#goOnAt(size);
    let length = this.#length;
    let known = this.#known;
    this.#torn = true;
    try {
      for (const bytes of lines) {
        signal.throwIfAborted();
        const there = length < this.#end ? await this.#recognise(bytes, length) : 0;
        await this.#writeAll(bytes, there);
        length += bytes.length;
        known = lastOf(known, bytes);
      }
      await this.#handle.datasync();
      signal.throwIfAborted();
    } catch (error) {
      await this.#repair().catch(() => undefined); // The next append tries again, and reports it.
      throw error;
    }
    this.#length = length;
    this.#known = known;
    this.#end = Math.max(length, this.#end);
    this.#torn = false;
  }

  async close(): Promise<void> {
    try {
      if (this.#torn) await this.#repair();
    } finally {
      await this.#handle.close();
    }
  }

  /** How many of the bytes the file holds at that place; cuts off what comes after these where it is something else. */
  async #recognise(bytes: Uint8Array, at: number): Promise<number> {
    const there = await this.#read(at, Math.min(at + bytes.length, this.#end));
    const same = lengthInCommon(bytes, there);
    if (same === there.length) return same;
    const cutBytes = this.#end - (at + same);
    await this.#handle.truncate(at + same);
    this.#end = at + same;
    this.#onCut(cutBytes);
    return same;
  }

  async #writeAll(bytes: Uint8Array, from: number): Promise<void> {
    let done = from;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
      if (bytesWritten === 0) throw new Error('the file takes no more bytes');
      done += bytesWritten;
    }
  }

  async #goOnAt(length: number): Promise<void> {
    this.#known = await this.#read(Math.max(0, length - KNOWN_BYTES), length);
    this.#length = length;
    this.#end = length;
  }

  async #repair(): Promise<void> {
    const { size } = await this.#handle.stat();
    if (size > this.#end) await this.#handle.truncate(this.#end);
    this.#torn = false;
  }

  async #read(start: number, end: number): Promise<Uint8Array> {
    const buffer = Buffer.alloc(end - start);
    let done = 0;
    while (done < buffer.length) {
      const { bytesRead } = await this.#handle.read(buffer, done, buffer.length - done, start + done);
      if (bytesRead === 0) throw new Error('it changed while it was read');
      done += bytesRead;
    }
    return buffer;
  }
}

function lengthInCommon(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  if (Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0) return length;
  let same = 0;
  while (a[same] === b[same]) same += 1;
  return same;
}

/** The last {@link KNOWN_BYTES} of one after the other. */
function lastOf(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (bytes.length >= KNOWN_BYTES) return Buffer.from(bytes.subarray(-KNOWN_BYTES));
  return Buffer.concat([before, bytes]).subarray(-KNOWN_BYTES);
}

/** Where the last whole line of a file ends; read from its end. */
async function lengthOfWholeLines(handle: AppendHandle, size: number): Promise<number> {
  const buffer = Buffer.alloc(Math.min(TAIL_BYTES, size));
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - buffer.length);
    const { bytesRead } = await handle.read(buffer, 0, end - start, start);
    if (bytesRead < end - start) throw new Error('it changed while it was read');
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
}
