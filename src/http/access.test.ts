import { describe, expect, it } from 'vitest';
import { monitorOf } from '../monitor/monitor-fixtures.contract.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import { SECRET, SNAPSHOT, start, TestIntake } from './http-fixtures.contract.ts';
import { createServer } from './server.ts';

const INTAKE_TOKEN = 'canary-intake';
const JSON_TYPE = { 'content-type': 'application/json' };

describe('a server with a token', () => {
  it.each([
    ['GET', '/', 200],
    ['GET', '/health', 200],
    ['GET', '/ready', 200],
    ['GET', '/metrics', 200],
    ['GET', '/v1', 401],
    ['GET', '/v1/status', 401],
    ['HEAD', '/v1/status', 401],
    ['GET', '/v1/stream', 401],
    ['GET', '/v1/openapi.json', 401],
    ['GET', '/v1/nothing', 401],
    ['GET', '//v1/status', 404],
    ['GET', '/V1/status', 404],
    ['GET', '/%76%31/status', 401],
    ['POST', '/v1/events', 401],
    ['POST', '/v1/checkpoints', 401],
  ])('answers %s %s without it by %d', async (method, path, status) => {
    const { monitor } = monitorOf();
    const checkpoint = () => Promise.reject(new Error('not to be asked'));
    const { url } = await start({ monitor, token: SECRET, intake: new TestIntake(), checkpoint });
    const response = await fetch(url + path, { method, redirect: 'manual', headers: JSON_TYPE });
    // Without a build there is no page, and the list of pages takes its place.
    expect(response.status === 302 ? 200 : response.status).toBe(status);
    expect(response.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer realm="processor"' : null);
    expect(await response.text()).not.toContain(SECRET);
  });

  it.each([
    [`Bearer ${SECRET}`, 200],
    [`Bearer ${SECRET}x`, 401],
    [`Bearer ${SECRET.slice(1)}`, 401],
    [`Basic ${SECRET}`, 401],
    [SECRET, 401],
    ['Bearer', 401],
  ])('answers to %j by %d', async (authorization, status) => {
    const { url } = await start({ monitor: monitorOf().monitor, token: SECRET });
    expect((await fetch(`${url}/v1/status`, { headers: { authorization } })).status).toBe(status);
  });

  it('takes events by the token of their own where they have one, which is good for nothing else', async () => {
    const intake = new TestIntake(INTAKE_TOKEN);
    const { url } = await start({ monitor: monitorOf().monitor, token: SECRET, intake });
    const post = async (token: string): Promise<number> => {
      const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` };
      return (await fetch(`${url}/v1/events`, { method: 'POST', body: '{}', headers })).status;
    };
    expect([await post(INTAKE_TOKEN), await post(SECRET)]).toEqual([202, 401]);
    const headers = { authorization: `Bearer ${INTAKE_TOKEN}` };
    expect((await fetch(`${url}/v1/status`, { headers })).status).toBe(401);
  });

  it('makes checkpoints for whoever has it, from wherever', async () => {
    const checkpoint = async () => ({ id: 'made', createdAt: 0, sizeBytes: 0 });
    const { url } = await start({ token: SECRET, checkpoint, intake: new TestIntake(INTAKE_TOKEN) });
    const post = async (token: string): Promise<number> => {
      const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` };
      return (await fetch(`${url}/v1/checkpoints`, { method: 'POST', body: '{}', headers })).status;
    };
    expect([await post(SECRET), await post(INTAKE_TOKEN)]).toEqual([201, 401]);
  });
});

describe('a server that others can reach', () => {
  const options = { status: () => SNAPSHOT, metrics: new ProcessorMetrics(), port: 0 };

  it.each(['0.0.0.0', '::', '192.168.1.5', 'example.com'])('at %s takes a token', (host) => {
    const { monitor } = monitorOf();
    expect(() => createServer({ ...options, host, monitor })).toThrow(
      /anybody could see what is processed: set http\.token \(PROCESSOR_HTTP__TOKEN\), or listen on 127\.0\.0\.1/,
    );
    expect(() => createServer({ ...options, host, monitor, token: SECRET })).not.toThrow();
    const intake = new TestIntake();
    expect(() => createServer({ ...options, host, monitor, intake })).toThrow(/see what is processed and post events/);
    expect(() => createServer({ ...options, host, intake, token: SECRET })).not.toThrow();
  });

  it.each(['', 'two words', 'tab\t', 'größe'])('refuses the token %j, which no header could carry', (token) => {
    expect(() => createServer({ ...options, token })).toThrow(/http\.token/);
  });
});

it('a request without a body may not have one', async () => {
  const { url } = await start();
  const response = await fetch(`${url}/health`, { method: 'DELETE', body: 'x'.repeat(1e6) });
  expect([response.status, response.headers.get('connection')]).toEqual([413, 'close']);
});
