import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { CERTIFICATES } from './certificates.ts';

/** A request that was received whole. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP server on loopback that keeps what it is sent. */
export class HttpReceiver {
  readonly received: Received[] = [];
  /** Connections made so far. */
  connections = 0;
  /** How each request is answered; it has been kept by then. */
  answer: (response: ServerResponse, request: Received) => void = (response) => response.writeHead(204).end();
  readonly #server: Server;
  readonly #encrypted: boolean;

  private constructor(server: Server, encrypted: boolean) {
    this.#server = server;
    this.#encrypted = encrypted;
    server.on('connection', () => (this.connections += 1));
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('error', () => undefined);
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        const received = { method, path, headers, body: Buffer.concat(chunks).toString() };
        this.received.push(received);
        this.answer(response, received);
      });
    });
  }

  /** Listens; closed when the test is over. */
  static async listen({ port = 0, encrypted = false } = {}): Promise<HttpReceiver> {
    const { cert, key } = CERTIFICATES;
    const server = encrypted ? createHttpsServer({ cert, key }) : createHttpServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const receiver = new HttpReceiver(server, encrypted);
    onTestFinished(() => receiver.close());
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(host = '127.0.0.1'): string {
    return `${this.#encrypted ? 'https' : 'http'}://${host}:${String(this.port)}/hook`;
  }

  /** Cuts all connections and takes no more. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
