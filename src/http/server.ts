import { createServer as createNodeServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { ProcessorError } from '../errors/processor-error.ts';
import type { StatusSnapshot } from '../runtime/status.ts';
import { silentLogger, type Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import { SystemClock, type Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { HostGuard, isLoopback } from './host-guard.ts';
import type { HttpIntake } from './http-intake.ts';
import { errorBody } from './answers.ts';
import type { MakeCheckpoint } from './make-checkpoint.ts';
import { createRoutes, MAX_HEADERS } from './routes.ts';

const MAX_HEADER_BYTES = 16_384;
const CHECK_INTERVAL_MS = 1000;

/** What the server shows and takes in, where it listens, and its bounds. Times are whole milliseconds. */
export interface HttpServerOptions {
  /** The run, as it is at the moment of the call. */
  readonly status: () => StatusSnapshot;
  readonly metrics: ProcessorMetrics;
  /** Where posted events go; without it there is no `POST /v1/events`. */
  readonly intake?: HttpIntake;
  /** Makes a checkpoint of the run; without it there is no `POST /v1/checkpoints`. */
  readonly checkpoint?: MakeCheckpoint;
  readonly logger?: Logger;
  /** Default `127.0.0.1`. Anything but loopback asks for a token on the intake. */
  readonly host?: string;
  /** Default 8080; 0 for any free one. */
  readonly port?: number;
  /** Further names that the server is reached by, without ports. */
  readonly allowedHosts?: readonly string[];
  readonly clock?: Clock;
  /** How long a request's body may take. Default 30 s. */
  readonly bodyTimeoutMs?: Millis;
  /** How long a request's headers may take. Default 10 s. */
  readonly headersTimeoutMs?: Millis;
  /** How long requests may go on after {@link HttpServer.close}. Default 5 s. */
  readonly closeTimeoutMs?: Millis;
  /** Default 256. Further ones are dropped. */
  readonly maxConnections?: number;
  /** Bodies received at a time; further requests are answered 503. Default 32. */
  readonly maxBodies?: number;
}

/** Health, metrics and the intake of events over HTTP. */
export interface HttpServer {
  /**
   * Resolves with the address when the server takes requests.
   * @throws ProcessorError CONFIG_INVALID where it cannot listen there.
   */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /** Takes no more requests; resolves when those under way have been answered or cut off. */
  close(): Promise<void>;
}

/**
 * The HTTP server. It reads snapshots and calls the intake; it never touches the engine.
 * @throws ProcessorError CONFIG_INVALID for an intake without a token on an address that others can reach, or a port that
 * is none.
 */
export function createServer(options: HttpServerOptions): HttpServer {
  const { host = '127.0.0.1', port = 8080, clock = new SystemClock(), logger = silentLogger } = options;
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw unusable('http.port', `http.port is a whole number from 0 to 65535, found ${String(port)}`);
  }
  requireToken(host, options.intake);
  const closing = new AbortController();
  const routes = createRoutes({
    status: options.status,
    metrics: options.metrics,
    intake: options.intake,
    checkpoint: options.checkpoint,
    logger,
    clock,
    guard: new HostGuard(host, options.allowedHosts ?? []),
    bodyTimeoutMs: options.bodyTimeoutMs ?? 30_000,
    maxBodies: options.maxBodies ?? 32,
    closing: closing.signal,
  });
  const listener = getRequestListener(routes.fetch, {
    hostname: 'host.invalid', // Of a request without a Host header: refused as any other foreign name.
    overrideGlobalObjects: false,
    errorHandler: () => Response.json(errorBody('bad_request', 'the request cannot be read'), { status: 400 }),
  });
  const server = createNodeServer(limitsOf(options), listener);
  server.maxConnections = options.maxConnections ?? 256;
  // Node leaves out what is beyond its limit without a word; one more than ours, so that we notice.
  server.maxHeadersCount = MAX_HEADERS + 1;
  return {
    listen: () => listen(server, host, port, logger),
    close: () => {
      closing.abort();
      return close(server, options.closeTimeoutMs ?? 5000, clock);
    },
  };
}

function limitsOf({ headersTimeoutMs = 10_000, bodyTimeoutMs = 30_000 }: HttpServerOptions): object {
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headersTimeoutMs,
    // Bodies have a limit of their own, which answers better; this is for bodies that nobody reads.
    requestTimeout: headersTimeoutMs + bodyTimeoutMs + CHECK_INTERVAL_MS,
    keepAliveTimeout: 5000,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, headersTimeoutMs),
  };
}

function requireToken(host: string, intake: HttpIntake | undefined): void {
  if (intake === undefined || isLoopback(host) || !intake.authorized(undefined)) return;
  throw unusable(
    'http.host',
    `http.host is ${host}, which other machines can reach, and anybody could post events: set a token for the http source, or listen on 127.0.0.1`,
  );
}

function listen(server: Server, host: string, port: number, logger: Logger): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port));
    server.once('error', refuse);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', refuse);
      server.on('error', (error) => logger.error({ err: error }, 'the HTTP server has a fault'));
      const address = server.address();
      resolve(
        typeof address === 'object' && address !== null
          ? { host: address.address, port: address.port }
          : { host, port },
      );
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ProcessorError {
  const place = `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return unusable(
        'http.port',
        `${place} is in use by another program; set http.port to a free port, or to 0 for any`,
        error,
      );
    case 'EACCES':
      return unusable('http.port', `this user may not listen on ${place}; set http.port to one above 1023`, error);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return unusable('http.host', `${host} is no address of this machine; set http.host to one that is`, error);
    default:
      return unusable('http.port', `cannot listen on ${place} (http.host, http.port): ${error.message}`, error);
  }
}

function unusable(path: string, message: string, cause?: Error): ProcessorError {
  return new ProcessorError(
    'configuration',
    'CONFIG_INVALID',
    message,
    cause === undefined ? { path } : { path, cause },
  );
}

async function close(server: Server, timeoutMs: Millis, clock: Clock): Promise<void> {
  if (!server.listening) return;
  const closed = new AbortController();
  const done = new Promise<void>((resolve) => {
    server.close(() => {
      closed.abort();
      resolve();
    });
  });
  server.closeIdleConnections();
  await clock.sleep(timeoutMs, closed.signal);
  if (!closed.signal.aborted) server.closeAllConnections();
  await done;
}
