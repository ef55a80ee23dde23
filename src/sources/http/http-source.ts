import { createHash, timingSafeEqual } from 'node:crypto';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { EventSource, OpenSource, SourceContext } from '../event-source.ts';
import { EventBuffer } from './event-buffer.ts';
import { IntakeRefusal, type IntakeOutcome } from './intake-outcome.ts';
import type { RequestHeaders } from './request-body.ts';
import { eventsOf, type RequestEvent } from './request-events.ts';

/** Bytes of events held at most, however small their number. */
const MAX_BUFFER_BYTES = 67_108_864;
const RETRY_AFTER_SECONDS = 1;

/** Bounds of an {@link HttpSource}, and who may send to it. */
export interface HttpSourceOptions {
  /** Events taken but not yet read, at most. Default 10,000. */
  readonly bufferEvents?: number;
  /** Bytes of a request, after decompression, at most; up to 32 MiB. Default 5 MiB. */
  readonly maxBodyBytes?: number;
  /** If set, requests must carry it: `Authorization: Bearer <token>`. It is printed nowhere. */
  readonly token?: string;
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
 * The answer 202 means that the events wait in memory. Those not committed when the process dies are lost; a sender that
 * must not lose any sends through a log such as Kafka.
 */
export class HttpSource implements EventSource {
  readonly name = 'http';
  readonly maxBodyBytes: number;
  readonly #bufferEvents: number;
  readonly #tokenHash: Buffer | null;
  #open: { readonly buffer: EventBuffer; readonly context: SourceContext } | null = null;

  /** @throws ProcessorError CONFIG_INVALID. */
  constructor(options: HttpSourceOptions = {}) {
    const { bufferEvents = 10_000, maxBodyBytes = 5_242_880, token } = options;
    requireWhole('bufferEvents', bufferEvents, 1, 10_000_000);
    requireWhole('maxBodyBytes', maxBodyBytes, 1, 33_554_432);
    if (token === '') throw invalid('token', 'token must not be empty; leave it out to let everyone send');
    this.#bufferEvents = bufferEvents;
    this.maxBodyBytes = maxBodyBytes;
    this.#tokenHash = token === undefined ? null : hashOf(token);
  }

  /** True if an `Authorization` header carries the token, or none is needed. Takes the same time for every wrong one. */
  authorized(header: string | undefined): boolean {
    if (this.#tokenHash === null) return true;
    const token = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? '';
    return timingSafeEqual(hashOf(token), this.#tokenHash);
  }

  /**
   * Takes the events of a request. `headers` by lower-case name: `content-type`, `content-encoding`, and `ce-…` for
   * CloudEvents in binary mode.
   */
  accept(body: Uint8Array, headers: RequestHeaders): IntakeOutcome {
    const open = this.#open;
    if (open === null || open.context.signal.aborted) return { status: 503, message: 'the pipeline is not running' };
    try {
      return this.#take(open.buffer, eventsOf(body, headers, this.maxBodyBytes, open.context.check ?? null));
    } catch (error) {
      if (error instanceof IntakeRefusal) return error.outcome;
      throw error;
    }
  }

  /** @throws ProcessorError SOURCE_FAILED while it is open: a request can go to one pipeline only. */
  open(context: SourceContext): Promise<OpenSource> {
    if (this.#open !== null) {
      const message = 'the HTTP source is open already: requests can go to one pipeline only';
      return Promise.reject(new ProcessorError('source', 'SOURCE_FAILED', message));
    }
    const buffer = new EventBuffer(context);
    const opened = { buffer, context };
    this.#open = opened;
    const close = (): Promise<void> => {
      if (this.#open === opened) this.#open = null;
      return Promise.resolve();
    };
    return Promise.resolve({ partitions: [buffer], close });
  }

  #take(buffer: EventBuffer, events: readonly RequestEvent[]): IntakeOutcome {
    const good = events.filter((event) => event instanceof Uint8Array);
    const rejected = events.flatMap((event, index) => (event instanceof Uint8Array ? [] : [{ index, ...event }]));
    if (good.length > this.#bufferEvents) {
      const message = `a request may have at most ${String(this.#bufferEvents)} events, found ${String(good.length)}`;
      return { status: 413, message };
    }
    const sizeBytes = good.reduce((sum, event) => sum + event.length, buffer.sizeBytes);
    if (buffer.count + good.length > this.#bufferEvents || sizeBytes > MAX_BUFFER_BYTES) {
      const message = 'events come in faster than they are processed: send them again later';
      return { status: 429, message, retryAfterSeconds: RETRY_AFTER_SECONDS };
    }
    buffer.add(good);
    if (rejected.length === 0) return { status: 202, accepted: good.length, rejected: [] };
    return { status: 400, accepted: good.length, rejected };
  }
}

/** Hashed, so that tokens of any length can be compared in the same time. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
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
