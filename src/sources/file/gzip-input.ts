import { createGunzip, type Gunzip } from 'node:zlib';
import type { ByteInput, Piece } from './byte-input.ts';
import { fileChanged, fileFailure } from './file-failure.ts';
import type { ReadableFile } from './resumption.ts';

/** Compressed bytes at a time. No more than about a thousand times as many come out of them. */
const COMPRESSED_BYTES = 16_384;
const INFLATED_BYTES = 65_536;

/** True for a name that ends in `.gz`. */
export function isGzip(path: string): boolean {
  return path.toLowerCase().endsWith('.gz');
}

/**
 * The inflated bytes of a gzip file. Of one that is cut short, everything that could be inflated is handed over before
 * the error; of a damaged one everything up to where the damage shows. A place in it can be reached only from the start.
 */
export class GzipInput implements ByteInput {
  readonly #file: ReadableFile;
  readonly #gunzip: Gunzip;
  readonly #inflated: Buffer[] = [];
  #toSkip: number;
  #position = 0;
  #ended = false;
  #failure: Error | null = null;

  /** @param offset how many inflated bytes to skip. */
  constructor(file: ReadableFile, offset: number) {
    this.#file = file;
    this.#toSkip = offset;
    this.#gunzip = createGunzip({ chunkSize: INFLATED_BYTES });
    // Flowing, so that nothing waits in the stream, where an error would drop it.
    this.#gunzip.on('data', (bytes: Buffer) => this.#add(bytes));
    this.#gunzip.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  async next(): Promise<Piece | null> {
    for (;;) {
      const bytes = this.#inflated.shift();
      if (bytes !== undefined) return { bytes, storedBytes: this.#position };
      if (this.#failure !== null) throw this.#damaged(this.#failure);
      if (this.#ended) return this.#end();
      await this.#inflate();
    }
  }

  close(): void {
    this.#gunzip.destroy();
  }

  async #inflate(): Promise<void> {
    const buffer = Buffer.allocUnsafe(COMPRESSED_BYTES);
    const count = await this.#file.read(buffer, this.#position);
    this.#position += count;
    await new Promise<void>((resolve) => {
      if (count === 0) {
        // Not the callback of `end`, which comes before the check of what is missing.
        this.#gunzip.once('close', resolve).end();
        return;
      }
      this.#gunzip.write(buffer.subarray(0, count), (error) => {
        this.#failure ??= error ?? null;
        resolve();
      });
    });
    this.#ended = count === 0;
  }

  #add(bytes: Buffer): void {
    const kept = bytes.subarray(Math.min(this.#toSkip, bytes.length));
    this.#toSkip -= bytes.length - kept.length;
    if (kept.length > 0) this.#inflated.push(kept);
  }

  #end(): null {
    if (this.#toSkip === 0) return null;
    throw fileChanged(
      this.#file.path,
      `it ends ${String(this.#toSkip)} bytes before the place where reading was to go on`,
    );
  }

  #damaged(cause: Error): Error {
    const why = `its gzip data is cut short or damaged (${cause.message}); what comes before the damage was used. Put a sound copy in its place`;
    return fileFailure(this.#file.path, why, cause);
  }
}
