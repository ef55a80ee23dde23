import { ProcessorError } from '../../errors/processor-error.ts';
import { messageOf } from '../../errors/message-of.ts';
import type { AggregationResult } from '../../results/aggregation-result.ts';
import type { Clock } from '../../time/clock.ts';
import { formatDuration, parseDuration } from '../../time/duration.ts';
import type { Millis } from '../../time/instant.ts';
import { retryDelay } from '../../time/retry-delay.ts';
import type { Delivery, EventSink, SinkContext } from '../event-sink.ts';
import { requestHeaders } from '../request-headers.ts';
import { partsOf } from '../result-parts.ts';
import { describeUrl, parseServerUrl } from '../server-url.ts';
import { sinkFailed, sinkTimedOut, sinkUnavailable } from '../sink-error.ts';
import { readTlsFiles } from '../tls-files.ts';
import { PeerConnection } from './peer-connection.ts';
import { resultsMessage } from './result-messages.ts';
import type { WebSocketSinkOptions } from './websocket-options.ts';

const DEFAULTS = {
  messages: 'batch',
  acknowledgements: false,
  maxMessageBytes: 65_536,
  connectTimeout: '10s',
  pingInterval: '30s',
  reconnectDelay: '100ms',
  maxReconnectDelay: '2s',
} as const satisfies WebSocketSinkOptions;

/**
 * Sends results to a WebSocket server as JSON, as its client. A delivery is done when the peer's WebSocket has received all of
 * it, or with `acknowledgements` when the peer's program says that it has it; else all of it is sent again, over a new
 * connection. So nothing is lost, and after a fault a result may come twice, with the same id.
 *
 * Nothing is held beyond the delivery under way, and of that one message at a time. A peer that does not read holds the
 * delivery up, and is cut off when that has taken as long as a delivery may.
 *
 * [The messages](../../../docs/sinks.md#websocket).
 */
export class WebSocketSink implements EventSink<AggregationResult<object>> {
  readonly name = 'websocket';
  readonly #url: string;
  /** For messages: without user, password and query. */
  readonly #where: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #options: WebSocketSinkOptions & typeof DEFAULTS;
  readonly #connectTimeoutMs: Millis;
  readonly #pingIntervalMs: Millis;
  readonly #delays: { readonly initialDelayMs: Millis; readonly maxDelayMs: Millis };
  #context: SinkContext | undefined;
  #connection: PeerConnection | undefined;
  #keepingAlive: Promise<void> = Promise.resolve();
  /** Connections that could not be made, in a row, why, and until when none is tried, by the monotonic clock. */
  #failures = 0;
  #fault = '';
  #pauseUntil = -Infinity;

  /** @throws ProcessorError CONFIG_INVALID for a URL, headers or options that cannot be; DURATION_INVALID. */
  constructor(url: string, options: WebSocketSinkOptions = {}) {
    const all = { ...DEFAULTS, ...options } as WebSocketSinkOptions & typeof DEFAULTS;
    this.#url = parseServerUrl(url, ['ws:', 'wss:'], 'a WebSocket sink').href;
    this.#where = describeUrl(this.#url);
    this.#headers = requestHeaders(options.headers, options.token);
    this.#options = all;
    this.#connectTimeoutMs = parseDuration(all.connectTimeout, 'connectTimeout');
    this.#pingIntervalMs = parseDuration(all.pingInterval, 'pingInterval');
    this.#delays = {
      initialDelayMs: parseDuration(all.reconnectDelay, 'reconnectDelay'),
      maxDelayMs: parseDuration(all.maxReconnectDelay, 'maxReconnectDelay'),
    };
    if (!['batch', 'result'].includes(all.messages)) {
      throw invalid(`messages is "batch" or "result", found ${JSON.stringify(all.messages)}`);
    }
    if (all.acknowledgements && options.messages === 'result') {
      throw invalid('acknowledgements need messages of type "batch", which have numbers');
    }
    if (!(Number.isSafeInteger(all.maxMessageBytes) && all.maxMessageBytes > 0)) {
      throw invalid(`maxMessageBytes is a whole number above 0, found ${String(all.maxMessageBytes)}`);
    }
  }

  /** Connects. A peer that is not there yet is no reason not to begin: what is delivered finds out. */
  async open(context: SinkContext): Promise<void> {
    this.#context = context;
    this.#failures = 0;
    this.#pauseUntil = -Infinity;
    try {
      await this.#connected(new AbortController().signal);
    } catch (error) {
      if (!ProcessorError.is(error, 'sink') || error.code !== 'SINK_UNAVAILABLE') throw error;
      const message = 'there is nobody to send results to yet; tried again with each delivery';
      context.logger.warn({ url: this.#where, error: error.message }, message);
    }
  }

  async sendBatch(items: readonly AggregationResult<object>[], { epoch, signal }: Delivery): Promise<void> {
    if (items.length === 0) return;
    const connection = await this.#connected(signal);
    const abort = (): void => connection.terminate();
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      await this.#send(connection, items, epoch);
    } catch (error) {
      connection.terminate();
      throw signal.aborted ? sinkTimedOut(`${this.#where} did not take a delivery in time`) : error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    const context = this.#context;
    this.#context = undefined;
    if (context !== undefined) await this.#connection?.close(context.clock);
    this.#connection = undefined;
    await this.#keepingAlive;
  }

  async #send(connection: PeerConnection, items: readonly AggregationResult<object>[], epoch: number): Promise<void> {
    const { messages, acknowledgements, maxMessageBytes } = this.#options;
    const { pipeline } = this.#opened();
    let last = 0;
    for (const part of partsOf(items, maxMessageBytes)) {
      if (messages === 'batch') {
        last = connection.nextSequence();
        await connection.send(resultsMessage(part, pipeline, epoch, last));
      } else {
        for (const text of part) await connection.send(text);
      }
    }
    await (acknowledgements ? connection.acknowledged(last) : connection.received());
  }

  /** The connection, made where there is none, or no longer one; not before the pause after a failure is over. */
  async #connected(signal: AbortSignal): Promise<PeerConnection> {
    const { clock } = this.#opened();
    if (this.#connection?.ending.aborted === false) return this.#connection;
    const pauseMs = this.#pauseUntil - clock.monotonic();
    if (pauseMs > 0) {
      throw sinkUnavailable(`${this.#fault}; to be tried again in ${formatDuration(Math.ceil(pauseMs))}`);
    }
    const { tls } = this.#options;
    const options = { headers: this.#headers, handshakeTimeout: this.#connectTimeoutMs };
    try {
      const files = tls === undefined ? {} : await readTlsFiles(tls);
      const address = { url: this.#url, where: this.#where, options: { ...options, ...files } };
      const connection = await PeerConnection.open(address, signal);
      this.#failures = 0;
      this.#connection = connection;
      this.#keepingAlive = this.#keepAlive(connection, clock);
      return connection;
    } catch (error) {
      if (signal.aborted) throw sinkTimedOut(`${this.#where} did not answer in time`);
      this.#fault = messageOf(error);
      this.#pauseUntil = clock.monotonic() + retryDelay(this.#delays, this.#failures, clock.now());
      this.#failures += 1;
      throw error;
    }
  }

  /** Gives a connection up that does not answer, and keeps what lies in between from taking it for forgotten. */
  async #keepAlive(connection: PeerConnection, clock: Clock): Promise<void> {
    let ping = 0;
    for (;;) {
      await clock.sleep(this.#pingIntervalMs, connection.ending);
      if (connection.ending.aborted) return;
      if (!connection.isAnswered(ping)) {
        connection.terminate(`no answer to a ping within ${formatDuration(this.#pingIntervalMs)}`);
        return;
      }
      ping = connection.ping();
    }
  }

  #opened(): SinkContext {
    if (this.#context === undefined) throw sinkFailed(`${this.#where} is not open`);
    return this.#context;
  }
}

function invalid(message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message);
}
