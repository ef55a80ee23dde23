import type { RecordBlock } from '../../event/record-block.ts';
import type { SourceContext, SourcePartition } from '../event-source.ts';
import type { Framer } from '../framing/framer.ts';
import { createFramer, type StreamFormat } from '../framing/stream-format.ts';
import { PlainInput, ReadAhead, type ByteInput } from './byte-input.ts';
import { formatToken, identityOf, isSameFile, recentOf, type FileToken } from './file-token.ts';
import { isThere, type FoundFile } from './find-files.ts';
import { GzipInput, isGzip } from './gzip-input.ts';
import type { HandlePool, PooledFile } from './handle-pool.ts';
import type { Renameable } from './new-files.ts';
import { passRecent, readHead, readRecordFormat, resumeProblem, resumptionOf, type OpenedFile } from './resumption.ts';

/** At a file whose name does not come to rest. */
const MAX_TRIES = 5;

/** How much of each file is read ahead. */
export interface ReadAheadSize {
  readonly pieceBytes: number;
  readonly pieces: number;
}

interface Reading {
  readonly framer: Framer;
  readonly input: ReadAhead;
  /** What does not change while the file is read. */
  readonly token: Omit<FileToken, 'state' | 'recent'>;
}

/** How a file is read, and what is known of it. */
export interface FilePartitionOptions {
  readonly format: StreamFormat;
  readonly size: ReadAheadSize;
  /** It is known to hold what was read of another file, though it has not its identity. */
  readonly wasCompressed: boolean;
  /** Looks for the names that files have by now. */
  readonly lookAround: () => Promise<unknown>;
  /** Resolves when the partition may end: a source that is followed always has one that has not. */
  readonly mayEnd: (partition: FilePartition) => Promise<unknown>;
}

/** A file read once, from the committed position or its start to its end. Opened by the first read. */
export class FilePartition implements SourcePartition, Renameable {
  readonly id: string;
  readonly #pool: HandlePool;
  #file: PooledFile;
  #found: FoundFile;
  readonly #options: FilePartitionOptions;
  readonly #context: SourceContext;
  readonly #gzip: boolean;
  #reading: Reading | null = null;
  /** The last piece has been read. */
  #ended = false;
  /** The last block has been handed over. */
  #finished = false;
  #bytesRead = 0;
  #bytesTotal: number;

  constructor(id: string, found: FoundFile, pool: HandlePool, context: SourceContext, options: FilePartitionOptions) {
    this.id = id;
    this.#pool = pool;
    this.#file = pool.file(found.path);
    this.#found = found;
    this.#context = context;
    this.#options = options;
    this.#gzip = isGzip(found.path);
    this.#bytesTotal = found.sizeBytes;
  }

  get path(): string {
    return this.#found.path;
  }

  get inode(): bigint {
    return this.#found.inode;
  }

  /** False until the end: what a file holds is there, however long nobody asks for it. */
  get caughtUp(): boolean {
    return this.#finished;
  }

  progress(): { readonly bytesRead: number; readonly bytesTotal: number } {
    return { bytesRead: this.#bytesRead, bytesTotal: Math.max(this.#bytesRead, this.#bytesTotal) };
  }

  async read(): Promise<RecordBlock | null> {
    const { signal, clock } = this.#context;
    while (!signal.aborted && !this.#finished) {
      const { framer, input, token } = (this.#reading ??= await this.#begin());
      const block = framer.take(clock.now());
      if (block !== null) {
        const recent = recentOf(framer.recent);
        return { ...block, token: formatToken({ ...token, recent, state: framer.state }) };
      }
      if (this.#ended) await this.close();
      else await this.#readPiece(framer, input);
    }
    if (this.#finished) await this.#options.mayEnd(this);
    return null;
  }

  async takesName(found: FoundFile): Promise<boolean> {
    if (found.inode !== this.#found.inode || (await isThere(this.#found)) || !(await this.#isAt(found))) return false;
    if (this.#reading === null && !this.#finished) {
      await this.#file.close();
      this.#file = this.#pool.file(found.path);
    }
    this.#found = found;
    return true;
  }

  async hasLeft(found: FoundFile): Promise<boolean> {
    const isAsFound = found.inode === this.#found.inode && found.sizeBytes === this.#found.sizeBytes;
    return this.#finished && !isAsFound && !(await this.#isAt(found));
  }

  /** True if a name is one of its file. Another may have been given the inode's number once that was deleted. */
  async #isAt({ path, inode }: FoundFile): Promise<boolean> {
    if (inode !== this.#found.inode) return false;
    if (this.#reading === null) return true;
    const file = this.#pool.file(path);
    try {
      return isSameFile(this.#reading.token, inode, await readHead(file));
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {
    this.#finished = true;
    await this.#reading?.input.close();
    await this.#file.close();
  }

  async #readPiece(framer: Framer, input: ReadAhead): Promise<void> {
    const piece = await input.next();
    if (piece === null) {
      this.#ended = true;
      framer.end();
    } else {
      this.#bytesRead = piece.storedBytes;
      framer.push(piece.bytes);
    }
  }

  async #begin(): Promise<Reading> {
    const opened = await this.#openAsFound();
    const identity = identityOf(opened.inode, opened.head);
    this.#bytesTotal = opened.sizeBytes;
    const { maxBlockRecords, positions } = this.#context;
    const { path } = this.#file;
    const position = positions.get(this.id);
    if (position === undefined) {
      const framer = createFramer(this.#options.format, { maxBlockRecords });
      return { framer, input: this.#readAheadFrom(0), token: { ...identity, start: 0 } };
    }
    const resumption = resumptionOf(path, position);
    const problem = this.#options.wasCompressed ? null : resumeProblem(path, resumption, opened, !this.#gzip);
    if (problem !== null) throw problem;
    const framer = createFramer(this.#options.format, {
      maxBlockRecords,
      offset: position.offset,
      resumption: { state: resumption.state, format: await readRecordFormat(this.#options.format, this.#inputAt(0)) },
    });
    const input = this.#readAheadFrom(resumption.used - resumption.recent.count);
    try {
      framer.push(await passRecent(path, resumption.recent, input));
    } catch (error) {
      await input.close();
      throw error;
    }
    return { framer, input, token: { ...identity, start: resumption.start } };
  }

  /** What it is opened as: rotation may have renamed it since it was found, and may do so again meanwhile. */
  async #openAsFound(): Promise<OpenedFile> {
    for (let tries = 1; ; tries += 1) {
      if (!(await isThere(this.#found))) await this.#options.lookAround();
      const opened = { ...(await this.#file.stat()), head: await readHead(this.#file) };
      if (opened.inode === this.#found.inode || tries === MAX_TRIES) return opened;
      await this.#file.close();
      this.#file = this.#pool.file(this.#found.path);
    }
  }

  #readAheadFrom(offset: number): ReadAhead {
    return new ReadAhead(this.#inputAt(offset), this.#options.size.pieces);
  }

  #inputAt(offset: number): ByteInput {
    return this.#gzip
      ? new GzipInput(this.#file, offset)
      : new PlainInput(this.#file, offset, this.#options.size.pieceBytes);
  }
}
