import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { partitionOf, type Feed, type Given } from './feed.ts';
import type { FileInput, Input } from './input.ts';

/** How often something is appended. */
const INTERVAL_MS = 12;
/** Into how many pieces the input is cut, wherever in a line that may be. */
const PIECES = 250;

class GrowingFile {
  readonly path: string;
  readonly #bytes: Buffer;
  readonly #rotatedAt: number;
  #given = 0;
  #isRotated = false;

  constructor(folder: string, { name, records, rotatedAt }: FileInput) {
    this.path = join(folder, name);
    this.#bytes = bytesOf(records);
    this.#rotatedAt = rotatedAt === -1 ? -1 : bytesOf(records.slice(0, rotatedAt)).length;
    writeFileSync(this.path, '');
  }

  /** Appends up to this share of all that it is to hold, or renames it; it is then begun anew with a later call. */
  growTo(share: number, mayRotate: boolean): void {
    if (this.#given === this.#rotatedAt && !this.#isRotated) {
      if (!mayRotate) return;
      renameSync(this.path, `${this.path}.1`);
      this.#isRotated = true;
      return;
    }
    const upTo = Math.min(this.#bytes.length, Math.ceil(this.#bytes.length * share));
    if (upTo <= this.#given) return;
    const end = this.#given < this.#rotatedAt ? Math.min(upTo, this.#rotatedAt) : upTo;
    appendFileSync(this.path, this.#bytes.subarray(this.#given, end));
    this.#given = end;
  }

  get isWhole(): boolean {
    return this.#given === this.#bytes.length;
  }
}

/** Files: all there at once, or growing and rotated while they are read. */
export class FileFeed implements Feed {
  readonly source: Readonly<Record<string, unknown>>;
  readonly done: Promise<void>;
  readonly wasToldFull = false;
  readonly #folder: string;
  readonly #input: Input;
  readonly #stop = new AbortController();
  #allowed = 0;
  knowsFiles = false;

  constructor(folder: string, input: Input, follow: boolean) {
    this.#folder = folder;
    this.#input = input;
    const paths = input.files.map(({ name }) => join(folder, name));
    this.source = { type: 'file', format: 'ndjson', paths, follow };
    if (follow) {
      this.done = this.#grow(input.files.map((file) => new GrowingFile(folder, file)));
    } else {
      for (const { name, records } of input.files) {
        const bytes = bytesOf(records);
        writeFileSync(join(folder, name), name.endsWith('.gz') ? gzipSync(bytes) : bytes);
      }
      this.done = Promise.resolve();
    }
  }

  allow(share: number): void {
    this.#allowed = share;
  }

  connect(): void {
    // A file is there, whoever reads it.
  }

  filesAreKnown(): void {
    this.knowsFiles = true;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done.catch(() => undefined);
  }

  given(): Given {
    const ends = new Map<string, readonly [number, number]>();
    const all = this.#input.files.map(({ name, records }) => {
      const id = join(this.#folder, name);
      let end = 0;
      const placed = partitionOf(id, records, ({ text }) => {
        const offset = end;
        end += Buffer.byteLength(text) + 1;
        return offset;
      });
      ends.set(id, [end, end]);
      return placed;
    });
    return {
      partitions: all.map(({ partition }) => partition),
      deadLetters: all.flatMap(({ deadLetters }) => deadLetters),
      ends,
      unanswered: { sent: 0, taken: 0 },
    };
  }

  async #grow(files: readonly GrowingFile[]): Promise<void> {
    let share = 0;
    while (!this.#stop.signal.aborted && files.some((file) => !file.isWhole)) {
      share = Math.min(this.#allowed, share + 1 / PIECES);
      for (const file of files) file.growTo(share, this.knowsFiles);
      await sleep(INTERVAL_MS);
    }
  }
}

function bytesOf(records: FileInput['records']): Buffer {
  return Buffer.from(records.map(({ text }) => `${text}\n`).join(''));
}
