import { join } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { EventSource, OpenSource, SourceContext, SourcePosition } from '../event-source.ts';
import { BearerToken } from './bearer-token.ts';
import { bytesOf, EventBuffer } from './event-buffer.ts';
import { IntakeRefusal, type HttpIntakeOutcome } from './intake-outcome.ts';
import { EventLog } from './log/event-log.ts';
import { openLogFolder, type LogFolder } from './log/log-folder.ts';
import { logFailure, refusalOf } from './log-outcome.ts';
import type { RequestHeaders } from './request-body.ts';
import { eventsOf, type RequestEvent } from './request-events.ts';

/** Bytes of events held at most, however small their number. */
const MAX_BUFFER_BYTES = 67_108_864;
const RETRY_AFTER_SECONDS = 1;
/** Folder of the log, in that of the source. */
const LOG_FOLDER = 'http';
const MAX_LOG_BYTES = 1_099_511_627_776;

/** Bounds of an {@link HttpSource}, and who may send to it. */
export interface HttpSourceOptions {
  /** Events taken but not yet read, at most. Default 10,000. */
  readonly bufferEvents?: number;
  /** Bytes of a request, after decompression, at most; up to 32 MiB. Default 5 MiB. */
  readonly maxBodyBytes?: number;
  /** If set, requests must carry it: `Authorization: Bearer <token>`. It is printed nowhere. */
  readonly token?: string;
  /**
   * Bytes on disk at most, where the state is durable: of events that are still to be processed, or that a checkpoint
   * goes on from. From 4 segments to 1 TiB. Default 1 GiB.
   */
  readonly logMaxBytes?: number;
  /** Bytes after which the log begins another file; from 1 KiB to 1 GiB. Default 16 MiB. */
  readonly segmentBytes?: number;
  /** Opens the folder of the log. Default: on the file system. */
  readonly openFolder?: (path: string) => Promise<LogFolder>;
}

interface Opened {
  readonly buffer: EventBuffer;
  readonly context: SourceContext;
  /** Null where the state does not outlive the process. */
  readonly log: EventLog | null;
}

/**
 * Takes events that are sent to it: the half of an HTTP intake that needs no server. A server hands each request to
 * {@link HttpSource.accept} and sends the outcome back.
 *
 * A request holds a JSON object or an array of them, NDJSON, or CloudEvents 1.0 (structured, batched, or in binary mode);
 * of a CloudEvent the event is its `data`. Each event is looked at as the pipeline will (sound JSON, timestamp, key and
 * values, as far as no function of the pipeline is needed to tell); the good ones are taken, the others named in the
 * answer. If the good ones do not all fit into the buffer, none is taken.
 *
 * With a state that is durable, the answer 202 means that the events are on disk, and their order is that of the answers.
 * After a crash the source goes on with them where the last committed epoch ends. A request without an answer may have
 * been taken, whole, and sending it again then counts it twice. Where the log cannot be written the answer is 503, and
 * where it is at its bound 429. With a state in memory, 202 means that the events wait in memory: those not committed
 * when the process dies are lost.
 */
export class HttpSource implements EventSource {
  readonly name = 'http';
  readonly maxBodyBytes: number;
  readonly #bufferEvents: number;
  readonly #token: BearerToken | null;
  readonly #logMaxBytes: number;
  readonly #segmentBytes: number;
  readonly #openFolder: (path: string) => Promise<LogFolder>;
  #isOpen = false;
  #opened: Opened | null = null;

  /** @throws ProcessorError CONFIG_INVALID. */
  constructor(options: HttpSourceOptions = {}) {
    const { bufferEvents = 10_000, maxBodyBytes = 5_242_880, token } = options;
    const { logMaxBytes = 1_073_741_824, segmentBytes = 16_777_216, openFolder = openLogFolder } = options;
    requireWhole('bufferEvents', bufferEvents, 1, 10_000_000);
    requireWhole('maxBodyBytes', maxBodyBytes, 1, 33_554_432);
    requireWhole('segmentBytes', segmentBytes, 1024, 1_073_741_824);
    requireWhole('logMaxBytes', logMaxBytes, 4 * segmentBytes, MAX_LOG_BYTES);
    if (token === '') throw invalid('token', 'token must not be empty; leave it out to let everyone send');
    this.#bufferEvents = bufferEvents;
    this.maxBodyBytes = maxBodyBytes;
    this.#logMaxBytes = logMaxBytes;
    this.#segmentBytes = segmentBytes;
    this.#openFolder = openFolder;
    this.#token = token === undefined ? null : new BearerToken(token);
  }

  /** True if an `Authorization` header carries the token, or none is needed. Takes the same time for every wrong one. */
  authorized(header: string | undefined): boolean {
    return this.#token === null || this.#token.isIn(header);
  }

  /**
   * Takes the events of a request. `headers` by lower-case name: `content-type`, `content-encoding`, and `ce-…` for
   * CloudEvents in binary mode.
   */
  async accept(body: Uint8Array, headers: RequestHeaders): Promise<HttpIntakeOutcome> {
    const opened = this.#opened;
    if (opened === null || opened.context.signal.aborted) return NOT_RUNNING;
    try {
      return await this.#take(opened, eventsOf(body, headers, this.maxBodyBytes, opened.context.check ?? null));
    } catch (error) {
      if (error instanceof IntakeRefusal) return error.outcome;
      throw error;
    }
  }

  /**
   * @throws ProcessorError SOURCE_FAILED while it is open: a request can go to one pipeline only. SOURCE_FAILED or
   * SOURCE_CHANGED where its log cannot be read: nothing of it is skipped.
   */
  async open(context: SourceContext): Promise<OpenSource> {
    if (this.#isOpen) {
      const message = 'the HTTP source is open already: requests can go to one pipeline only';
      throw new ProcessorError('source', 'SOURCE_FAILED', message);
    }
    this.#isOpen = true;
    try {
      return this.#openSource(await this.#begin(context));
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
  }

  async #begin(context: SourceContext): Promise<Opened> {
    const position = context.positions.get(EventBuffer.id)?.offset ?? 0;
    if (context.directory === undefined) {
      return { buffer: new EventBuffer(context, { offset: position }), context, log: null };
    }
    const path = join(context.directory, LOG_FOLDER);
    try {
      const log = await EventLog.open(await this.#openFolder(path), {
        logger: context.logger,
        position,
        segmentBytes: this.#segmentBytes,
        maxBytes: this.#logMaxBytes,
      });
      return { buffer: new EventBuffer(context, { offset: log.end, backlog: log.backlog }), context, log };
    } catch (error) {
      throw logFailure(path, error);
    }
  }

  #openSource(opened: Opened): OpenSource {
    const { buffer, log } = opened;
    this.#opened = opened;
    const close = async (): Promise<void> => {
      if (this.#opened !== opened) return;
      this.#opened = null;
      try {
        await log?.close();
      } finally {
        this.#isOpen = false;
      }
    };
    if (log === null) return { partitions: [buffer], close };
    return {
      partitions: [buffer],
      committed: (positions) => log.committed(offsetIn(positions)),
      released: (positions) => log.released(offsetIn(positions)),
      close,
    };
  }

  async #take(opened: Opened, events: readonly RequestEvent[]): Promise<HttpIntakeOutcome> {
    const { buffer } = opened;
    const found = events.filter((event) => event instanceof Uint8Array);
    const rejected = events.flatMap((event, index) => (event instanceof Uint8Array ? [] : [{ index, ...event }]));
    if (found.length > this.#bufferEvents) {
      const message = `a request may have at most ${String(this.#bufferEvents)} events, found ${String(found.length)}`;
      return { status: 413, message };
    }
    if (buffer.count + found.length > this.#bufferEvents || buffer.sizeBytes + bytesOf(found) > MAX_BUFFER_BYTES) {
      const message = 'events come in faster than they are processed: send them again later';
      return { status: 429, message, retryAfterSeconds: RETRY_AFTER_SECONDS };
    }
    // Copies: of a large request with one good event, only that is to stay in memory.
    const refusal = await keep(
      opened,
      found.map((event) => Buffer.from(event)),
    );
    if (refusal !== null) return refusal;
    if (rejected.length === 0) return { status: 202, accepted: found.length, rejected: [] };
    return { status: 400, accepted: found.length, rejected };
  }
}

const NOT_RUNNING: HttpIntakeOutcome = { status: 503, message: 'the pipeline is not running' };

/** Hands events to the buffer once they are as safe as they will be; what to answer instead where they cannot be. */
async function keep({ buffer, log }: Opened, events: readonly Uint8Array[]): Promise<HttpIntakeOutcome | null> {
  if (log === null || events.length === 0) {
    buffer.add(events);
    return null;
  }
  buffer.reserve(events);
  try {
    await log.append(events, () => {
      buffer.release(events);
      buffer.add(events);
    });
    return null;
  } catch (error) {
    buffer.release(events);
    return refusalOf(error, RETRY_AFTER_SECONDS);
  }
}

function offsetIn(positions: ReadonlyMap<string, SourcePosition>): number {
  return positions.get(EventBuffer.id)?.offset ?? 0;
}

function requireWhole(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw invalid(
    option,
    `${option} must be a whole number from ${String(least)} to ${String(most)}, found ${String(value)}`,
  );
}

function invalid(path: string, message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message, { path });
}
