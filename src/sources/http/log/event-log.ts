import { present } from '../../../errors/assert.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { Backlog } from './backlog.ts';
import { recordBytes, encodeRecord } from './log-format.ts';
import type { LogFolder } from './log-folder.ts';
import { LogFullError, SegmentStore, type SegmentBounds } from './segment-store.ts';

/** A record that gathers several groups is closed at this size. */
const RECORD_BYTES = 1_048_576;

/** What a log is opened with. */
export interface EventLogOptions extends SegmentBounds {
  readonly logger: Logger;
  /** Offset of the event to go on with. */
  readonly position: number;
}

interface Group {
  readonly events: readonly Uint8Array[];
  readonly synced: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * An append-only log of events on disk, numbered from 0 over its whole life. One writer, one reader.
 *
 * Groups of events that wait at the same time become one record: one write, one sync, one checksum. The next record is
 * written only when that sync has succeeded, so a crash can tear nothing but the last record, of which nobody was told
 * that it is safe.
 */
export class EventLog {
  readonly #store: SegmentStore;
  readonly #logger: Logger;
  /** What was in the log from the position on when it was opened. */
  readonly backlog: Backlog;
  readonly #waiting: Group[] = [];
  #work: Promise<void> | null = null;
  #trimming = false;
  #failing = false;
  #closed = false;

  private constructor(store: SegmentStore, backlog: Backlog, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
    this.backlog = backlog;
  }

  /** @throws ProcessorError SOURCE_FAILED or SOURCE_CHANGED where the log is damaged. */
  static async open(folder: LogFolder, options: EventLogOptions): Promise<EventLog> {
    const { logger, position } = options;
    const store = await SegmentStore.open(folder, options);
    if (store.start > position) {
      const missing = store.start - position;
      logger.warn(
        { position, start: store.start, missing },
        'the event log begins after the position to go on from: events in between are gone',
      );
    }
    await store.skipTo(position);
    return new EventLog(store, new Backlog(folder, store.segments, position), logger);
  }

  /** Offset of the next event that is appended. */
  get end(): number {
    return this.#store.end;
  }

  /**
   * Appends events, after those of all earlier calls; all of them or none. Resolves when they are on disk, right after
   * it has called `synced`, in the order of their offsets. Their bytes must not change meanwhile.
   * @throws LogFullError where they do not fit into the log now; an error of the file system where they cannot be
   * written. They are then cut off before anything else is written, and a later call may succeed; only a crash before
   * the cut can leave them there, whole.
   */
  append(events: readonly Uint8Array[], synced: () => void): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the event log is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, synced, resolve, reject });
      this.#work ??= this.#run();
    });
  }

  /** Nothing before the offset is read again, unless an older checkpoint is restored. */
  committed(offset: number): void {
    this.#store.committed = Math.max(this.#store.committed, offset);
  }

  /** Nothing before the offset is ever read again: whole segments before it are deleted. */
  released(offset: number): void {
    this.#store.released = Math.max(this.#store.released, offset);
    this.#trimming = true;
    if (!this.#closed) this.#work ??= this.#run();
  }

  /** Finishes what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
    await this.backlog.close();
    await this.#store.close();
  }

  async #run(): Promise<void> {
    // What else is appended in the same turn joins the first record.
    await Promise.resolve();
    while (this.#trimming || this.#waiting.length > 0) {
      if (this.#trimming) await this.#trim();
      const groups = this.#nextGroups();
      if (groups.length > 0) await this.#append(groups);
    }
    this.#work = null;
  }

  async #trim(): Promise<void> {
    this.#trimming = false;
    try {
      await this.#store.removeReleased();
    } catch (error) {
      this.#logger.warn({ err: error }, 'old segments of the event log cannot be deleted; tried again later');
    }
  }

  #nextGroups(): readonly Group[] {
    let sizeBytes = 0;
    let count = 0;
    for (const { events } of this.#waiting) {
      sizeBytes += recordBytes(events);
      if (count > 0 && sizeBytes > RECORD_BYTES) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #append(groups: readonly Group[]): Promise<void> {
    const events = groups.length === 1 ? present(groups[0], 'a group').events : groups.flatMap((group) => group.events);
    try {
      await this.#store.append(encodeRecord(this.#store.end, events), events.length);
    } catch (error) {
      if (!(error instanceof LogFullError) && !this.#failing) {
        this.#failing = true;
        this.#logger.error({ err: error }, 'the event log cannot be written: no events are taken');
      }
      for (const { reject } of groups) reject(error);
      return;
    }
    if (this.#failing) this.#logger.info({}, 'the event log can be written again');
    this.#failing = false;
    for (const { synced, resolve } of groups) {
      synced();
      resolve();
    }
  }
}
