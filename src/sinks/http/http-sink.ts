import { createHash } from 'node:crypto';
import { Agent as PlainAgent } from 'node:http';
import { Agent as EncryptedAgent } from 'node:https';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { AggregationResult } from '../../results/aggregation-result.ts';
import { formatDuration, parseDuration } from '../../time/duration.ts';
import type { Millis } from '../../time/instant.ts';
import type { Delivery, EventSink, SinkContext } from '../event-sink.ts';
import { requestHeaders } from '../request-headers.ts';
import { partsOf } from '../result-parts.ts';
import { describeUrl, parseServerUrl } from '../server-url.ts';
import { sinkFailed, sinkTimedOut, sinkUnavailable } from '../sink-error.ts';
import { readTlsFiles } from '../tls-files.ts';
import { isTaken, refusedBy, retryAfterMs, unansweredBy } from './http-failure.ts';
import type { HttpSinkOptions } from './http-options.ts';
import { OWN_HEADERS } from './own-headers.ts';
import { post, type PostAnswer } from './post-request.ts';
import { keyOfSecret, signatureOf } from './webhook-signature.ts';

/** One opening: from `open` to `close`. */
interface Opening extends SinkContext {
  readonly agent: PlainAgent;
}

/** A body, and by what it is known. */
interface Body {
  readonly text: string;
  /** The same whenever the same results of the same epoch are posted: the value of `Idempotency-Key`. */
  readonly key: string;
}

/**
 * Posts results to a server as JSON: a webhook. A delivery is done when each of its bodies was answered with a status of 2xx.
 * One that is repeated has the same `Idempotency-Key`, so a receiver that remembers these for a while has each once.
 *
 * Answers of 408, 409, 425, 429 and 5xx are waited out, for as long as `Retry-After` says; all others are refusals. With a
 * `secret` each request is signed. [The requests](../../../docs/sinks.md#http).
 */
export class HttpSink implements EventSink<AggregationResult<object>> {
  readonly name = 'http';
  readonly #url: URL;
  /** For messages: without user, password and query. */
  readonly #where: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #keys: readonly Buffer[];
  readonly #options: HttpSinkOptions;
  readonly #maxBodyBytes: number;
  readonly #requestTimeoutMs: Millis;
  #opening: Opening | undefined;
  /** Why nothing is sent, and until when, by the monotonic clock. */
  #pause = { reason: '', until: -Infinity };
  /** Keys of the bodies of this epoch that were taken: where the delivery is made again, they need not be. */
  #taken = { epoch: -1, keys: new Set<string>() };

  /** @throws ProcessorError CONFIG_INVALID for a URL, headers, secret or options that cannot be; DURATION_INVALID. */
  constructor(url: string, options: HttpSinkOptions = {}) {
    const { format = 'json', secret = [], maxBodyBytes = 1_048_576, requestTimeout = '10s' } = options;
    this.#url = parseServerUrl(url, ['https:', 'http:'], 'an HTTP sink');
    this.#where = describeUrl(this.#url.href);
    this.#headers = requestHeaders(options.headers, options.token, OWN_HEADERS);
    this.#keys = [secret].flat().map(keyOfSecret);
    this.#options = options;
    this.#maxBodyBytes = maxBodyBytes;
    this.#requestTimeoutMs = parseDuration(requestTimeout, 'requestTimeout');
    if (!['json', 'ndjson'].includes(format)) {
      throw invalid(`format is "json" or "ndjson", found ${JSON.stringify(format)}`);
    }
    if (!(Number.isSafeInteger(maxBodyBytes) && maxBodyBytes > 0)) {
      throw invalid(`maxBodyBytes is a whole number above 0, found ${String(maxBodyBytes)}`);
    }
    if (this.#requestTimeoutMs === 0) throw invalid('requestTimeout must be longer than 0');
  }

  /** Sends nothing yet: whether the server is there is seen with the first delivery. */
  async open(context: SinkContext): Promise<void> {
    const files = await readTlsFiles(this.#options.tls ?? {});
    const settings = { keepAlive: true, maxSockets: 1 };
    const agent =
      this.#url.protocol === 'https:' ? new EncryptedAgent({ ...settings, ...files }) : new PlainAgent(settings);
    this.#opening = { ...context, agent };
    this.#pause = { reason: '', until: -Infinity };
    this.#taken = { epoch: -1, keys: new Set() };
  }

  async sendBatch(items: readonly AggregationResult<object>[], { epoch, signal }: Delivery): Promise<void> {
    const { pipeline, clock } = this.#opened();
    const pauseMs = this.#pause.until - clock.monotonic();
    if (pauseMs > 0) {
      throw sinkUnavailable(`${this.#pause.reason}; to be tried again in ${formatDuration(Math.ceil(pauseMs))}`);
    }
    if (this.#taken.epoch !== epoch) this.#taken = { epoch, keys: new Set() };
    for (const part of partsOf(items, this.#maxBodyBytes)) {
      const body = bodyOf(part, pipeline, epoch, this.#options.format);
      if (this.#taken.keys.has(body.key)) continue;
      await this.#post(body, signal);
      this.#taken.keys.add(body.key);
    }
  }

  async close(): Promise<void> {
    this.#opening?.agent.destroy();
    this.#opening = undefined;
  }

  async #post(body: Body, signal: AbortSignal): Promise<void> {
    const { clock } = this.#opened();
    const answer = await this.#answerTo(body, signal);
    if (isTaken(answer)) return;
    const failure = refusedBy(this.#where, answer);
    if (failure.code === 'SINK_UNAVAILABLE') {
      this.#pause = { reason: failure.message, until: clock.monotonic() + retryAfterMs(answer, clock.now()) };
    }
    throw failure;
  }

  /** The answer; not waited for longer than it may take, or than `signal` lets it. */
  async #answerTo({ text, key }: Body, signal: AbortSignal): Promise<PostAnswer> {
    const { agent, clock } = this.#opened();
    const [ending, timer] = [new AbortController(), new AbortController()];
    const abort = (): void => ending.abort();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const timeUp = clock.sleep(this.#requestTimeoutMs, timer.signal).then(() => {
      if (!timer.signal.aborted) abort();
    });
    try {
      const headers = { ...this.#headers, ...this.#headersOf(text, key, clock.now()) };
      return await post({ url: this.#url, agent, headers, body: text, signal: ending.signal });
    } catch (error) {
      if (signal.aborted) throw sinkTimedOut(`${this.#where} did not answer in time`);
      if (ending.signal.aborted) {
        throw sinkTimedOut(`${this.#where} did not answer within ${formatDuration(this.#requestTimeoutMs)}`);
      }
      throw unansweredBy(this.#where, error);
    } finally {
      signal.removeEventListener('abort', abort);
      timer.abort();
      await timeUp;
    }
  }

  #headersOf(text: string, key: string, now: number): Readonly<Record<string, string>> {
    const type = this.#options.format === 'ndjson' ? 'application/x-ndjson' : 'application/json';
    const headers = { 'content-type': type, 'idempotency-key': key, 'user-agent': 'llm-optimizer-processor' };
    if (this.#keys.length === 0) return headers;
    const seconds = Math.floor(now / 1000);
    return {
      ...headers,
      'webhook-id': key,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signatureOf(this.#keys, key, seconds, text),
    };
  }

  #opened(): Opening {
    if (this.#opening === undefined) throw sinkFailed(`${this.#where} is not open`);
    return this.#opening;
  }
}

function bodyOf(part: readonly string[], pipeline: string, epoch: number, format: HttpSinkOptions['format']): Body {
  const text =
    format === 'ndjson'
      ? part.map((result) => `${result}\n`).join('')
      : `{"pipeline":${JSON.stringify(pipeline)},"epoch":${String(epoch)},"results":[${part.join(',')}]}`;
  const hash = createHash('sha256')
    .update(JSON.stringify([pipeline, epoch]))
    .update(text);
  return { text, key: hash.digest('hex').slice(0, 32) };
}

function invalid(message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message);
}
