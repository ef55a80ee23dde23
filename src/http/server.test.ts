import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import type { StatusSnapshot } from '../runtime/status.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import { ManualClock } from '../time/manual-clock.ts';
import type { HttpIntakeOutcome } from '../sources/http/intake-outcome.ts';
import { post, raw, SECRET, SNAPSHOT, start, TestIntake, until } from './http-fixtures.contract.ts';
import type { HttpIntake } from './http-intake.ts';
import { createServer, type HttpServerOptions } from './server.ts';

describe('GET /health and /ready', () => {
  const cases: [Partial<StatusSnapshot>, number, string, number][] = [
    [{}, 200, 'ok', 200],
    [{ health: 'degraded' }, 200, 'degraded', 200],
    [{ health: 'failed' }, 503, 'failed', 503],
    [{ state: 'failed', health: 'failed' }, 503, 'failed', 503],
    [{ state: 'starting' }, 503, 'starting', 503],
    [{ state: 'stopping' }, 503, 'stopping', 503],
    [{ state: 'finished' }, 503, 'finished', 503],
  ];
  it.each(cases)('of a run with %o answer %i %s, and %i', async (change, status, word, readyStatus) => {
    const { url } = await start({ status: () => ({ ...SNAPSHOT, ...change }) });
    const health = await fetch(`${url}/health`);
    expect(health.status).toBe(status);
    expect(await health.json()).toMatchObject({ status: word });
    const ready = await fetch(`${url}/ready`);
    expect(ready.status).toBe(readyStatus);
    expect(await ready.json()).toMatchObject({ ready: readyStatus === 200 });
  });

  it('says how far the taking up of the state is', async () => {
    const { url } = await start({
      status: () => ({
        ...SNAPSHOT,
        state: 'starting',
        stateStatus: { ...SNAPSHOT.stateStatus, recovery: { percent: 42 }, lastCommit: null, lastCheckpoint: null },
      }),
    });
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
      status: 'starting',
      recovery: { percent: 42 },
      state: { last_commit: null, last_checkpoint: null },
    });
  });

  it('says what there is to know, in snake case', async () => {
    const { url } = await start();
    expect(await (await fetch(`${url}/health`)).json()).toEqual({
      status: 'ok',
      pipeline: 'processor',
      uptime_seconds: 61,
      components: { source: { status: 'ok', message: null } },
      epoch: 7,
      watermark: '2023-11-16T18:15:00.000Z',
      active_windows: 3,
      firing: true,
      state_size_bytes: 512,
      state: {
        backend: 'memory',
        full: false,
        last_commit: { epoch: 7, age_seconds: 1.5, duration_seconds: 0.002 },
        last_checkpoint: {
          id: 'auto-20231116T181500Z-6',
          age_seconds: 60,
          size_bytes: 4096,
          duration_seconds: 0.012,
        },
        checkpoint_failures: 1,
      },
      events: { read: 10, rejected: 1, filtered: 0, late_accepted: 0, late_dropped: 0 },
    });
  });

  it('has no watermark while it is infinite, and takes __proto__ as the name of a component', async () => {
    const components = Object.fromEntries([['__proto__', { status: 'degraded' as const, message: 'slow' }]]);
    const { url } = await start({ status: () => ({ ...SNAPSHOT, watermark: -Infinity, components }) });
    const text = await (await fetch(`${url}/health`)).text();
    expect(text).toContain('"watermark":null');
    expect(text).toContain('"components":{"__proto__":{"status":"degraded","message":"slow"}}');
  });
});

describe('the pages', () => {
  it('serves metrics in the text format of Prometheus', async () => {
    const metrics = new ProcessorMetrics();
    metrics.recordEventProcessed(3);
    const { url } = await start({ metrics });
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toContain('events_processed_total 3\n');
  });

  it('lists the pages that there are', async () => {
    const list = async (options: Partial<HttpServerOptions>): Promise<string> =>
      (await fetch(`${(await start(options)).url}/v1`)).text();
    expect(await list({})).not.toContain('/v1/events');
    expect(await list({ intake: new TestIntake() })).toContain('/v1/events');
  });

  it('sends security headers with everything, errors included', async () => {
    const { url } = await start();
    for (const path of ['/v1', '/health', '/metrics', '/nothing']) {
      const { headers } = await fetch(url + path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('answers 404 to unknown pages and 405 to other methods', async () => {
    const { url } = await start({ intake: new TestIntake() });
    const missing = await fetch(`${url}/nothing`);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: { code: 'not_found' } });
    const wrong = await fetch(`${url}/health`, { method: 'DELETE' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await wrong.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
    const get = await fetch(`${url}/v1/events`);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    const head = await fetch(`${url}/health`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('hides from the client why a page failed, and says it to the log', async () => {
    const logged: object[] = [];
    const log = (fields: object): void => void logged.push(fields);
    const { url } = await start({
      status: () => {
        throw new Error(`password ${SECRET}`);
      },
      logger: { debug: log, info: log, warn: log, error: log },
    });
    const response = await fetch(`${url}/health`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain(SECRET);
    expect(logged).toMatchObject([{ method: 'GET', path: '/health' }]);
  });
});

describe('POST /v1/events', () => {
  it('hands the body to the intake and answers 202', async () => {
    const intake = new TestIntake();
    intake.outcome = { status: 202, accepted: 2, rejected: [] };
    const { url } = await start({ intake });
    const response = await post(url, '{"a":1}\n{"a":2}\n');
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ accepted: 2 });
    expect(intake.bodies).toEqual(['{"a":1}\n{"a":2}\n']);
  });

  const rejection = { index: 1, reason: 'not_json', message: 'not JSON' };
  const outcomes: [HttpIntakeOutcome, string, string | null][] = [
    [{ status: 400, accepted: 1, rejected: [rejection] }, 'invalid_events', null],
    [{ status: 413, accepted: 0, rejected: [] }, 'too_large', null],
    [{ status: 415, accepted: 0, rejected: [], message: 'send application/json' }, 'unsupported_type', null],
    [{ status: 429, accepted: 0, rejected: [], retryAfterSeconds: 2.4 }, 'too_many', '3'],
    [{ status: 503, accepted: 0, rejected: [] }, 'unavailable', '1'],
  ];
  it.each(outcomes)('passes on the outcome %o', async (outcome, code, retryAfter) => {
    const intake = new TestIntake();
    intake.outcome = outcome;
    const { url } = await start({ intake });
    const response = await post(url, '{}');
    expect(response.status).toBe(outcome.status);
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    const { accepted, rejected, message } = outcome;
    expect(await response.json()).toMatchObject({
      accepted,
      rejected,
      error: message === undefined ? { code } : { code, message },
    });
  });

  it('is not there without an intake', async () => {
    const { url } = await start();
    const response = await post(url, '{}');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('source.type: http') } });
  });

  it.each([[undefined], ['Bearer wrong'], [SECRET]])('asks for the token where %s is given', async (authorization) => {
    const intake = new TestIntake(SECRET);
    const { url } = await start({ intake });
    const response = await post(url, '{}', authorization === undefined ? {} : { authorization });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="processor"');
    expect(await response.text()).not.toContain(SECRET);
    expect(intake.bodies).toEqual([]);
    expect((await post(url, '{}', { authorization: `Bearer ${SECRET}` })).status).toBe(202);
  });

  it('refuses a body that announces too many bytes without reading it', async () => {
    const intake = new TestIntake();
    const { port } = await start({ intake });
    const request = `POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n`;
    const { closed } = raw(port, request);
    expect(await closed).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('takes a body of exactly the limit', async () => {
    const intake = new TestIntake();
    const { url } = await start({ intake });
    expect((await post(url, 'x'.repeat(1000))).status).toBe(202);
    const tooLong = await post(url, 'x'.repeat(1001));
    expect(tooLong.status).toBe(413);
    expect(await tooLong.json()).toMatchObject({ error: { code: 'too_large' } });
    expect(intake.bodies).toHaveLength(1);
  });

  it('cuts off a chunked body that goes past the limit and never ends', async () => {
    const intake = new TestIntake();
    const { port } = await start({ intake });
    const head = 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
    const { closed } = raw(port, `${head}400\r\n${'x'.repeat(0x400)}\r\n400\r\n`);
    const response = await closed;
    expect(response).toMatch(/^HTTP\/1\.1 413 /);
    expect(response).toContain('"too_large"');
    expect(intake.bodies).toEqual([]);
  });

  it('answers 408 to a body that does not arrive in time, and hangs up', async () => {
    const intake = new TestIntake();
    const clock = new ManualClock();
    const { port } = await start({ intake, clock, bodyTimeoutMs: 100 });
    const { closed } = raw(port, 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx');
    await until(() => clock.sleeping === 1);
    clock.advance(100);
    const response = await closed;
    expect(response).toMatch(/^HTTP\/1\.1 408 /);
    expect(response.toLowerCase()).toContain('connection: close');
    expect(intake.bodies).toEqual([]);
  });

  it('hangs up on headers that do not arrive in time', async () => {
    const { port } = await start({ headersTimeoutMs: 50 });
    const { closed } = raw(port, 'GET /health HTTP/1.1\r\nHost: local');
    expect(await closed).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  it('receives a bounded number of bodies at a time', async () => {
    const clock = new ManualClock();
    const { url, port } = await start({ intake: new TestIntake(), clock, maxBodies: 1 });
    const slow = raw(port, 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{');
    await until(() => clock.sleeping === 1);
    const refused = await post(url, '{}');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    slow.socket.write('}');
    await until(() => clock.sleeping === 0);
    expect((await post(url, '{}')).status).toBe(202);
    slow.socket.destroy();
  });

  it('forgets a body whose client goes away', async () => {
    const clock = new ManualClock();
    const intake = new TestIntake();
    const { url, port } = await start({ intake, clock, maxBodies: 1 });
    const gone = raw(port, 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{');
    await until(() => clock.sleeping === 1);
    gone.socket.destroy();
    await until(() => clock.sleeping === 0);
    expect((await post(url, '{}')).status).toBe(202);
    expect(intake.bodies).toEqual(['{}']);
  });
});

describe('requests of foreign pages', () => {
  async function statusOf(port: number, head: string): Promise<string> {
    const { closed } = raw(port, `${head}\r\nConnection: close\r\n\r\n`);
    return (await closed).split('\r\n')[0] ?? '';
  }

  it.each([
    ['localhost', '200'],
    ['LOCALHOST:1234', '200'],
    ['localhost.', '200'],
    ['127.0.0.1', '200'],
    ['127.8.9.1:80', '200'],
    ['[::1]:8080', '200'],
    ['proxy.internal', '200'],
    ['evil.example', '403'],
    ['localhost.evil.example', '403'],
    ['127.0.0.1.evil.example', '403'],
    ['evil.example:80@localhost', '403'],
    ['10.0.0.1', '403'],
    ['', '403'],
  ])('answer to the Host %j with %s', async (host, status) => {
    const { port } = await start({ allowedHosts: ['proxy.internal'] });
    const answer = await statusOf(port, `GET /health HTTP/1.1\r\nHost: ${host}`);
    // A header that no URL can be made of is refused as bad before it is looked at.
    if (status === '403') expect(answer).toMatch(/^HTTP\/1\.1 40[03] /);
    else expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('cannot name a foreign host in the request line either', async () => {
    const { port } = await start();
    expect(await statusOf(port, 'GET http://evil.example/health HTTP/1.1\r\nHost: localhost')).toContain('403');
    expect(await statusOf(port, 'GET http://localhost/health HTTP/1.1\r\nHost: localhost')).toContain('200');
    expect(await statusOf(port, 'GET /health HTTP/1.0\r\nX: y')).toContain('403');
  });

  it('are let through by address where the server listens on every address', async () => {
    const { port } = await start({ host: '0.0.0.0' });
    expect(await statusOf(port, 'GET /health HTTP/1.1\r\nHost: 10.0.0.1')).toContain('200');
    expect(await statusOf(port, 'GET /health HTTP/1.1\r\nHost: evil.example')).toContain('403');
  });

  it.each([
    ['http://evil.example', 403],
    ['null', 403],
    ['http://localhost:1', 403],
    ['file://', 403],
    ['http://localhost:8080', 202],
  ])('with the Origin %s are answered %i', async (origin, status) => {
    const intake = new TestIntake();
    const { port } = await start({ intake });
    const head = `POST /v1/events HTTP/1.1\r\nHost: localhost:8080\r\nOrigin: ${origin}\r\nContent-Length: 0`;
    expect(await statusOf(port, head)).toContain(` ${String(status)} `);
    expect(intake.bodies).toHaveLength(status === 202 ? 1 : 0);
  });

  it('with more headers than a client needs are refused, even if they hide one', async () => {
    const { port } = await start();
    const many = Array.from({ length: 150 }, (_, i) => `X-${String(i)}: y`).join('\r\n');
    expect(
      await statusOf(port, `GET /health HTTP/1.1\r\nHost: localhost\r\n${many}\r\nOrigin: http://evil.example`),
    ).toContain('431');
    expect(await statusOf(port, `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(20_000)}`)).toContain(
      '431',
    );
  });
});

describe('listening', () => {
  it.each(['0.0.0.0', '::', '192.168.1.5', 'example.com'])('on %s needs a token for the intake', (host) => {
    const options = { status: () => SNAPSHOT, metrics: new ProcessorMetrics(), host, port: 0 };
    expect(() => createServer({ ...options, intake: new TestIntake() })).toThrow(
      /set a token.*or listen on 127\.0\.0\.1/,
    );
    expect(() => createServer({ ...options, intake: new TestIntake(SECRET) })).not.toThrow();
    expect(() => createServer(options)).not.toThrow();
  });

  it('names the address and the setting when the port is in use', async () => {
    const { port } = await start();
    const error: unknown = await start({ port }).catch((reason: unknown) => reason);
    expect(ProcessorError.is(error, 'configuration')).toBe(true);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', path: 'http.port', cause: { code: 'EADDRINUSE' } });
    expect(String(error)).toContain(`127.0.0.1:${String(port)} is in use`);
    expect(String(error)).toContain('http.port');
  });

  it('names the setting when the address is not of this machine', async () => {
    await expect(start({ host: '203.0.113.1' })).rejects.toMatchObject({ code: 'CONFIG_INVALID', path: 'http.host' });
  });

  it.each([-1, 65_536, 1.5, Number.NaN])('refuses the port %s', async (port) => {
    await expect(start({ port })).rejects.toMatchObject({ code: 'CONFIG_INVALID', path: 'http.port' });
  });

  it('ends at close, waiting for requests under way', async () => {
    const gate: { open: () => void } = { open: () => undefined };
    let entered = false;
    const accept = (): Promise<HttpIntakeOutcome> =>
      new Promise((resolve) => {
        entered = true;
        gate.open = () => resolve({ status: 202, accepted: 1, rejected: [] });
      });
    const slow: HttpIntake = { maxBodyBytes: 10, authorized: () => true, accept };
    const { server, url } = await start({ intake: slow, clock: new ManualClock() });
    const response = post(url, '{}');
    await until(() => entered);
    const closing = server.close();
    gate.open();
    expect((await response).status).toBe(202);
    await closing;
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
  });

  it('cuts off at close what does not end in time', async () => {
    const clock = new ManualClock();
    const { server, port } = await start({
      intake: new TestIntake(),
      clock,
      closeTimeoutMs: 1000,
      bodyTimeoutMs: 60_000,
    });
    const { closed } = raw(port, 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{');
    await until(() => clock.sleeping === 1);
    const closing = server.close();
    await until(() => clock.sleeping === 2);
    clock.advance(1000);
    await closing;
    expect(await closed).toBe('');
  });

  it('closes twice, or without having listened, without complaint', async () => {
    const options = { status: () => SNAPSHOT, metrics: new ProcessorMetrics(), port: 0 };
    await expect(createServer(options).close()).resolves.toBeUndefined();
    const server = createServer(options);
    await server.listen();
    await expect(Promise.all([server.close(), server.close()])).resolves.toEqual([undefined, undefined]);
  });
});
