import { MAX_RECORD_BYTES } from '../../event/record-block.ts';
import { BYTE, isWhiteSpace, Splitter } from './splitter.ts';

/** Records are lines, ended by LF or CRLF; the last needs no end. Lines of nothing but white space are skipped. */
export class LineSplitter extends Splitter {
  readonly state = '';

  protected override scan(bytes: Buffer): boolean {
    for (;;) {
      // A native search: twice as fast as a loop over the bytes.
      const lineFeed = bytes.indexOf(BYTE.LF, this.next);
      if (lineFeed === -1) {
        this.next = bytes.length;
        return false;
      }
      this.next = lineFeed + 1;
      if (this.#take(bytes, lineFeed)) return true;
    }
  }

  protected override scanEnd(bytes: Buffer): boolean {
    this.next = bytes.length;
    return this.start < bytes.length && this.#take(bytes, bytes.length);
  }

  /** The line `[start, end)` becomes the record found, or is skipped for being blank. */
  #take(bytes: Buffer, end: number): boolean {
    this.end = end > this.start && bytes[end - 1] === BYTE.CR ? end - 1 : end;
    if (!isBlank(bytes, this.start, this.end)) return true;
    this.start = this.next;
    return false;
  }
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  // Of a line longer than a record may be, the first bytes may be gone: a dead letter, whatever is in it.
  if (end - start > MAX_RECORD_BYTES) return false;
  let at = start;
  while (at < end && isWhiteSpace(bytes[at])) at += 1;
  return at === end;
}
