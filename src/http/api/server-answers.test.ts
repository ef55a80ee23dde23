import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RunMonitor } from '../../monitor/run-monitor.ts';
import { createPipeline } from '../../pipeline/create-pipeline.ts';
import { passTime, type Reading } from '../../runtime/run-fixtures.contract.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { CallbackSink } from '../../sinks/callback/callback-sink.ts';
import { HttpSource } from '../../sources/http/http-source.ts';
import { MemoryStateBackend } from '../../state/memory/memory-state-backend.ts';
import { BoundedOutOfOrdernessWatermark } from '../../time/bounded-out-of-orderness-watermark.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { Access } from '../access.ts';
import { Feeds } from '../feed/feeds.ts';
import { HostGuard } from '../host-guard.ts';
import { createRoutes } from '../routes.ts';
import { createServer } from '../server.ts';
import { StaticFiles } from '../static-files.ts';
import { openApiDocument } from './openapi.ts';

// The published document is held against a running server with everything there is: a source of posted events, late and
// bad events among them, and a state that checkpoints can be made of.

type Schema = Readonly<Record<string, unknown>>;

interface Documented {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Documented>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

const DAY = Date.UTC(2026, 0, 1);
const clock = new ManualClock(DAY);
const source = new HttpSource();
const pipeline = createPipeline<Reading>('documented')
  .withSource(source)
  .withKey('key')
  .withValue((event) => {
    // What a function of the pipeline refuses gets past the door of the source.
    if (event.value < 0) throw new RangeError('below nothing');
    return event.value;
  })
  .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0))
  .withTumblingWindow('10s')
  .withStateBackend(new MemoryStateBackend())
  .withSink(new CallbackSink(() => undefined))
  .build({ clock });
const monitor = new RunMonitor(pipeline, { clock });
const parts = {
  status: () => pipeline.status(),
  metrics: pipeline.metrics,
  monitor,
  intake: source,
  checkpoint: (id?: string) => pipeline.checkpoint(id),
};
const server = createServer({ ...parts, port: 0 });
let url = '';
let running: Promise<unknown> = Promise.resolve();

beforeAll(async () => {
  const { port } = await server.listen();
  url = `http://127.0.0.1:${String(port)}`;
  running = pipeline.run();
  await passTime(clock, 10, () => pipeline.status().state === 'running');
  const events = [1, 2, 15, 16, 30, 31, 3].map((second) => ({
    timestamp: DAY + second * 1000,
    key: 'a',
    value: second,
  }));
  const body = JSON.stringify([...events, { timestamp: DAY, key: 'a', value: 'x' }]);
  await post('/v1/events', body);
  await post('/v1/events', '{"timestamp": 253402300799000, "key": "a", "value": 1}');
  await passTime(clock, 100, () => monitor.results.size >= 2 && monitor.lateEvents.total > 0);
  await post('/v1/checkpoints', '{"id": "made"}');
  await passTime(clock, 500, () => false, 5);
});

afterAll(async () => {
  await pipeline.stop();
  await running;
  await server.close();
});

function post(path: string, body: string): Promise<Response> {
  return fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
}

/** The shape that the document gives an answer, as something that can check it. */
function shapeOf(path: string, method: string, status: number): z.ZodType {
  const { responses } = document.paths[path]?.[method] ?? { responses: {} };
  const schema = (responses[String(status)] ?? responses['default'])?.content?.['application/json']?.schema;
  expect(schema, `${method} ${path} ${String(status)}`).toBeDefined();
  const local = JSON.stringify({ ...schema, $defs: document.components.schemas });
  const there: unknown = JSON.parse(local.replaceAll('#/components/schemas/', '#/$defs/'), closed);
  return z.fromJSONSchema(there as Parameters<typeof z.fromJSONSchema>[0]);
}

/** Answers may come to have more than is written of them, but not here: what is not documented is forgotten. */
function closed(_name: string, value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && 'properties' in value && 'type' in value;
  return isObject && !('additionalProperties' in value) ? { ...value, additionalProperties: false } : value;
}

async function checkAnswer(path: string, method: string, response: Response): Promise<void> {
  const [bare = path] = path.split('?');
  const body: unknown = await response.json();
  const checked = shapeOf(bare, method, response.status).safeParse(body);
  expect(checked.error, `${method} ${path}: ${JSON.stringify(body).slice(0, 500)}`).toBeUndefined();
}

describe('the running server', () => {
  it.each([
    '/health',
    '/ready',
    '/v1/status',
    '/v1/pipeline',
    '/v1/rates',
    '/v1/partitions',
    '/v1/windows',
    '/v1/windows/explain',
    '/v1/keys?search=a&sort=value&order=asc&value=average&points=5',
    '/v1/series?key=key%3Da&value=average&value=count&from=2026-01-01T00:00:00Z',
    '/v1/results?key=key%3Da&from=0&limit=5',
    '/v1/dead-letters',
    '/v1/late-events',
    '/v1/epochs',
    '/v1/checkpoints',
    '/v1/problems',
    '/v1/openapi.json',
  ])('answers GET %s as documented', async (path) => {
    const response = await fetch(url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    await checkAnswer(path, 'get', response);
  });

  it.each([
    ['/v1/events', 'post', '{"timestamp": 1767225700000, "key": "a", "value": 1}', 202],
    ['/v1/events', 'post', '[7]', 400],
    ['/v1/checkpoints', 'post', '{"id": "again"}', 201],
    ['/v1/checkpoints', 'post', '{"id": "../x"}', 400],
    ['/v1/keys?limit=0', 'get', undefined, 400],
    ['/v1/status?verbose=1', 'get', undefined, 400],
    ['/v1/series', 'get', undefined, 400],
    ['/v1/results?from=yesterday', 'get', undefined, 400],
    ['/v1/keys?window=toString', 'get', undefined, 400],
    ['/v1/stream?after=1&after=2', 'get', undefined, 400],
    ['/v1/windows', 'delete', undefined, 405],
  ])('answers %s by %s of %j with %d, as documented', async (path, method, body, status) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url + path, {
      method: method.toUpperCase(),
      ...(body === undefined ? {} : { body, headers }),
    });
    expect(response.status).toBe(status);
    await checkAnswer(path, status === 405 ? 'get' : method, response);
  });

  it('has nothing to hide: no list that was to be checked is empty', async () => {
    const lists = await Promise.all(
      ['partitions', 'windows', 'keys', 'results', 'dead-letters', 'late-events', 'epochs', 'checkpoints'].map(
        async (name) => {
          const body = (await (await fetch(`${url}/v1/${name}`)).json()) as Readonly<Record<string, unknown>>;
          return [name, (body[name.replace('-', '_')] as readonly unknown[]).length > 0];
        },
      ),
    );
    expect(lists.filter(([, isThere]) => isThere !== true)).toEqual([]);
  });

  it('has exactly the routes that are documented', () => {
    const closing = new AbortController();
    const [guard, access] = [new HostGuard('127.0.0.1', []), new Access(undefined)];
    const feeds = new Feeds({
      monitor,
      clock,
      guard,
      access,
      maxFollowers: 1,
      closing: closing.signal,
      beatMs: 1,
      stallMs: 1,
    });
    const { routes } = createRoutes({
      ...parts,
      feeds,
      dashboard: new StaticFiles(''),
      logger: silentLogger,
      clock,
      guard,
      access,
      bodyTimeoutMs: 1,
      maxBodies: 1,
      closing: closing.signal,
    });
    const there = routes.filter(({ method, path }) => method !== 'ALL' && path !== '*' && path !== '/*');
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(there.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(documented.toSorted());
  });
});
