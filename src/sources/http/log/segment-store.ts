import { present } from '../../../errors/assert.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentName } from './log-format.ts';
import { writeAll, type LogFile, type LogFolder } from './log-folder.ts';
import { recoverLog, type Segment } from './recover-log.ts';

/** How large a log may be. */
export interface SegmentBounds {
  /** A segment that would grow beyond this is followed by another. */
  readonly segmentBytes: number;
  /** All segments together. */
  readonly maxBytes: number;
}

/** The log is at its bound, and everything in it is still to be processed. */
export class LogFullError extends Error {}

/** The segments of a log and the file that is written to. Calls must not overlap. */
export class SegmentStore {
  /** Offset before which nothing is read any more, unless an older checkpoint is restored. */
  committed = 0;
  /** Offset before which nothing is ever read again. */
  released = 0;
  readonly #folder: LogFolder;
  readonly #bounds: SegmentBounds;
  readonly #logger: Logger;
  /** Oldest first; the last is the one that is written to, if any is. */
  readonly #segments: Segment[];
  #end: number;
  /** Null where the next record begins a segment. */
  #file: LogFile | null = null;
  /** True while the file may hold more than the segment. */
  #torn = false;
  /** True after a failed sync: nobody knows what the system then believes of the file, so nothing more goes into it. */
  #distrusted = false;
  /** A file that was begun and never held an event: it goes before the next one is made. */
  #leftover: string | null = null;
  #warned = false;
  /** True where a segment was deleted and the disk may not have it: that comes before the next deletion. */
  #deletionUnsynced = false;

  private constructor(folder: LogFolder, bounds: SegmentBounds, logger: Logger, segments: Segment[]) {
    this.#folder = folder;
    this.#bounds = bounds;
    this.#logger = logger;
    this.#segments = segments;
    this.#end = segments.at(-1)?.end ?? 0;
  }

  /** @throws ProcessorError SOURCE_FAILED or SOURCE_CHANGED where the log is damaged. */
  static async open(folder: LogFolder, options: SegmentBounds & { readonly logger: Logger }): Promise<SegmentStore> {
    const store = new SegmentStore(folder, options, options.logger, await recoverLog(folder, options.logger));
    const last = store.#segments.at(-1);
    if (last !== undefined) store.#file = await folder.open(last.name);
    return store;
  }

  /** Oldest first. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Offset of the first event that is there; that of the next one where there is none. */
  get start(): number {
    return this.#segments[0]?.first ?? this.#end;
  }

  /** Offset of the next event. */
  get end(): number {
    return this.#end;
  }

  /** Before the first append: numbers on from a position that is beyond the end, and takes what is before as committed. */
  async skipTo(position: number): Promise<void> {
    this.committed = position;
    if (position <= this.#end) return;
    this.#end = position;
    await this.#leave();
  }

  /**
   * Writes and syncs a record of so many events.
   * @throws LogFullError, or an error of the file system; nothing of the record then stays behind.
   */
  async append(record: Uint8Array, count: number): Promise<void> {
    if (this.#torn) await this.#cut();
    if (this.#distrusted) await this.#leave();
    await this.#makeRoom(record.length);
    if (this.#file === null || this.#isFullFor(record.length)) await this.#begin();
    const file = present(this.#file, 'the file that is written to');
    const segment = present(this.#segments.at(-1), 'the last segment');
    this.#torn = true;
    try {
      await writeAll(file, record, segment.sizeBytes);
      await this.#sync(file);
    } catch (error) {
      await this.#cut().catch(() => undefined); // The next append tries again, and reports it.
      throw error;
    }
    this.#torn = false;
    this.#end += count;
    const { name, first, sizeBytes } = segment;
    this.#segments[this.#segments.length - 1] = { name, first, end: this.#end, sizeBytes: sizeBytes + record.length };
  }

  /** Deletes the segments that nobody will ask for again; not the one that is written to. */
  async removeReleased(): Promise<void> {
    await this.#removeBefore(Math.min(this.released, this.committed), () => true);
  }

  /** Cuts what was written in vain, and closes. */
  async close(): Promise<void> {
    try {
      if (this.#torn) await this.#cut();
    } finally {
      const file = this.#file;
      this.#file = null;
      await file?.close();
    }
  }

  async #sync(file: LogFile): Promise<void> {
    try {
      await file.datasync();
    } catch (error) {
      this.#distrusted = true;
      throw error;
    }
  }

  async #cut(): Promise<void> {
    const file = present(this.#file, 'the file that is written to');
    await file.truncate(present(this.#segments.at(-1), 'the last segment').sizeBytes);
    await this.#sync(file);
    this.#torn = false;
  }

  /** Closes the file that is written to: what comes next begins a segment. */
  async #leave(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#distrusted = false;
    const last = this.#segments.at(-1);
    if (file !== null && last?.sizeBytes === SEGMENT_HEADER_BYTES) this.#leftover = this.#segments.pop()?.name ?? null;
    await file?.close();
  }

  async #begin(): Promise<void> {
    if (this.#file !== null) await this.#leave();
    if (this.#leftover !== null) {
      await this.#folder.remove(this.#leftover);
      this.#leftover = null;
    }
    const first = this.#end;
    const name = segmentName(first);
    const file = await this.#folder.create(name);
    this.#leftover = name;
    try {
      await writeAll(file, encodeSegmentHeader({ first, follows: this.#segments.at(-1)?.end ?? first }), 0);
      await file.datasync();
      await this.#folder.sync();
    } catch (error) {
      await file.close().catch(() => undefined); // The first error says more.
      throw error;
    }
    this.#leftover = null;
    this.#file = file;
    this.#segments.push({ name, first, end: first, sizeBytes: SEGMENT_HEADER_BYTES });
  }

  #isFullFor(bytes: number): boolean {
    const { sizeBytes } = present(this.#segments.at(-1), 'the last segment');
    return sizeBytes > SEGMENT_HEADER_BYTES && sizeBytes + bytes > this.#bounds.segmentBytes;
  }

  /** Deletes what it must, and may, for so many bytes more. */
  async #makeRoom(bytes: number): Promise<void> {
    // A new segment may be needed for them.
    const most = this.#bounds.maxBytes - bytes - SEGMENT_HEADER_BYTES;
    const isOver = (): boolean => this.#segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > most;
    if (!isOver()) return;
    await this.removeReleased();
    if (!isOver()) return;
    const last = this.#segments.at(-1);
    if (last !== undefined && last.end <= this.committed) await this.#leave();
    const before = this.start;
    await this.#removeBefore(this.committed, isOver);
    if (this.start > before && !this.#warned) {
      this.#warned = true;
      this.#logger.warn(
        { maxBytes: this.#bounds.maxBytes },
        'the event log is at its bound, and events that older checkpoints go on from are deleted; raise the bound, or keep fewer checkpoints',
      );
    }
    if (isOver()) throw new LogFullError('the event log is at its bound');
  }

  /** Oldest first, each deletion synced before the next: a gap could otherwise outlive a loss of power. */
  async #removeBefore(offset: number, isWanted: () => boolean): Promise<void> {
    const kept = this.#file === null ? 0 : 1;
    if (this.#deletionUnsynced) await this.#syncDeletion();
    for (let oldest = this.#segments[0]; oldest !== undefined; oldest = this.#segments[0]) {
      if (this.#segments.length <= kept || oldest.end > offset || !isWanted()) return;
      await this.#folder.remove(oldest.name);
      this.#segments.shift();
      this.#deletionUnsynced = true;
      await this.#syncDeletion();
    }
  }

  async #syncDeletion(): Promise<void> {
    await this.#folder.sync();
    this.#deletionUnsynced = false;
  }
}
