import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import { AggregationResult } from '../../results/aggregation-result.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Delivery, EventSink, SinkContext } from '../event-sink.ts';
import { sinkFailed, sinkFull, sinkTimedOut, unlessAborted } from '../sink-error.ts';
import { AppendFile } from './append-file.ts';
import { openOnDisk, type OpenHandle } from './open-on-disk.ts';

const CHUNK_LENGTH = 262_144;

/** Errors that pass once somebody makes room. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** What a person can do about the errors of a file system. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space or raise the quota',
  EFBIG: 'the file has reached the largest size allowed; move it away or raise the limit',
  EROFS: 'the file system is read-only; choose another path',
  EACCES: 'permission denied; let this user write there, or choose another path',
  EPERM: 'not permitted; let this user write there, or choose another path',
  EISDIR: 'there is a folder of that name; choose another path',
  ENOTDIR: 'a part of the path is a file, not a folder; choose another path',
  EMFILE: 'too many files are open; raise the limit of open files',
  EIO: 'the disk reports an error; check the disk',
};

/** How a {@link FileSink} writes its file. */
export interface FileSinkOptions {
  /** `ndjson`: one JSON object a line. The only format, and the default. */
  readonly format?: 'ndjson';
  /** Opens the file; default: on the file system. For tests with a file that fails. */
  readonly open?: OpenHandle;
}

/**
 * Appends what it is given to a file, one JSON object a line: results, late events or dead letters. A delivery is on
 * disk when it resolves, whole; a failed one leaves nothing behind.
 *
 * No line is written twice, nor lost, through crashes neither, where the state outlives the process: the state keeps the
 * sink's position, and what a crash has left behind it is recognised when the last epoch is delivered again, and
 * completed. Where the file is another one by then, or was cut, the sink begins at its end, and says so; the last epoch
 * may then be in the old file and in the new. The file belongs to this sink alone.
 */
export class FileSink<T = AggregationResult<object>> implements EventSink<T> {
  readonly name = 'file';
  readonly path: string;
  readonly #openHandle: OpenHandle;
  #file: AppendFile | undefined;
  /** True once something was to be written since the file was opened. */
  #used = false;
  /** How often it was opened and not yet closed: one sink may take both late events and dead letters. */
  #users = 0;
  /** Ends, never with an error, when the last delivery has left the file, though its caller may have given it up. */
  #idle: Promise<void> = Promise.resolve();

  /** @throws ProcessorError CONFIG_INVALID for an empty path or an unknown format. */
  constructor(path: string, options: FileSinkOptions = {}) {
    const { format = 'ndjson', open = openOnDisk } = options;
    if (typeof path !== 'string' || path === '' || path.includes('\0')) {
      throw new ProcessorError('configuration', 'CONFIG_INVALID', 'a file sink needs the path of its file');
    }
    if (format !== 'ndjson') {
      throw new ProcessorError(
        'configuration',
        'CONFIG_INVALID',
        `the file sink's format is "ndjson", found ${JSON.stringify(format)}`,
      );
    }
    this.path = path;
    this.#openHandle = open;
  }

  async open(context: SinkContext): Promise<void> {
    await this.#alone(async () => {
      if (this.#file === undefined) await this.#openFile(context);
      else await this.#openAgain(this.#file, context);
      this.#users += 1;
    });
  }

  /** @throws ProcessorError SINK_FAILED while the sink is not open. */
  position(): string {
    if (this.#file === undefined) throw sinkFailed(`${this.path} is not open`);
    return this.#file.position;
  }

  async sendBatch(items: readonly T[], { signal }: Delivery): Promise<void> {
    const givenUp = (): Error => sinkTimedOut(`${this.path} was not written in time`);
    const delivery = this.#alone(async () => {
      const file = this.#file;
      if (file === undefined) throw sinkFailed(`${this.path} is not open`);
      if (signal.aborted) throw givenUp();
      this.#used = true;
      await file.append(linesOf(items), signal).catch((error: unknown) => {
        throw signal.aborted ? givenUp() : this.#failure('written', error);
      });
    });
    await unlessAborted(delivery, signal, givenUp);
  }

  async close(): Promise<void> {
    await this.#alone(async () => {
      if (this.#users > 0) this.#users -= 1;
      if (this.#users > 0) return;
      const file = this.#file;
      this.#file = undefined;
      await file?.close().catch((error: unknown) => {
        throw this.#failure('closed', error);
      });
    });
  }

  async #openFile({ position, logger }: SinkContext): Promise<void> {
    const { path } = this;
    const onCut = (cutBytes: number): void => {
      const message = 'the file held something else behind the place to go on at: cut it off';
      logger.warn({ path, cut_bytes: cutBytes }, message);
    };
    const { file, cutBytes } = await AppendFile.open(path, this.#openHandle, position, onCut).catch(
      (error: unknown) => {
        throw this.#failure('opened', error);
      },
    );
    this.#file = file;
    this.#used = false;
    if (cutBytes > 0) {
      logger.warn({ path, cut_bytes: cutBytes }, 'the file ended with half a line, left by a crash: cut it off');
    }
    if (position !== undefined && !file.isResumed) this.#warnOfOther(logger);
  }

  /** For a second user. Both have the position of the sink as it was when each was last asked. */
  async #openAgain(file: AppendFile, { position, logger }: SinkContext): Promise<void> {
    if (position === undefined || this.#used) return;
    const isSame = await file.resumeAt(position).catch((error: unknown) => {
      throw this.#failure('opened', error);
    });
    if (!isSame) this.#warnOfOther(logger);
  }

  #warnOfOther(logger: Logger): void {
    const message =
      'the file is not the one that was written to, or has been cut: going on at its end, where the last epoch may be repeated';
    logger.warn({ path: this.path }, message);
  }

  /** Runs `work` when what was begun before has ended. */
  #alone(work: () => Promise<void>): Promise<void> {
    const done = this.#idle.then(work);
    this.#idle = done.catch(() => undefined); // The error is the caller's, who holds `done`.
    return done;
  }

  #failure(what: string, error: unknown): ProcessorError<'sink'> {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
    const advice = Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined;
    const message = `${this.path} cannot be ${what}: ${advice ?? messageOf(error)}${advice === undefined ? '' : ` (${code})`}`;
    return FULL.has(code) ? sinkFull(message, error) : sinkFailed(message, error);
  }
}

/** The items as lines, some at a time, so that the bytes of a large epoch are never held all at once. */
function* linesOf(items: readonly unknown[]): Generator<Uint8Array> {
  let chunk = '';
  for (const item of items) {
    const json: string | undefined = item instanceof AggregationResult ? item.toText() : JSON.stringify(item);
    if (json === undefined) throw new TypeError('an item has no JSON form');
    chunk += `${json}\n`;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield Buffer.from(chunk);
    chunk = '';
  }
  if (chunk !== '') yield Buffer.from(chunk);
}
