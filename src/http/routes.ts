import type { HttpBindings } from '@hono/node-server';
import { Hono, type MiddlewareHandler } from 'hono';
import type { StatusSnapshot } from '../runtime/status.ts';
import type { HttpIntakeOutcome } from '../sources/http/intake-outcome.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { errorBody, fail, type RequestContext } from './answers.ts';
import { checkpointRoute } from './checkpoint-route.ts';
import { healthPage, readyPage } from './health.ts';
import type { HostGuard } from './host-guard.ts';
import type { HttpIntake } from './http-intake.ts';
import type { MakeCheckpoint } from './make-checkpoint.ts';
import { readBody } from './request-body.ts';

/** A request with more header lines is answered 431. */
export const MAX_HEADERS = 100;
const RETRY_AFTER_SECONDS = 1;

/** What the routes show, where they hand events to, and their bounds; all of it given by the server. */
export interface RouteOptions {
  readonly status: () => StatusSnapshot;
  readonly metrics: ProcessorMetrics;
  readonly intake: HttpIntake | undefined;
  readonly checkpoint: MakeCheckpoint | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly guard: HostGuard;
  readonly bodyTimeoutMs: Millis;
  /** Bodies read at a time; with the bound on each, a bound on what they hold together. */
  readonly maxBodies: number;
  /** Aborted when the server is closing: connections are then not kept for further requests. */
  readonly closing: AbortSignal;
}

type App = Hono<{ Bindings: HttpBindings }>;

/** All pages of the server. */
export function createRoutes(options: RouteOptions): App {
  const app: App = new Hono();
  app.use(secure, notKept(options.closing), guarded(options.guard));
  app.get('/', (c) => c.text(index(options)));
  app.get('/health', (c) => {
    const { status, body } = healthPage(options.status());
    return c.json(body, status);
  });
  app.get('/ready', (c) => {
    const { status, body } = readyPage(options.status());
    return c.json(body, status);
  });
  app.get('/metrics', async (c) => {
    const text = await options.metrics.export();
    return c.body(text, 200, { 'content-type': options.metrics.contentType });
  });
  for (const path of ['/', '/health', '/ready', '/metrics']) app.all(path, (c) => notAllowed(c, 'GET, HEAD'));
  const { intake, checkpoint } = options;
  if (intake !== undefined) {
    app.post('/v1/events', eventsRoute(intake, options));
    app.all('/v1/events', (c) => notAllowed(c, 'POST'));
  }
  if (checkpoint !== undefined) {
    app.post('/v1/checkpoints', checkpointRoute({ ...options, checkpoint }));
    app.all('/v1/checkpoints', (c) => notAllowed(c, 'POST'));
  }
  app.notFound((c) => fail(c, 404, 'not_found', 'there is no such page; GET / lists them'));
  app.onError((error, c) => {
    options.logger.error({ err: error, method: c.req.method, path: c.req.path }, 'a request failed');
    return fail(c, 500, 'internal', 'the request failed; the log says why');
  });
  return app;
}

function notAllowed(c: RequestContext, allowed: string): Response {
  c.header('allow', allowed);
  return fail(c, 405, 'method_not_allowed', `this page takes ${allowed}`);
}

const secure: MiddlewareHandler = async (c, next) => {
  await next();
  c.header('x-content-type-options', 'nosniff');
  c.header('cache-control', 'no-store');
  c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  c.header('cross-origin-resource-policy', 'same-origin');
  c.header('referrer-policy', 'no-referrer');
};

function notKept(closing: AbortSignal): MiddlewareHandler<{ Bindings: HttpBindings }> {
  return async (c, next) => {
    await next();
    if (closing.aborted) c.env.outgoing.shouldKeepAlive = false;
  };
}

function guarded(guard: HostGuard): MiddlewareHandler<{ Bindings: HttpBindings }> {
  return async (c, next) => {
    const { headers, rawHeaders } = c.env.incoming;
    if (rawHeaders.length / 2 > MAX_HEADERS)
      return fail(c, 431, 'too_many_headers', 'the request has too many headers');
    // A request line can name a host of its own, which then counts in place of the header.
    if (!guard.knowsHost(headers.host) || !guard.knowsHost(new URL(c.req.url).host)) {
      return fail(c, 403, 'foreign_host', 'the Host header names another server');
    }
    if (!guard.knowsOrigin(headers.origin, headers.host)) {
      return fail(c, 403, 'foreign_origin', 'requests from the pages of other sites are refused');
    }
    return next();
  };
}

function eventsRoute(intake: HttpIntake, options: RouteOptions): (c: RequestContext) => Promise<Response> {
  let reading = 0;
  return async (c) => {
    const { incoming, outgoing } = c.env;
    if (!intake.authorized(incoming.headers.authorization)) {
      c.header('www-authenticate', 'Bearer realm="processor"');
      return fail(c, 401, 'unauthorized', 'posting events takes the token of this server');
    }
    if (reading >= options.maxBodies) {
      c.header('retry-after', String(RETRY_AFTER_SECONDS));
      return fail(c, 503, 'busy', 'too many requests at a time');
    }
    reading += 1;
    try {
      const { clock, bodyTimeoutMs: timeoutMs } = options;
      const body = await readBody(incoming, { maxBytes: intake.maxBodyBytes, timeoutMs, clock });
      if (body.type === 'whole') return answer(c, await intake.accept(body.bytes, c.req.header()));
      if (body.type === 'too_large') {
        return fail(c, 413, 'too_large', `a body may have ${String(intake.maxBodyBytes)} bytes`);
      }
      // What is left of the body would be read as the next request.
      outgoing.shouldKeepAlive = false;
      return fail(c, 408, 'too_slow', 'the body did not arrive in time');
    } finally {
      reading -= 1;
    }
  };
}

const OUTCOMES: Readonly<Record<Exclude<HttpIntakeOutcome['status'], 202>, readonly [code: string, message: string]>> =
  {
    400: ['invalid_events', 'some events were not taken'],
    413: ['too_large', 'the body is too large'],
    415: ['unsupported_type', 'this Content-Type is not taken'],
    429: ['too_many', 'too many events for now; send them again later'],
    503: ['unavailable', 'the pipeline takes no events now'],
  };

function answer(c: RequestContext, outcome: HttpIntakeOutcome): Response {
  const { status, accepted = 0, rejected = [] } = outcome;
  if (status === 202) return c.json({ accepted }, 202);
  if (status === 429 || status === 503) {
    c.header('retry-after', String(Math.max(1, Math.ceil(outcome.retryAfterSeconds ?? RETRY_AFTER_SECONDS))));
  }
  const [code, message] = OUTCOMES[status];
  return c.json({ accepted, rejected, ...errorBody(code, outcome.message ?? message) }, status);
}

function index({ intake, checkpoint }: Pick<RouteOptions, 'intake' | 'checkpoint'>): string {
  const pages = [
    'GET  /health          how the pipeline and its parts are',
    'GET  /ready           200 while it takes events',
    'GET  /metrics         metrics for Prometheus',
    ...(intake === undefined ? [] : ['POST /v1/events       events: JSON, NDJSON or CloudEvents']),
    ...(checkpoint === undefined ? [] : ['POST /v1/checkpoints  makes a checkpoint of the state']),
  ];
  return `${pages.join('\n')}\n`;
}
