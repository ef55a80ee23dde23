import { decodeRecord, RECORD_HEADER_BYTES, RECORD_MARK, sizeOfRecord, type LogRecord } from './log-format.ts';
import type { LogFile } from './log-folder.ts';

const CHUNK_BYTES = 1_048_576;

/** Reads the records of a segment one after another. Holds one chunk, or one record where that is larger. */
export class SegmentReader {
  readonly #file: LogFile;
  /** Where the sound part of the file is known or believed to end. */
  readonly #end: number;
  #chunk: Buffer = Buffer.alloc(0);
  /** Place of the chunk in the file. */
  #chunkAt: number;
  #at: number;

  constructor(file: LogFile, at: number, end: number) {
    this.#file = file;
    this.#at = at;
    this.#chunkAt = at;
    this.#end = end;
  }

  /** Place in the file of the next record. */
  get at(): number {
    return this.#at;
  }

  /** The next record; null at the end of the file, and where what comes next is not a sound record. */
  async next(): Promise<LogRecord | null> {
    const header = await this.#bytes(RECORD_HEADER_BYTES);
    const size = header === null ? null : sizeOfRecord(header);
    const bytes = size === null ? null : await this.#bytes(size);
    const record = bytes === null ? null : decodeRecord(bytes);
    if (record !== null) this.#at += record.sizeBytes;
    return record;
  }

  /** Where the first sound record behind the present place is; null if there is none up to the end. */
  async soundRecordBehind(): Promise<number | null> {
    const rest = await this.#bytes(this.#end - this.#at);
    if (rest === null) return null;
    for (let at = rest.indexOf(RECORD_MARK, 1); at !== -1; at = rest.indexOf(RECORD_MARK, at + 1)) {
      if (at + RECORD_HEADER_BYTES > rest.length) return null;
      const size = sizeOfRecord(rest.subarray(at, at + RECORD_HEADER_BYTES));
      const isWhole = size !== null && at + size <= rest.length;
      if (isWhole && decodeRecord(rest.subarray(at, at + size)) !== null) return this.#at + at;
    }
    return null;
  }

  /** So many bytes from the present place on; null where the file has fewer. */
  async #bytes(count: number): Promise<Buffer | null> {
    if (this.#at + count > this.#end) return null;
    const from = this.#at - this.#chunkAt;
    if (from + count <= this.#chunk.length) return this.#chunk.subarray(from, from + count);
    // A chunk of its own: the events of earlier records still lie in the one before.
    const chunk = Buffer.allocUnsafe(Math.min(Math.max(count, CHUNK_BYTES), this.#end - this.#at));
    let filled = 0;
    while (filled < chunk.length) {
      const { bytesRead } = await this.#file.read(chunk, filled, chunk.length - filled, this.#at + filled);
      if (bytesRead === 0) return null;
      filled += bytesRead;
    }
    this.#chunk = chunk;
    this.#chunkAt = this.#at;
    return chunk.subarray(0, count);
  }
}
