import type { RecordBlock } from '../../event/record-block.ts';
import type { Millis } from '../../time/instant.ts';
import type { SourceContext, SourcePartition } from '../event-source.ts';
import type { Framer } from '../framing/framer.ts';
import { createFramer, type StreamFormat } from '../framing/stream-format.ts';
import type { ByteInput } from './byte-input.ts';
import { findCompressed, type CompressedFile } from './compressed-file.ts';
import { formatToken, recentOf } from './file-token.ts';
import { findRenamed, FollowedFile } from './followed-file.ts';
import { passRecent, readRecordFormat, resumeProblem, resumptionOf, type Resumption } from './resumption.ts';

interface Following {
  readonly file: FollowedFile | CompressedFile;
  readonly input: ByteInput;
  readonly framer: Framer;
  /** Offset in the partition at which the file begins. */
  readonly start: number;
}

/**
 * A path that is followed for ever: what is appended is read, a line once its newline is there. If the file is
 * renamed, it is read to its end once a new one goes by the name; if it is cut in place, the new content is read from its
 * start. After a restart it may have been compressed as well: it is then gone on with in there. A partition goes on counting where the last file ended, so that its offsets always rise; the token says
 * which file it is, and at which offset that begins.
 */
export class FollowedPartition implements SourcePartition {
  readonly id: string;
  readonly #path: string;
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
  /** The file at hand is done with, but for blocks not handed over yet. */
  #ending = false;
  #waiting = false;
  #closed = false;

  constructor(id: string, path: string, format: StreamFormat, pollIntervalMs: Millis, context: SourceContext) {
    this.id = id;
    this.#path = path;
    this.#format = format;
    this.#pollIntervalMs = pollIntervalMs;
    this.#context = context;
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
        return { ...block, token: formatToken({ ...file.identity, start, recent, state: framer.state }) };
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
      framer.push(piece.bytes);
      if (isGrowing) await file.learn(read + piece.bytes.length);
      return true;
    }
    if (this.#replaced) return this.#stopAt(framer);
    this.#atEnd = true;
    // Looked at once more after this: the last lines may have been written just before the name changed hands.
    this.#replaced = !isGrowing || file.path !== this.#path || (await file.wasReplaced());
    return this.#replaced;
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
    this.#ending = false;
    this.#following = null;
    input.close();
    await file.close();
    return true;
  }

  async #begin(): Promise<boolean> {
    const position = this.#resumed ? undefined : this.#context.positions.get(this.id);
    const following =
      position === undefined ? await this.#openNew() : await this.#reopen(resumptionOf(this.#path, position));
    if (following === null) return false;
    if (this.#closed) {
      following.input.close();
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
    return { file, input: file.inputFrom(0), framer, start };
  }

  /** Goes on after a restart: in the file at the path or, if that is another one by now, first in the one it was. */
  async #reopen(resumption: Resumption): Promise<Following | null> {
    const file = await this.#fileOf(resumption);
    if (file === null) return null;
    const { used, start, state, recent } = resumption;
    const input = file.inputFrom(used - recent.count);
    try {
      const rest = await passRecent(this.#path, recent, input);
      const format = await readRecordFormat(this.#format, file.inputFrom(0));
      const { maxBlockRecords } = this.#context;
      const options = { maxBlockRecords, offset: start + used, resumption: { state, format } };
      const framer = createFramer(this.#format, options);
      framer.push(rest);
      return { file, input, framer, start };
    } catch (error) {
      input.close();
      await file.close();
      throw error;
    }
  }

  async #fileOf(resumption: Resumption): Promise<FollowedFile | CompressedFile | null> {
    const current = await FollowedFile.open(this.#path);
    const problem = current === null ? null : resumeProblem(this.#path, resumption, current.opened, true);
    if (current !== null && problem === null) return current;
    await current?.close();
    const { identity } = resumption;
    const found =
      identity === null
        ? null
        : ((await findRenamed(this.#path, identity)) ??
          (await findCompressed(this.#path, { ...resumption, identity })));
    if (found === null && problem !== null) throw problem;
    return found;
  }
}
