import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { CERTIFICATES } from './certificates.ts';

/** What is out of the ordinary about a peer. */
export interface PeerOptions {
  readonly port?: number;
  readonly encrypted?: boolean;
  /** Whether pings are answered, as the protocol asks. */
  readonly answersPings?: boolean;
  /** Answers the opening handshake with this status and header lines, and nothing more. */
  readonly refusal?: string;
}

/** A WebSocket server on loopback that keeps what it hears. */
export class WebSocketPeer {
  readonly heard: string[] = [];
  readonly handshakes: IncomingMessage[] = [];
  readonly sockets: WebSocket[] = [];
  /** Called with each message, after it was kept. */
  onMessage: (socket: WebSocket, text: string) => void = () => undefined;
  readonly #http: Server;
  readonly #encrypted: boolean;

  private constructor(http: Server, { encrypted = false, answersPings = true, refusal }: PeerOptions) {
    this.#http = http;
    this.#encrypted = encrypted;
    const webSockets = new WebSocketServer({ noServer: true, autoPong: answersPings });
    http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      this.handshakes.push(request);
      if (refusal === undefined) webSockets.handleUpgrade(request, socket, head, (peer) => this.#greet(peer));
      else socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\n\r\n`);
    });
  }

  /** Listens; closed when the test is over. */
  static async listen(options: PeerOptions = {}): Promise<WebSocketPeer> {
    const { cert, key } = CERTIFICATES;
    const http = options.encrypted === true ? createHttpsServer({ cert, key }) : createHttpServer();
    const peer = new WebSocketPeer(http, options);
    http.listen(options.port ?? 0, '127.0.0.1');
    await once(http, 'listening');
    onTestFinished(() => peer.close());
    return peer;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  url(host = '127.0.0.1'): string {
    return `${this.#encrypted ? 'wss' : 'ws'}://${host}:${String(this.port)}/metrics`;
  }

  /** Ids of the results in what it has heard, in messages of batches. */
  get ids(): readonly string[] {
    return this.heard.flatMap((text) =>
      (JSON.parse(text) as { results: { id: string }[] }).results.map(({ id }) => id),
    );
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  /** Cuts all connections and takes no more. */
  async close(): Promise<void> {
    this.cut();
    if (!this.#http.listening) return;
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, 'close');
  }

  #greet(socket: WebSocket): void {
    this.sockets.push(socket);
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => {
      const text = (data as Buffer).toString();
      this.heard.push(text);
      this.onMessage(socket, text);
    });
  }
}
