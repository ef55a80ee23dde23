import { sourceFailure } from '../../source-failure.ts';
import { SEGMENT_HEADER_BYTES, type LogRecord } from './log-format.ts';
import type { LogFile, LogFolder } from './log-folder.ts';
import { damaged, type Segment } from './recover-log.ts';
import { SegmentReader } from './segment-reader.ts';

/** Events that follow one another, from `first` on. */
export type LogEvents = Pick<LogRecord, 'first' | 'events'>;

/** What a log held when it was opened, read from a position to its end, a record at a time. */
export class Backlog {
  readonly #folder: LogFolder;
  readonly #segments: readonly Segment[];
  #segment = 0;
  #reading: { readonly file: LogFile; readonly reader: SegmentReader } | null = null;
  /** Offset of the next event. */
  #next: number;
  #work: Promise<LogEvents | null> = Promise.resolve(null);

  constructor(folder: LogFolder, segments: readonly Segment[], position: number) {
    this.#folder = folder;
    this.#segments = segments.filter(({ first, end }) => end > Math.max(first, position));
    this.#next = position;
  }

  /** True once there is nothing left. */
  get done(): boolean {
    return this.#segment === this.#segments.length;
  }

  /**
   * The next events; null once there is nothing left.
   * @throws ProcessorError SOURCE_FAILED where it cannot be read, or has been damaged since the log was opened.
   */
  read(): Promise<LogEvents | null> {
    this.#work = this.#read().catch((error: unknown) => {
      throw sourceFailure(`the event log in "${this.#folder.path}" cannot be read`, error);
    });
    return this.#work;
  }

  /** Waits for a read that is under way. */
  async close(): Promise<void> {
    await this.#work.catch(() => null); // Whoever has asked for it is told.
    await this.#closeFile();
  }

  async #read(): Promise<LogEvents | null> {
    for (let segment = this.#segments[this.#segment]; segment !== undefined; segment = this.#segments[this.#segment]) {
      const { reader } = (this.#reading ??= await this.#open(segment));
      const record = await reader.next();
      if (record === null) throw damaged(this.#folder, segment.name, `byte ${String(reader.at)} can no longer be read`);
      const { first, events } = record;
      const end = first + events.length;
      if (end === segment.end) {
        await this.#closeFile();
        this.#segment += 1;
      }
      const from = Math.max(first, this.#next);
      if (from < end) {
        this.#next = end;
        return { first: from, events: events.slice(from - first) };
      }
    }
    return null;
  }

  async #closeFile(): Promise<void> {
    const { file } = this.#reading ?? {};
    this.#reading = null;
    await file?.close();
  }

  async #open({ name, sizeBytes }: Segment): Promise<{ file: LogFile; reader: SegmentReader }> {
    const file = await this.#folder.open(name);
    return { file, reader: new SegmentReader(file, SEGMENT_HEADER_BYTES, sizeBytes) };
  }
}
