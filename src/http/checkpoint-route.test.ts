import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { createPipeline } from '../pipeline/create-pipeline.ts';
import { HttpSource } from '../sources/http/http-source.ts';
import type { CheckpointInfo } from '../state/state-backend.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import { ManualClock } from '../time/manual-clock.ts';
import type { MakeCheckpoint } from './make-checkpoint.ts';
import { Access } from './access.ts';
import { HostGuard } from './host-guard.ts';
import { createRoutes } from './routes.ts';
import { StaticFiles } from './static-files.ts';
import { createServer, type HttpServerOptions } from './server.ts';

const pipeline = createPipeline().withTumblingWindow('1m').build();
const JSON_TYPE = { 'content-type': 'application/json' };
const made = (id: string): CheckpointInfo => ({ id, createdAt: 5, sizeBytes: 7 });

async function start(checkpoint: MakeCheckpoint | undefined, options: Partial<HttpServerOptions> = {}) {
  const given = checkpoint === undefined ? {} : { checkpoint };
  const metrics = new ProcessorMetrics();
  const server = createServer({ status: () => pipeline.status(), metrics, port: 0, ...given, ...options });
  onTestFinished(() => server.close());
  const { port } = await server.listen();
  return async (body: string, headers: Readonly<Record<string, string>> = JSON_TYPE) => {
    const url = `http://127.0.0.1:${String(port)}/v1/checkpoints`;
    const response = await fetch(url, { method: 'POST', body, headers });
    return { status: response.status, answer: (await response.json()) as { error?: { code: string } } };
  };
}

const making: MakeCheckpoint = (id) => Promise.resolve(made(id ?? 'chosen'));

describe('POST /v1/checkpoints', () => {
  it.each<[string, string]>([
    ['{}', 'chosen'],
    ['{"id":"before-upgrade_1.2"}', 'before-upgrade_1.2'],
  ])('makes a checkpoint for %s', async (body, id) => {
    const post = await start(making);
    expect(await post(body)).toEqual({ status: 201, answer: made(id) });
  });

  it.each<[string, string, number, string]>([
    ['no JSON', '{"id"', 400, 'invalid_request'],
    ['another key', '{"name":"a"}', 400, 'invalid_request'],
    ['a number for an id', '{"id":1}', 400, 'invalid_request'],
    ['a list', '[]', 400, 'invalid_request'],
    ['a path for an id', '{"id":"../a"}', 400, 'invalid_id'],
    ['an id that is hidden', '{"id":".a"}', 400, 'invalid_id'],
    ['an empty id', '{"id":""}', 400, 'invalid_id'],
    ['an endless id', `{"id":"${'a'.repeat(201)}"}`, 400, 'invalid_id'],
    ['a long body', ' '.repeat(1025), 413, 'too_large'],
  ])('refuses %s', async (_, body, status, code) => {
    let calls = 0;
    const post = await start((id) => {
      calls += 1;
      return making(id);
    });
    expect(await post(body)).toMatchObject({ status, answer: { error: { code } } });
    expect(calls).toBe(0);
  });

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['text, which any page may send', { 'content-type': 'text/plain' }, 415],
    ['the page of another site', { ...JSON_TYPE, origin: 'http://evil.example' }, 403],
  ])('refuses %s', async (_, headers, status) => {
    const post = await start(making);
    expect((await post('{}', headers)).status).toBe(status);
  });

  it('takes JSON with a charset', async () => {
    const post = await start(making);
    expect((await post('{}', { 'content-type': 'Application/JSON; charset=utf-8' })).status).toBe(201);
  });

  it('asks for the token of the server where there is one', async () => {
    const post = await start(making, { intake: new HttpSource({ token: 'canary' }) });
    expect((await post('{}')).status).toBe(401);
    expect((await post('{}', { ...JSON_TYPE, authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await post('{}', { ...JSON_TYPE, authorization: 'Bearer canary' })).status).toBe(201);
  });

  it.each<[string, string, number]>([
    ['127.0.0.1', '', 201],
    ['::1', '', 201],
    ['::ffff:127.0.0.1', '', 201],
    ['10.0.0.7', '', 403],
    ['2001:db8::1', '', 403],
    ['10.0.0.7', 'Bearer canary', 201],
  ])('answers a request from %s with "%s" by %d', async (address, authorization, status) => {
    const socket = new Socket();
    Object.defineProperty(socket, 'remoteAddress', { value: address });
    const incoming = new IncomingMessage(socket);
    incoming.headers = { host: '10.0.0.1', authorization, ...JSON_TYPE };
    incoming.push('{}');
    incoming.push(null);
    const routes = createRoutes({
      status: () => pipeline.status(),
      metrics: new ProcessorMetrics(),
      monitor: undefined,
      feeds: undefined,
      dashboard: new StaticFiles(''),
      access: new Access(undefined),
      intake: authorization === '' ? undefined : new HttpSource({ token: 'canary' }),
      checkpoint: making,
      logger: silentLogger,
      clock: new ManualClock(),
      guard: new HostGuard('0.0.0.0', []),
      bodyTimeoutMs: 1000,
      maxBodies: 1,
      closing: new AbortController().signal,
    });
    const request = new Request('http://10.0.0.1/v1/checkpoints', { method: 'POST' });
    const response = await routes.fetch(request, { incoming, outgoing: new ServerResponse(incoming) });
    expect(response.status).toBe(status);
  });

  it('makes one at a time', async () => {
    let called = (): void => undefined;
    const isUnderWay = new Promise<void>((resolve) => (called = resolve));
    let finish = (): void => undefined;
    const post = await start((id) => {
      called();
      return new Promise((resolve) => (finish = () => resolve(made(id ?? ''))));
    });
    const first = post('{"id":"first"}');
    await isUnderWay;
    expect(await post('{"id":"second"}')).toMatchObject({ status: 503, answer: { error: { code: 'busy' } } });
    finish();
    expect((await first).status).toBe(201);
  });

  it.each([
    ['state', 'STATE_FULL', 503],
    ['internal', 'RUN_STATE', 503],
    ['state', 'STATE_FAILED', 500],
    ['configuration', 'CONFIG_INVALID', 400],
  ] as const)('says why it could not: %s %s by %d', async (kind, code, status) => {
    const post = await start(() => Promise.reject(new ProcessorError(kind, code, 'no room')));
    const error = { code: code.toLowerCase(), message: 'no room' };
    expect(await post('{}')).toEqual({ status, answer: { error } });
  });

  it('is not there without a state to make checkpoints of', async () => {
    const post = await start(undefined);
    const error = { code: 'not_found', message: expect.stringContaining('state.backend: rocksdb') };
    expect(await post('{}')).toMatchObject({ status: 404, answer: { error } });
  });
});
