import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { FeedEnd, FeedOutput } from './feed.ts';
import type { FeedItem } from './result-follower.ts';

/** Whoever follows has nothing to say. */
const MAX_PAYLOAD_BYTES = 1024;
const GOING_AWAY = 1001;
const TRY_AGAIN = 1013;

/** WebSocket connections that are taken over from the HTTP server. */
export class WebSockets {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD_BYTES, perMessageDeflate: false });

  /** Answers a request to upgrade, and runs `serve` on the connection; closes it with what that comes to. */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    serve: (connection: WebSocketConnection) => Promise<FeedEnd>,
  ): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new WebSocketConnection(webSocket);
      serve(connection).then(
        (end) => connection.close(end),
        () => connection.close('closed'),
      );
    });
  }

  /** Cuts off those that have not closed by themselves. */
  terminate(): void {
    for (const webSocket of this.#server.clients) webSocket.terminate();
  }
}

/** A WebSocket as the output of a feed: one message for each item. What is sent is taken when it has left the process. */
export class WebSocketConnection implements FeedOutput {
  /** Aborts when the connection is closed. */
  readonly gone: AbortSignal;
  readonly #webSocket: WebSocket;
  #isAlive = true;

  constructor(webSocket: WebSocket) {
    const gone = new AbortController();
    this.gone = gone.signal;
    this.#webSocket = webSocket;
    webSocket.on('close', () => gone.abort());
    // An error is followed by `close`.
    webSocket.on('error', () => undefined);
    webSocket.on('pong', () => {
      this.#isAlive = true;
    });
  }

  async send(items: readonly FeedItem[]): Promise<void> {
    const sent = items.map((item) => this.#sendText(messageText(item)));
    await Promise.all(sent);
  }

  async beat(id: string): Promise<void> {
    if (!this.#isAlive) throw new Error('the peer has not answered the last ping');
    this.#isAlive = false;
    this.#webSocket.ping();
    await this.#sendText(JSON.stringify({ type: 'position', id }));
  }

  /** Closes it; at once where the peer does not read. */
  close(end: FeedEnd): void {
    if (end === 'slow') {
      this.#webSocket.close(TRY_AGAIN, 'too slow: results came faster than they were read');
      this.#webSocket.terminate();
    } else this.#webSocket.close(GOING_AWAY, 'the processor is stopping');
  }

  #sendText(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#webSocket.send(text, (error) => {
        if (error === undefined || error === null) resolve();
        else reject(error);
      });
    });
  }
}

function messageText(item: FeedItem): string {
  if (item.type === 'result') return `{"type":"result","id":${JSON.stringify(item.id)},"result":${item.result}}`;
  return JSON.stringify(item);
}
