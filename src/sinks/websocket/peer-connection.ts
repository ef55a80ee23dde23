import { WebSocket, type ClientOptions } from 'ws';
import type { ProcessorError } from '../../errors/processor-error.ts';
import type { Clock } from '../../time/clock.ts';
import { sinkFailed, sinkUnavailable } from '../sink-error.ts';
import { parsePeerMessage } from './result-messages.ts';
import { brokenBy, closedBy, refusedBy } from './websocket-failure.ts';

/** The longest message that a peer may send. It has nothing to say that would need more. */
const MAX_PEER_MESSAGE_BYTES = 65_536;
/** How long a peer may take to part, in ms. */
const PARTING_MS = 1000;

/** Where a connection goes. */
export interface PeerAddress {
  readonly url: string;
  /** The same for messages: without what may be secret. */
  readonly where: string;
  readonly options: ClientOptions;
}

/** One connection to a peer, from its opening handshake to its end. Never used again once it has ended. */
export class PeerConnection {
  readonly #socket: WebSocket;
  readonly #where: string;
  readonly #changed = new Set<() => void>();
  readonly #ending = new AbortController();
  #ended: ProcessorError<'sink'> | undefined;
  #sequence = 0;
  #acknowledged = 0;
  #refusal: { readonly seq: number; readonly message: string } | undefined;
  #pings = 0;
  #pongs = 0;

  private constructor({ url, where, options }: PeerAddress) {
    this.#where = where;
    const socket = new WebSocket(url, {
      ...options,
      followRedirects: false,
      perMessageDeflate: false,
      maxPayload: MAX_PEER_MESSAGE_BYTES,
    });
    this.#socket = socket;
    socket.on('open', () => this.#notify());
    socket.on('error', (error) => this.#end(brokenBy(where, error)));
    socket.on('close', (code, reason) => this.#end(closedBy(where, code, reason.toString())));
    socket.on('unexpected-response', (request, response) => {
      request.destroy();
      this.#end(refusedBy(where, response.statusCode ?? 0));
    });
    socket.on('pong', (data) => {
      const ping = Number(data.toString());
      // One that nobody has asked for says nothing.
      if (ping > this.#pongs && ping <= this.#pings) this.#pongs = ping;
      this.#notify();
    });
    socket.on('message', (data, isBinary) => this.#hear(isBinary ? '' : textOf(data)));
  }

  /** Makes a connection. @throws ProcessorError SINK_UNAVAILABLE, or SINK_FAILED where trying again is of no use. */
  static async open(address: PeerAddress, signal: AbortSignal): Promise<PeerConnection> {
    const connection = new PeerConnection(address);
    const abort = (): void => connection.terminate();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await connection.#until(() => connection.#socket.readyState === WebSocket.OPEN);
      return connection;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Aborts when it has ended. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** Takes the next number for a message, from 1. */
  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** Resolves when the operating system has taken the message: no more than one is ever waiting in here. */
  async send(text: string): Promise<void> {
    let isSent = false;
    // Where it fails the connection has ended, or is about to.
    this.#socket.send(text, (error) => {
      if (error === undefined || error === null) isSent = true;
      this.#notify();
    });
    await this.#until(() => isSent);
  }

  /** Resolves when the peer's WebSocket has received all that was sent: it answers a ping that was sent after it. */
  async received(): Promise<void> {
    const ping = this.ping();
    await this.#until(() => this.#pongs >= ping);
  }

  /** Resolves when the peer has acknowledged the message of this number. @throws where it refuses it, or one before. */
  async acknowledged(sequence: number): Promise<void> {
    await this.#until(() => {
      const refusal = this.#refusal;
      if (refusal !== undefined)
        throw sinkFailed(`${this.#where} refused message ${String(refusal.seq)}: ${refusal.message}`);
      return this.#acknowledged >= sequence;
    });
  }

  /** Sends a ping; its number, from 1. */
  ping(): number {
    this.#pings += 1;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping(String(this.#pings));
    return this.#pings;
  }

  /** Whether a ping was answered. */
  isAnswered(ping: number): boolean {
    return this.#pongs >= ping;
  }

  /** Ends it at once. */
  terminate(reason = 'the connection was given up'): void {
    this.#end(sinkUnavailable(`${this.#where}: ${reason}`));
    this.#socket.terminate();
  }

  /** Says good-bye, and goes. */
  async close(clock: Clock): Promise<void> {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.close(1000);
      await clock.sleep(PARTING_MS, this.ending);
    }
    this.terminate();
  }

  #hear(text: string): void {
    const said = parsePeerMessage(text);
    const isOfSent = said !== undefined && said.seq <= this.#sequence;
    if (isOfSent && said.type === 'ack') this.#acknowledged = Math.max(this.#acknowledged, said.seq);
    if (isOfSent && said.type === 'error') this.#refusal ??= said;
    this.#notify();
  }

  #end(reason: ProcessorError<'sink'>): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#ending.abort();
    this.#notify();
  }

  #notify(): void {
    for (const look of this.#changed) look();
  }

  /** Resolves when the condition holds; rejects with its error, or with what has ended the connection. */
  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        this.#changed.delete(look);
        outcome();
      };
      const look = (): void => {
        try {
          if (condition()) settle(resolve);
          else if (this.#ended !== undefined) throw this.#ended;
        } catch (error) {
          settle(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      };
      this.#changed.add(look);
      look();
    });
  }
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.from(data as Buffer).toString();
}
