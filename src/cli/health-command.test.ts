import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { main } from './cli.ts';
import { fakeParts, fakeProcess } from './fake-process.contract.ts';

let server: Server | undefined;
afterEach(() => server?.close());

async function serving(status: number, body: string): Promise<string> {
  server = createServer((request, response) => {
    response.statusCode = request.url === '/health' ? status : 404;
    response.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

async function health(...options: readonly string[]) {
  const io = fakeProcess();
  const code = await main(['health', ...options], io, fakeParts());
  return { code, out: io.stdout.text, err: io.stderr.text };
}

const OK = { status: 'ok', message: null };

describe('health', () => {
  it.each<[string, number, object, number, string]>([
    ['is well', 200, { status: 'ok', pipeline: 'p', components: { source: OK } }, 0, 'p: ok\n'],
    [
      'is degraded, and says where',
      200,
      {
        status: 'degraded',
        pipeline: 'p',
        components: { source: OK, state: { status: 'degraded', message: 'disk full' } },
      },
      0,
      'p: degraded\n  state: disk full\n',
    ],
    ['is not up yet', 503, { status: 'starting', pipeline: 'p', components: {} }, 1, 'p: starting\n'],
  ])('of a processor that %s', async (_, status, body, code, out) => {
    const url = await serving(status, JSON.stringify(body));
    expect(await health('--url', url)).toEqual({ code, out, err: '' });
  });

  it('gives all of the answer as JSON', async () => {
    const body = JSON.stringify({ status: 'ok', pipeline: 'p', components: {}, epoch: 7 });
    expect(await health('--url', `${await serving(200, body)}/`, '--json')).toEqual({
      code: 0,
      out: `${body}\n`,
      err: '',
    });
  });

  it('says that something else answers', async () => {
    const url = await serving(200, '<html>');
    const err = `processor: what answers at ${url}/health is no processor (status 200)\n`;
    expect(await health('--url', url)).toEqual({ code: 1, out: '', err });
  });

  it('says that an address is none', async () => {
    const err =
      'processor: --url: "localhost:8080" is not a URL; write where the processor listens, such as http://127.0.0.1:8080\n';
    expect(await health('--url', 'localhost:8080')).toEqual({ code: 2, out: '', err });
  });

  it('says that nothing answers', async () => {
    const url = await serving(200, '');
    server?.close();
    const { code, err } = await health('--url', url);
    expect(code).toBe(1);
    expect(err).toMatch(/^processor: nothing answers at http:\/\/127\.0\.0\.1:\d+\/health \(connect ECONNREFUSED/);
  });
});
