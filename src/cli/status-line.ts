import { Writable } from 'node:stream';
import type { OutputStream } from './cli-io.ts';

const ERASE_LINE = '\r\x1b[2K';

/** The last line of a terminal, drawn over again and again, and out of the way whenever something else is written. */
export class StatusLine {
  readonly #stderr: OutputStream;
  #isShown = false;

  constructor(stderr: OutputStream) {
    this.#stderr = stderr;
  }

  /** Columns that a line may take. */
  get width(): number {
    // A line as wide as the terminal would wrap on some, and could not be erased.
    return Math.max(1, (this.#stderr.columns ?? 80) - 1);
  }

  show(text: string): void {
    this.#stderr.write(`${ERASE_LINE}${text}`);
    this.#isShown = true;
  }

  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#stderr.write(ERASE_LINE);
  }
}

/** A stream whose writes take the status line away first: results and the line share a terminal. */
export class OutputBesideLine extends Writable {
  readonly #target: OutputStream;
  readonly #line: StatusLine;

  constructor(target: OutputStream, line: StatusLine) {
    super({ autoDestroy: false, decodeStrings: true });
    this.#target = target;
    this.#line = line;
  }

  get isTTY(): boolean {
    return this.#target.isTTY === true;
  }

  get columns(): number {
    return this.#target.columns ?? 80;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#line.clear();
    this.#target.write(chunk, done);
  }
}
