import type { RecordBlock } from '../../event/record-block.ts';
import type { Millis } from '../../time/instant.ts';
import type { SourceContext } from '../event-source.ts';
import type { Framer } from '../framing/framer.ts';
import { createFramer, type StreamFormat } from '../framing/stream-format.ts';
import { PlainInput } from './byte-input.ts';
import type { ReadPlace } from './compressed-form.ts';
import { formatToken, NOTHING_RECENT, recentOf, type FileIdentity, type RecentBytes } from './file-token.ts';
import { findRenamed, FollowedFile } from './followed-file.ts';
import type { NamedPartition } from './named-partition.ts';
import { passRecent, readRecordFormat, resumeProblem, resumptionOf, type Resumption } from './resumption.ts';

const PIECE_BYTES = 262_144;

interface Following {
  readonly file: FollowedFile;
  readonly framer: Framer;
  /** Offset in the partition at which the file begins. */
  readonly start: number;
  /** How far blocks of it have been handed over, and the last bytes before that. */
  used: number;
  recent: RecentBytes;
}

/** What a path is followed with. */
export interface FollowedPartitionOptions {
  readonly id: string;
  readonly path: string;
  readonly format: StreamFormat;
  readonly pollIntervalMs: Millis;
  readonly context: SourceContext;
  /** How far it had come in an earlier run; null where nothing is known of that. */
  readonly place: ReadPlace | null;
  /** Finds out by which names files go now, and tells the partitions; false where that cannot be known yet. */
  readonly lookAtNames: () => Promise<boolean>;
}

/**
 * A path that is followed for ever: what is appended is read, a line once its newline is there. If the file is
 * renamed to a name that is followed too, the partition goes with it. If it is renamed to any other, it is read to its end
 * once a new one goes by the name; if it is cut in place, the new content is read from its start. A partition goes on
 * counting where the last file ended, so that its offsets always rise; the token says which file it is, and at which offset
 * that begins.
 */
export class FollowedPartition implements NamedPartition {
  readonly id: string;
  #path: string;
  readonly #format: StreamFormat;
  readonly #pollIntervalMs: Millis;
  readonly #context: SourceContext;
  readonly #lookAtNames: () => Promise<boolean>;
  readonly #before: ReadPlace | null;
  #following: Following | null = null;
  /** Offset at which the next file begins. */
  #nextStart = 0;
  #resumed = false;
  /** All that the file held has been read. */
  #atEnd = false;
  /** Another file goes by the name: the one at hand ends where it ends. */
  #replaced = false;
  /** The file at hand is done with, but for blocks not handed over yet. */
  #ending = false;
  #waiting = false;
  #closed = false;
  /** The path is another partition's: there is no file after the one at hand. */
  #isLast = false;

  constructor({ id, path, format, pollIntervalMs, context, place, lookAtNames }: FollowedPartitionOptions) {
    this.id = id;
    this.#path = path;
    this.#format = format;
    this.#pollIntervalMs = pollIntervalMs;
    this.#context = context;
    this.#before = place;
    this.#lookAtNames = lookAtNames;
  }

  get identity(): FileIdentity | null {
    if (this.#following !== null) return this.#following.file.identity;
    return this.#resumed ? null : (this.#before?.identity ?? null);
  }

  place(): ReadPlace | null {
    if (this.#following === null) return this.#resumed ? null : this.#before;
    const { file, used, recent } = this.#following;
    return { identity: file.identity, used, recent };
  }

  moveTo(path: string): void {
    this.#path = path;
    this.#replaced = false;
    this.#following?.file.moveTo(path);
  }

  endWithFile(): void {
    this.#isLast = true;
  }

  get caughtUp(): boolean {
    return this.#waiting;
  }

  async read(): Promise<RecordBlock | null> {
    const { signal, clock } = this.#context;
    while (!signal.aborted && !this.#closed) {
      const following = this.#following;
      const block = following?.framer.take(clock.now()) ?? null;
      if (following !== null && block !== null) {
        const { file, framer, start } = following;
        const recent = recentOf(framer.recent);
        following.used = block.nextOffset - start;
        following.recent = recent;
        return { ...block, token: formatToken({ ...file.identity, start, recent, state: framer.state }) };
      }
      if (await this.#advance(following)) continue;
      if (this.#isLast) return null;
      this.#waiting = true;
      await clock.sleep(this.#pollIntervalMs, signal);
      this.#waiting = false;
    }
    return null;
  }

  async close(): Promise<void> {
    const following = this.#following;
    this.#closed = true;
    this.#following = null;
    await following?.file.close();
  }

  /** One step: opens, reads or ends a file. False if there is nothing to do for now. */
  async #advance(following: Following | null): Promise<boolean> {
    if (following === null) return this.#isLast ? false : this.#begin();
    if (this.#ending) return this.#endFile(following);
    const { file, framer, start } = following;
    const read = framer.offset - start;
    if (this.#atEnd && (await file.wasTruncated(read))) {
      this.#context.logger.warn({ path: this.#path }, 'file was truncated: reading it from its start');
      return this.#stopAt(framer);
    }
    const piece = await new PlainInput(file, read, PIECE_BYTES).next();
    if (piece !== null) {
      this.#atEnd = false;
      framer.push(piece.bytes);
      await file.learn(read + piece.bytes.length);
      return true;
    }
    if (this.#replaced) return this.#stopAt(framer);
    this.#atEnd = true;
    // Looked at once more after this: the last lines may have been written just before the name changed hands.
    this.#replaced = this.#isLast || (await this.#wasReplaced(file));
    return this.#replaced;
  }

  /** Whether another file goes by the name now, and this one by none that it is to be followed under. */
  async #wasReplaced(file: FollowedFile): Promise<boolean> {
    if (file.path !== this.#path) return true;
    return (await file.wasReplaced()) && (await this.#lookAtNames()) && file.wasReplaced();
  }

  #stopAt(framer: Framer): true {
    framer.end();
    this.#ending = true;
    return true;
  }

  async #endFile({ file, framer }: Following): Promise<true> {
    this.#nextStart = framer.offset;
    this.#atEnd = false;
    this.#replaced = false;
    this.#ending = false;
    this.#following = null;
    await file.close();
    return true;
  }

  async #begin(): Promise<boolean> {
    const position = this.#resumed ? undefined : this.#context.positions.get(this.id);
    const following =
      position === undefined ? await this.#openNew() : await this.#reopen(resumptionOf(this.#path, position));
    if (following === null) return false;
    if (this.#closed) {
      await following.file.close();
      return false;
    }
    this.#following = following;
    this.#resumed = true;
    return true;
  }

  async #openNew(): Promise<Following | null> {
    const file = await FollowedFile.open(this.#path);
    if (file === null) return null;
    const start = this.#nextStart;
    const { maxBlockRecords } = this.#context;
    const framer = createFramer(this.#format, { maxBlockRecords, offset: start });
    return { file, framer, start, used: 0, recent: NOTHING_RECENT };
  }

  /** Goes on after a restart: in the file at the path or, if that is another one by now, first in the one it was. */
  async #reopen(resumption: Resumption): Promise<Following | null> {
    const file = await this.#fileOf(resumption);
    if (file === null) return null;
    try {
      const { used, start, state, recent } = resumption;
      await passRecent(this.#path, recent, new PlainInput(file, used - recent.count, recent.count));
      const format = await readRecordFormat(this.#format, new PlainInput(file, 0, PIECE_BYTES));
      const { maxBlockRecords } = this.#context;
      const options = { maxBlockRecords, offset: start + used, resumption: { state, format } };
      return { file, framer: createFramer(this.#format, options), start, used, recent };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #fileOf(resumption: Resumption): Promise<FollowedFile | null> {
    const current = await FollowedFile.open(this.#path);
    const problem = current === null ? null : resumeProblem(this.#path, resumption, current.opened, true);
    if (current !== null && problem === null) return current;
    await current?.close();
    const renamed = resumption.identity === null ? null : await findRenamed(this.#path, resumption.identity);
    if (renamed === null && problem !== null) throw problem;
    return renamed;
  }
}
