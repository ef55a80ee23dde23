import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RunMonitor } from '../../monitor/run-monitor.ts';
import type { Clock } from '../../time/clock.ts';
import type { Access } from '../access.ts';
import { errorBody, fail, type ErrorStatus, type RequestContext } from '../answers.ts';
import { readQuery } from '../api/query.ts';
import { streamQuery } from '../api/result-shapes.ts';
import type { HostGuard } from '../host-guard.ts';
import { EventStream } from './event-stream.ts';
import { feed, type FeedEnd, type FeedOutput, type FeedTimes } from './feed.ts';
import { ResultFollower, type FollowQuery } from './result-follower.ts';
import { WebSockets } from './web-sockets.ts';

/** What feeds are made from. */
export interface FeedsOptions extends FeedTimes {
  readonly monitor: RunMonitor;
  readonly clock: Clock;
  readonly guard: HostGuard;
  readonly access: Access;
  /** Followers at a time. */
  readonly maxFollowers: number;
  /** Ends all feeds when it aborts. */
  readonly closing: AbortSignal;
}

const PATH = '/v1/stream';
const RETRY_AFTER_SECONDS = 5;

/** Why a request to follow is refused. */
interface Refusal {
  readonly status: ErrorStatus;
  readonly code: string;
  readonly message: string;
}

/** What somebody wants to follow, or why they may not. */
type Asked = { readonly query: FollowQuery } | { readonly refusal: Refusal };

const BUSY: Refusal = { status: 503, code: 'busy', message: 'too many follow the results already' };

/** Those who follow the results: over server-sent events and over WebSockets. */
export class Feeds {
  readonly #options: FeedsOptions;
  readonly #webSockets = new WebSockets();
  #followers = 0;

  constructor(options: FeedsOptions) {
    this.#options = options;
  }

  /** How many follow. */
  get followers(): number {
    return this.#followers;
  }

  /** `GET /v1/stream` with server-sent events. */
  events(c: RequestContext): Response {
    const { incoming, outgoing } = c.env;
    const asked = this.#asked(new URL(c.req.url).searchParams, incoming.headers['last-event-id']);
    if ('refusal' in asked) {
      const { status, code, message } = asked.refusal;
      if (status === 503) c.header('retry-after', String(RETRY_AFTER_SECONDS));
      return fail(c, status, code, message);
    }
    c.header('content-type', 'text/event-stream');
    c.header('x-accel-buffering', 'no'); // A proxy that gathers would hold results back.
    if (c.req.method === 'HEAD') return c.body(null);
    // A server that closes does not wait for a connection that nothing more is asked of.
    outgoing.shouldKeepAlive = false;
    const stream = new EventStream();
    this.#follow(asked.query, stream, stream.gone).then(
      (end) => {
        // To somebody who does not read, an end is as good as nothing.
        if (end === 'slow') outgoing.destroy();
        else stream.end();
      },
      () => outgoing.destroy(),
    );
    return c.body(stream.body);
  }

  /** A request to upgrade a connection: `GET /v1/stream` with a WebSocket. What else is asked for is refused. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const [path = '', search = ''] = (request.url ?? '').split(/\?(.*)/s);
    const refusal = this.#refuseUpgrade(request, path);
    const asked = refusal === undefined ? this.#asked(new URLSearchParams(search), undefined) : { refusal };
    if ('refusal' in asked) refuse(socket, asked.refusal);
    else {
      this.#webSockets.accept(request, socket, head, (connection) =>
        this.#follow(asked.query, connection, connection.gone),
      );
    }
  }

  /** Cuts off what has not ended by itself. */
  terminate(): void {
    this.#webSockets.terminate();
  }

  async #follow(query: FollowQuery, output: FeedOutput, gone: AbortSignal): Promise<FeedEnd> {
    const { monitor, closing, ...options } = this.#options;
    const over = new AbortController();
    const end = (): void => over.abort();
    for (const signal of [gone, closing]) {
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
    }
    this.#followers += 1;
    try {
      return await feed(new ResultFollower(monitor, query), output, { ...options, signal: over.signal });
    } finally {
      this.#followers -= 1;
      closing.removeEventListener('abort', end);
    }
  }

  #asked(params: URLSearchParams, lastEventId: string | string[] | undefined): Asked {
    const read = readQuery(streamQuery, params);
    if (!read.ok) return { refusal: { status: 400, code: 'invalid_query', message: read.message } };
    if (this.#followers >= this.#options.maxFollowers) return { refusal: BUSY };
    const isResumed = typeof lastEventId === 'string' && lastEventId !== '';
    return { query: isResumed ? { ...read.value, after: lastEventId } : read.value };
  }

  #refuseUpgrade({ headers }: IncomingMessage, path: string): Refusal | undefined {
    const { guard, access } = this.#options;
    if (!guard.knowsHost(headers.host)) {
      return { status: 403, code: 'foreign_host', message: 'the Host header names another server' };
    }
    if (!guard.knowsOrigin(headers.origin, headers.host)) {
      return { status: 403, code: 'foreign_origin', message: 'connections from the pages of other sites are refused' };
    }
    if (path !== PATH || headers.upgrade?.toLowerCase() !== 'websocket') {
      return { status: 404, code: 'not_found', message: `there are WebSockets at ${PATH} only` };
    }
    if (!access.admits(headers.authorization)) {
      return { status: 401, code: 'unauthorized', message: 'this takes the token of the server, as a bearer token' };
    }
    return undefined;
  }
}

function refuse(socket: Duplex, { status, code, message }: Refusal): void {
  const body = JSON.stringify(errorBody(code, message));
  const lines = [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${String(Buffer.byteLength(body))}`,
    'connection: close',
    ...(status === 401 ? ['www-authenticate: Bearer realm="processor"'] : []),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
