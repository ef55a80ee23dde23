import type { RecordBlock } from '../../event/record-block.ts';
import type { Millis } from '../../time/instant.ts';
import type { SourceContext, SourcePartition } from '../event-source.ts';
import type { Framer } from '../framing/framer.ts';
import type { StreamFormat } from '../framing/stream-format.ts';
import { holdsWhatWasRead } from './compressed-file.ts';
import { formatToken, isSameFile, recentOf } from './file-token.ts';
import { isThere, type FoundFile } from './find-files.ts';
import { FollowedFile } from './followed-file.ts';
import { openNew, reopen, type Following } from './following.ts';
import { isGzip } from './gzip-input.ts';
import type { FollowedAmong, Renameable } from './new-files.ts';
import { readHead, resumptionOf, type GoneFile, type Resumption } from './resumption.ts';

/** A file that was renamed is looked at so often after its last line: who writes to it may come late to the new one. */
const LAST_LOOKS = 10;

/**
 * A path that is followed for ever: what is appended is read, a line once its newline is there. If the file is
 * renamed, it is read to its end once a new one goes by the name; if it is cut in place, the new content is read from its
 * start. After a restart it may have been compressed as well: it is then gone on with in there. Where its new name is one
 * that the source reads, the partition stays with the file, and what goes by its old name is another's.
 *
 * A partition goes on counting where the last file ended, so that its offsets always rise; the token says which file it is,
 * and at which offset that begins.
 */
export class FollowedPartition implements SourcePartition, Renameable {
  readonly id: string;
  readonly #among: FollowedAmong;
  #path: string;
  readonly #format: StreamFormat;
  readonly #pollIntervalMs: Millis;
  readonly #context: SourceContext;
  #following: Following | null = null;
  /** Offset at which the next file begins. */
  #nextStart = 0;
  #resumed = false;
  /** All that the file held has been read. */
  #atEnd = false;
  /** Another file goes by the name: the one at hand ends where it ends. */
  #replaced = false;
  /** The file at hand was found without a name that the source reads. */
  #isNameless = false;
  /** The file at hand is done with, but for blocks not handed over yet. */
  #ending = false;
  #waiting = false;
  #closed = false;
  /** What had been read up to the block handed over last; null where there was none. */
  #place: GoneFile | null = null;
  /** The names that its file has had; the next file of one of them is another partition's. */
  readonly #leftNames = new Set<string>();
  /** Of the last file that was opened; of the one that is to be. */
  #inode: bigint;
  /** Of what goes by its name, as far as is known: another one where its file was compressed. */
  #inodeAtPath: bigint;
  /** Looks at the end of the file at hand that found nothing more. */
  #looks = 0;
  /** Nothing comes after the file at hand. */
  #isLast = false;

  constructor(
    id: string,
    found: FoundFile,
    format: StreamFormat,
    pollIntervalMs: Millis,
    context: SourceContext,
    among: FollowedAmong,
  ) {
    this.id = id;
    this.#among = among;
    this.#path = found.path;
    this.#inode = found.inode;
    this.#inodeAtPath = found.inode;
    this.#format = format;
    this.#pollIntervalMs = pollIntervalMs;
    this.#context = context;
  }

  get path(): string {
    return this.#path;
  }

  get inode(): bigint {
    return this.#inodeAtPath;
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
        const { identity } = file;
        this.#place = { identity, used: block.nextOffset - start, recent };
        return { ...block, token: formatToken({ ...identity, start, recent, state: framer.state }) };
      }
      if (await this.#advance(following)) continue;
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
    following?.input.close();
    await following?.file.close();
  }

  async takesName(found: FoundFile): Promise<boolean> {
    if (!isGzip(found.path) && found.inode !== this.#inode) return false;
    const file = this.#following?.file;
    const isMoved = this.#leftNames.size > 0 || !(await isThere({ path: this.#path, inode: this.#inode }));
    if (!isMoved || this.#ending || !(await this.#isAt(found))) return false;
    this.#leftNames.add(this.#path);
    this.#path = found.path;
    this.#inodeAtPath = found.inode;
    this.#replaced = false;
    this.#isNameless = false;
    if (file instanceof FollowedFile) file.movedTo(found.path);
    return true;
  }

  async hasLeft(found: FoundFile): Promise<boolean> {
    // Where nothing was read of it, nothing tells the file but its handle.
    return this.#isLast && (!this.#closed || found.sizeBytes > 0) && !(await this.#isAt(found));
  }

  /** There is a partition for the file that goes by a name now. */
  succeededAt(path: string): void {
    if (!this.#leftNames.has(path)) return;
    this.#isLast = true;
    this.#looks = 0;
  }

  /** True if a name is one of the file at hand, or of the last one where nothing comes after it. */
  async #isAt({ path, inode }: FoundFile): Promise<boolean> {
    const current = this.#following?.file;
    const isOpen = current instanceof FollowedFile;
    if ((isOpen || !this.#resumed) && !isGzip(path)) return inode === this.#inode;
    const place = this.#place ?? (isOpen ? await current.atItsEnd() : null);
    if (place === null) return false;
    const file = this.#among.pool.file(path);
    try {
      if (isGzip(path)) return await holdsWhatWasRead(file, place);
      return isSameFile(place.identity, inode, await readHead(file));
    } finally {
      await file.close();
    }
  }

  /** One step: opens, reads or ends a file. False if there is nothing to do for now. */
  async #advance(following: Following | null): Promise<boolean> {
    if (following === null) return this.#begin();
    if (this.#ending) return this.#endFile(following);
    const { file, input, framer, start } = following;
    const read = framer.offset - start;
    const isGrowing = file instanceof FollowedFile;
    if (this.#atEnd && isGrowing && (await file.wasTruncated(read))) {
      this.#context.logger.warn({ path: this.#path }, 'file was truncated: reading it from its start');
      return this.#stopAt(framer);
    }
    const piece = await input.next();
    if (piece !== null) {
      this.#atEnd = false;
      this.#looks = 0;
      framer.push(piece.bytes);
      if (isGrowing) await file.learn(read + piece.bytes.length);
      return true;
    }
    if (this.#replaced) return this.#stopAt(framer);
    this.#atEnd = true;
    // Looked at once more after this: the last lines may have been written just before the name changed hands.
    this.#looks += 1;
    this.#replaced =
      (this.#isLast && this.#looks > LAST_LOOKS) ||
      !isGrowing ||
      file.path !== this.#path ||
      (!this.#isLast && (await this.#wasReplaced(file)));
    return this.#replaced;
  }

  /**
   * True if the file at hand has lost its name to another, and has none that the source reads. Not at first sight: while
   * files are renamed one after the other, this one may be missed under its old name and its new one.
   */
  async #wasReplaced(file: FollowedFile): Promise<boolean> {
    const path = this.#path;
    if (!(await file.wasReplaced())) return false;
    const isTaken = await this.#among.isTaken(this);
    if (this.#path !== path) return false;
    if (!this.#isNameless && this.#among.mayRename) {
      this.#isNameless = true;
      return false;
    }
    this.#isLast = isTaken || this.#leftNames.size > 0;
    this.#looks = LAST_LOOKS;
    return true;
  }

  #stopAt(framer: Framer): true {
    framer.end();
    this.#ending = true;
    return true;
  }

  async #endFile({ file, input, framer }: Following): Promise<true> {
    this.#nextStart = framer.offset;
    this.#atEnd = false;
    this.#replaced = false;
    this.#isNameless = false;
    this.#ending = false;
    this.#following = null;
    this.#closed = this.#isLast;
    input.close();
    await file.close();
    return true;
  }

  async #begin(): Promise<boolean> {
    // Rotation may have renamed it since it was found.
    if (!this.#resumed && !(await isThere({ path: this.#path, inode: this.#inode }))) await this.#among.isTaken(this);
    const position = this.#resumed ? undefined : this.#context.positions.get(this.id);
    const following =
      position === undefined
        ? await openNew(this.#path, this.#format, this.#nextStart, this.#context)
        : await this.#reopen(resumptionOf(this.#path, position));
    if (following === null) return false;
    if (this.#closed) {
      following.input.close();
      await following.file.close();
      return false;
    }
    this.#following = following;
    this.#inode = following.file.identity.inode;
    this.#inodeAtPath = this.#inode;
    this.#among.isRead(this.#path, this.#inode);
    this.#resumed = true;
    return true;
  }

  /** Goes on after a restart; tries again where the file got another name just then. */
  async #reopen(resumption: Resumption): Promise<Following | null> {
    const path = this.#path;
    try {
      const following = await reopen(path, this.#format, resumption, this.#context);
      if (following !== null) this.#place = { ...resumption, identity: following.file.identity };
      return following;
    } catch (error) {
      await this.#among.isTaken(this);
      if (this.#path === path) throw error;
      return this.#reopen(resumption);
    }
  }
}
