import { createServer as createNodeServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { isLoopback } from '../config/loopback.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { RunMonitor } from '../monitor/run-monitor.ts';
import type { StatusSnapshot } from '../runtime/status.ts';
import { silentLogger, type Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import { SystemClock, type Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { Access } from './access.ts';
import { Feeds, type FeedsOptions } from './feed/feeds.ts';
import { MAX_HEADERS } from './guards.ts';
import { HostGuard } from './host-guard.ts';
import type { HttpIntake } from './http-intake.ts';
import { errorBody } from './answers.ts';
import type { MakeCheckpoint } from './make-checkpoint.ts';
import { createRoutes } from './routes.ts';
import { StaticFiles } from './static-files.ts';

/** Sources and build stand equally deep in the package. */
const DASHBOARD = fileURLToPath(new URL('../../dist/dashboard', import.meta.url));
const MAX_HEADER_BYTES = 16_384;
const CHECK_INTERVAL_MS = 1000;

/** What the server shows and takes in, where it listens, and its bounds. Times are whole milliseconds. */
export interface HttpServerOptions {
  /** The run, as it is at the moment of the call. */
  readonly status: () => StatusSnapshot;
  readonly metrics: ProcessorMetrics;
  /** What is seen of the run: with it there are the dashboard at `/` and the API below `/v1`. */
  readonly monitor?: RunMonitor;
  /** Folder of the dashboard. Default: the one in this package. */
  readonly dashboard?: string;
  /** If set, what is below `/v1` asks for it: `Authorization: Bearer <token>`. It is printed nowhere. */
  readonly token?: string;
  /** Where posted events go; without it there is no `POST /v1/events`. */
  readonly intake?: HttpIntake;
  /** Makes a checkpoint of the run; without it there is no `POST /v1/checkpoints`. */
  readonly checkpoint?: MakeCheckpoint;
  readonly logger?: Logger;
  /** Default `127.0.0.1`. Anything but loopback asks for a token. */
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
  /** Followers of the results at a time; further ones are answered 503. Default 64. */
  readonly maxFollowers?: number;
  /** How long a follower may leave unread what it was sent before it is dropped. Default 30 s. */
  readonly stallTimeoutMs?: Millis;
  /** How often a follower gets a sign of life while there is nothing new. Default 15 s. */
  readonly beatIntervalMs?: Millis;
}

/** Health, metrics, the dashboard and its API, and the intake of events over HTTP. */
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
 * @throws ProcessorError CONFIG_INVALID where others can reach what asks for no token, for a token that no header can
 * carry, or a port that is none.
 */
export function createServer(options: HttpServerOptions): HttpServer {
  const { host = '127.0.0.1', port = 8080, clock = new SystemClock(), logger = silentLogger } = options;
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw unusable('http.port', `http.port is a whole number from 0 to 65535, found ${String(port)}`);
  }
  requireToken(host, options);
  const closing = new AbortController();
  const guard = new HostGuard(host, options.allowedHosts ?? []);
  const access = new Access(options.token);
  const feeds = feedsOf(options, { clock, guard, access, closing: closing.signal });
  const routes = createRoutes({
    status: options.status,
    metrics: options.metrics,
    monitor: options.monitor,
    feeds,
    dashboard: new StaticFiles(options.dashboard ?? DASHBOARD),
    intake: options.intake,
    checkpoint: options.checkpoint,
    logger,
    clock,
    guard,
    access,
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
  if (feeds !== undefined) server.on('upgrade', (request, socket, head) => feeds.upgrade(request, socket, head));
  return {
    listen: () => listen(server, host, port, logger),
    close: () => {
      closing.abort();
      return close(server, options.closeTimeoutMs ?? 5000, clock, () => feeds?.terminate());
    },
  };
}

function feedsOf(
  { monitor, maxFollowers = 64, stallTimeoutMs = 30_000, beatIntervalMs = 15_000 }: HttpServerOptions,
  shared: Pick<FeedsOptions, 'clock' | 'guard' | 'access' | 'closing'>,
): Feeds | undefined {
  if (monitor === undefined) return undefined;
  return new Feeds({ ...shared, monitor, maxFollowers, stallMs: stallTimeoutMs, beatMs: beatIntervalMs });
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

function requireToken(host: string, { token, intake, monitor }: HttpServerOptions): void {
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw unusable('http.token', 'http.token has letters, digits and signs of ASCII, and no spaces');
  }
  if (isLoopback(host) || token !== undefined) return;
  const isOpen = intake?.authorized(undefined) === true;
  if (monitor === undefined && !isOpen) return;
  const what = [...(monitor === undefined ? [] : ['see what is processed']), ...(isOpen ? ['post events'] : [])];
  const advice = monitor === undefined ? 'a token for the http source' : 'http.token (PROCESSOR_HTTP__TOKEN)';
  throw unusable(
    'http.host',
    `http.host is ${host}, which other machines can reach, and anybody could ${what.join(' and ')}: set ${advice}, or listen on 127.0.0.1`,
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

async function close(server: Server, timeoutMs: Millis, clock: Clock, cutOff: () => void): Promise<void> {
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
  if (!closed.signal.aborted) {
    server.closeAllConnections();
    cutOff();
  }
  await done;
}
