import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { RunMonitor } from '../monitor/run-monitor.ts';
import type { StatusSnapshot } from '../runtime/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import type { Access } from './access.ts';
import { fail, type RequestContext } from './answers.ts';
import { apiRoutes } from './api/api-routes.ts';
import { openApiDocument } from './api/openapi.ts';
import { checkpointRoute } from './checkpoint-route.ts';
import { eventsRoute } from './events-route.ts';
import type { Feeds } from './feed/feeds.ts';
import { bodyless, guarded, notKept, secure, tokened } from './guards.ts';
import { healthPage, readyPage } from './health.ts';
import type { HostGuard } from './host-guard.ts';
import type { HttpIntake } from './http-intake.ts';
import type { MakeCheckpoint } from './make-checkpoint.ts';
import type { StaticFiles } from './static-files.ts';

/** What the routes show, where they hand events to, and their bounds; all of it given by the server. */
export interface RouteOptions {
  readonly status: () => StatusSnapshot;
  readonly metrics: ProcessorMetrics;
  readonly monitor: RunMonitor | undefined;
  readonly feeds: Feeds | undefined;
  readonly dashboard: StaticFiles;
  readonly intake: HttpIntake | undefined;
  readonly checkpoint: MakeCheckpoint | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly guard: HostGuard;
  readonly access: Access;
  readonly bodyTimeoutMs: Millis;
  /** Bodies read at a time; with the bound on each, a bound on what they hold together. */
  readonly maxBodies: number;
  /** Aborted when the server is closing: connections are then not kept for further requests. */
  readonly closing: AbortSignal;
}

type App = Hono<{ Bindings: HttpBindings }>;
type Answer = (c: RequestContext) => Response | Promise<Response>;

/** A path, what answers to its methods, and what it is for. */
interface Route {
  readonly path: string;
  readonly about: string;
  readonly get?: Answer;
  readonly post?: Answer;
}

/** All pages of the server. */
export function createRoutes(options: RouteOptions): App {
  const app: App = new Hono();
  app.use(secure, notKept(options.closing), guarded(options.guard), bodyless);
  const routes = [...openRoutes(options), ...lockedRoutes(options)];
  const locked = tokened(options.access, (c) => hasTokenOfItsOwn(c, options));
  app.use('/v1', locked);
  app.use('/v1/*', locked);
  tellOfMissing(app, options);
  for (const { path, get, post } of [...routes, listing(routes)]) {
    if (get !== undefined) app.get(path, get);
    if (post !== undefined) app.post(path, post);
    const methods = [...(get === undefined ? [] : ['GET', 'HEAD']), ...(post === undefined ? [] : ['POST'])];
    app.all(path, (c) => notAllowed(c, methods.join(', ')));
  }
  app.get('*', (c, next) => {
    const file = options.monitor === undefined ? undefined : options.dashboard.answer(c, new URL(c.req.url).pathname);
    return file === undefined ? next() : Promise.resolve(file);
  });
  app.notFound((c) => fail(c, 404, 'not_found', 'there is no such page; GET /v1 lists them'));
  app.onError((error, c) => {
    options.logger.error({ err: error, method: c.req.method, path: c.req.path }, 'a request failed');
    return fail(c, 500, 'internal', 'the request failed; the log says why');
  });
  return app;
}

/** What is there for everybody: what says whether it is well, and the page, which has no data in itself. */
function openRoutes({ status, metrics, monitor, dashboard }: RouteOptions): readonly Route[] {
  const page = (c: RequestContext): Response =>
    (monitor === undefined ? undefined : dashboard.answer(c, '/index.html')) ?? c.redirect('/v1');
  return [
    { path: '/', about: 'the dashboard', get: page },
    {
      path: '/health',
      about: 'how the pipeline and its parts are',
      get(c) {
        const { status: code, body } = healthPage(status());
        return c.json(body, code);
      },
    },
    {
      path: '/ready',
      about: '200 while it takes events',
      get(c) {
        const { status: code, body } = readyPage(status());
        return c.json(body, code);
      },
    },
    {
      path: '/metrics',
      about: 'metrics for Prometheus',
      get: async (c) => c.body(await metrics.export(), 200, { 'content-type': metrics.contentType }),
    },
  ];
}

/** What is behind the token, where there is one. */
function lockedRoutes(options: RouteOptions): readonly Route[] {
  const { intake, checkpoint, monitor, feeds, access } = options;
  const make = checkpoint === undefined ? {} : { post: checkpointRoute({ ...options, checkpoint, access }) };
  const api = monitor === undefined ? [] : apiRoutes(monitor);
  const routes: Route[] = api.map(({ path, summary, answer }) => ({ path, about: summary, get: answer }));
  const made = routes.findIndex(({ path }) => path === '/v1/checkpoints');
  const listed = routes[made];
  if (listed !== undefined) routes[made] = { ...listed, ...make };
  else if (checkpoint !== undefined) routes.push({ path: '/v1/checkpoints', about: 'makes a checkpoint', ...make });
  if (feeds !== undefined) {
    routes.push({
      path: '/v1/stream',
      about: 'results as they are delivered: server-sent events, or a WebSocket',
      get: (c) => feeds.events(c),
    });
  }
  if (intake !== undefined) {
    routes.push({
      path: '/v1/events',
      about: 'takes events: JSON, NDJSON or CloudEvents',
      post: eventsRoute(intake, options),
    });
  }
  return [
    ...routes,
    { path: '/v1/openapi.json', about: 'this API, as OpenAPI 3.1', get: (c) => c.json(openApiDocument()) },
  ];
}

/** Says what a pipeline would need for what it does not have. */
function tellOfMissing(app: App, { intake, checkpoint }: RouteOptions): void {
  const noIntake = 'this pipeline takes no events here: that is for those whose source is http (source.type: http)';
  const noState = 'there is nothing to make a checkpoint of: state in memory has none (state.backend: rocksdb has)';
  if (intake === undefined) app.all('/v1/events', (c) => fail(c, 404, 'not_found', noIntake));
  if (checkpoint === undefined) app.post('/v1/checkpoints', (c) => fail(c, 404, 'not_found', noState));
}

/** `GET /v1`: what there is, as text. */
function listing(routes: readonly Route[]): Route {
  const lines = routes.map(({ path, about, get, post }) => {
    const methods = [...(get === undefined ? [] : ['GET']), ...(post === undefined ? [] : ['POST'])].join(' ');
    return `${methods.padEnd(9)} ${path.padEnd(20)} ${about}`;
  });
  return { path: '/v1', about: 'this list', get: (c) => c.text(`${lines.join('\n')}\n`) };
}

/** Posting events can have a token of its own, which is good for nothing else. */
function hasTokenOfItsOwn(c: RequestContext, { intake }: RouteOptions): boolean {
  if (c.req.path !== '/v1/events' || intake === undefined) return false;
  return !intake.authorized(undefined);
}

function notAllowed(c: RequestContext, allowed: string): Response {
  c.header('allow', allowed);
  return fail(c, 405, 'method_not_allowed', `this page takes ${allowed}`);
}
