import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CERTIFICATE_PATHS } from '../../../test/servers/certificates.ts';
import { HttpReceiver } from '../../../test/servers/http-receiver.ts';
import { eventually } from '../../../test/waiting.ts';
import { ErrorHandler, ErrorPolicy } from '../../plan/error-handler.ts';
import { readings, readingsPipeline, settle } from '../../runtime/run-fixtures.contract.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { delivery, describeEventSink, testContext } from '../event-sink.contract.ts';
import { reported } from '../reported-results.contract.ts';
import { HttpSink } from './http-sink.ts';
import type { HttpSinkOptions } from './http-options.ts';
import { keyOfSecret, signatureOf } from './webhook-signature.ts';

const NOW = Date.UTC(2026, 2, 2, 9);
const SECRET = 'canary-secret-of-webhooks';

const results = (count: number, first = 1) =>
  Array.from({ length: count }, (_, i) => reported({ start: (first + i) * 1000, results: { count: first + i } }));

/** Ids of the results in bodies of type JSON. */
const idsIn = ({ received }: HttpReceiver): readonly string[] =>
  received.flatMap(({ body }) => (JSON.parse(body) as { results: { id: string }[] }).results.map(({ id }) => id));

/** What it comes to: empty where it is taken. */
async function outcome(work: Promise<void>): Promise<string> {
  try {
    await work;
    return '';
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
}

async function open(url: string, options: HttpSinkOptions = {}, clock = new ManualClock(NOW)) {
  const sink = new HttpSink(url, options);
  await sink.open({ ...testContext, clock });
  onTestFinished(() => sink.close());
  return { sink, clock, send: (count: number, epoch = 1) => sink.sendBatch(results(count), delivery(epoch)) };
}

async function receiving(options?: HttpSinkOptions) {
  const receiver = await HttpReceiver.listen();
  return { receiver, ...(await open(receiver.url(), options)) };
}

describeEventSink('HttpSink', async () => {
  const receiver = await HttpReceiver.listen();
  return {
    sink: new HttpSink(receiver.url()),
    item: (number) => results(1, number)[0] ?? reported(),
    arrived: () => idsIn(receiver).map((id) => Number(id.split('/')[3]) / 1000),
  };
});

describe('the requests of an HttpSink', () => {
  it('hold the results of a delivery, with what they belong to', async () => {
    const { receiver, send } = await receiving({ headers: { 'X-Team': 'llm' }, token: 'canary-1' });
    await send(2, 7);
    const [request] = receiver.received;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/hook',
      headers: {
        'content-type': 'application/json',
        'x-team': 'llm',
        authorization: 'Bearer canary-1',
        'idempotency-key': expect.stringMatching(/^[0-9a-f]{32}$/),
        'user-agent': 'llm-optimizer-processor',
      },
    });
    const sent = results(2).map((result) => JSON.parse(JSON.stringify(result)) as unknown);
    expect(JSON.parse(request?.body ?? '')).toEqual({ pipeline: 'processor', epoch: 7, results: sent });
    expect(request?.headers).not.toHaveProperty('webhook-signature');
  });

  it('are lines where that is asked for', async () => {
    const { receiver, send } = await receiving({ format: 'ndjson' });
    await send(2);
    expect(receiver.received[0]?.headers['content-type']).toBe('application/x-ndjson');
    expect(receiver.received[0]?.body).toBe(
      results(2)
        .map((result) => `${JSON.stringify(result)}\n`)
        .join(''),
    );
  });

  it('are cut at a number of bytes, go one after the other over one connection, and are known by their keys', async () => {
    const { receiver, send } = await receiving({ maxBodyBytes: 1000 });
    await send(10, 1);
    await send(10, 2);
    expect(receiver.received).toHaveLength(8);
    expect(idsIn(receiver)).toEqual([...results(10), ...results(10)].map(({ id }) => id));
    expect(new Set(receiver.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(8);
    expect(receiver.connections).toBe(1);
  });

  it('have the same keys when they are made again, by another process too, and are not made again where they were taken', async () => {
    const { receiver, send } = await receiving({ maxBodyBytes: 1000 });
    receiver.answer = (response) => response.writeHead(receiver.received.length === 3 ? 500 : 200).end();
    expect(await outcome(send(10))).toMatch(/^SINK_UNAVAILABLE: http:\/\/127\.0\.0\.1:\d+\/hook answered 500$/);
    await send(10);
    const keys = receiver.received.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(5);
    expect(keys[3]).toBe(keys[2]);
    const { send: sendAgain } = await open(receiver.url(), { maxBodyBytes: 1000 });
    await sendAgain(10);
    const again = receiver.received.slice(5).map(({ headers }) => headers['idempotency-key']);
    expect(again).toEqual([keys[0], keys[1], keys[2], keys[4]]);
  });

  it('are signed, for a receiver that knows the secret', async () => {
    const { receiver, send } = await receiving({ secret: [SECRET, 'another-secret-of-webhooks'] });
    await send(2);
    const [{ headers, body } = expect.fail()] = receiver.received;
    const id = String(headers['webhook-id']);
    expect(id).toBe(headers['idempotency-key']);
    expect(headers['webhook-timestamp']).toBe(String(NOW / 1000));
    const [first] = String(headers['webhook-signature']).split(' ');
    expect(first).toBe(signatureOf([keyOfSecret(SECRET)], id, NOW / 1000, body));
  });
});

describe('an answer to an HttpSink', () => {
  it.each([
    [301, /^SINK_FAILED: .* answered 301: .*; redirects are not followed$/],
    [400, /^SINK_FAILED: .* answered 400: no such field\. Try another$/],
    [401, /^SINK_FAILED: .*; check token and headers$/],
    [404, /^SINK_FAILED: .*; check the URL$/],
    [413, /^SINK_FAILED: .*; lower maxBodyBytes$/],
    [422, /^SINK_FAILED: /],
    [408, /^SINK_UNAVAILABLE: /],
    [409, /^SINK_UNAVAILABLE: /],
    [429, /^SINK_UNAVAILABLE: /],
    [500, /^SINK_UNAVAILABLE: /],
    [503, /^SINK_UNAVAILABLE: /],
    [200, /^$/],
    [202, /^$/],
  ])('of %d is %s', async (status, expected) => {
    const { receiver, send } = await receiving();
    receiver.answer = (response) =>
      response.writeHead(status, { location: '/other' }).end('no such\tfield.\r\nTry another\n');
    expect(await outcome(send(1))).toMatch(expected);
    expect(receiver.received).toHaveLength(1);
  });

  it.each([
    ['7', 7000],
    ['Mon, 02 Mar 2026 09:00:07 GMT', 7000],
    ['86400', 3_600_000],
    ['0', 0],
    ['Mon, 02 Mar 2020 09:00:00 GMT', 0],
    ['soon', 0],
  ])('with Retry-After: %s is waited out', async (after, pauseMs) => {
    const { receiver, send, clock } = await receiving();
    receiver.answer = (response) => response.writeHead(429, { 'retry-after': after }).end();
    expect(await outcome(send(1))).toMatch(/answered 429$/);
    if (pauseMs > 0) {
      clock.advance(pauseMs - 1);
      expect(await outcome(send(1))).toMatch(/^SINK_UNAVAILABLE: .* answered 429; to be tried again in 1ms$/);
      clock.advance(1);
    }
    expect(receiver.received).toHaveLength(1);
    receiver.answer = (response) => response.end();
    expect(await outcome(send(1))).toBe('');
  });

  it('that goes on for ever is cut off', async () => {
    const { receiver, send } = await receiving();
    receiver.answer = (response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1000)));
        if (!response.destroyed) response.once('drain', more);
      };
      response.writeHead(400);
      more();
    };
    const failed = await outcome(send(1));
    expect(failed).toMatch(/^SINK_FAILED: .* answered 400: xxx/);
    expect(failed.length).toBeLessThan(400);
  });

  it('that does not come in time is not waited for, and the next request is made over another connection', async () => {
    const { receiver, send, sink, clock } = await receiving({ requestTimeout: '5s' });
    receiver.answer = () => undefined;
    const slow = outcome(send(1));
    await eventually(() => expect(receiver.received).toHaveLength(1));
    clock.advance(5000);
    expect(await slow).toMatch(/^SINK_TIMEOUT: .* did not answer within 5s$/);
    const giveUp = new AbortController();
    const given = outcome(sink.sendBatch(results(1), { epoch: 1, signal: giveUp.signal }));
    await eventually(() => expect(receiver.received).toHaveLength(2));
    giveUp.abort();
    expect(await given).toMatch(/^SINK_TIMEOUT: .* did not answer in time$/);
    expect(await outcome(sink.sendBatch(results(1), { epoch: 1, signal: giveUp.signal }))).toMatch(/^SINK_TIMEOUT/);
    receiver.answer = (response) => response.end();
    expect(await outcome(send(1))).toBe('');
    expect(receiver.connections).toBe(3);
    expect(clock.sleeping).toBe(0);
  });

  it('that is no HTTP, or breaks off, is a fault of the server', async () => {
    let said = 'nonsense\r\n\r\n';
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => (said === '' ? socket.destroy() : socket.end(said)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { send } = await open(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    expect(await outcome(send(1))).toMatch(/^SINK_FAILED: .*cannot be reached: Parse Error/);
    said = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf';
    expect(await outcome(send(1))).toMatch(/^SINK_UNAVAILABLE: .*cannot be reached: aborted/);
    said = '';
    expect(await outcome(send(1))).toMatch(
      /^SINK_UNAVAILABLE: .*cannot be reached: (?:socket hang up|read ECONNRESET)/,
    );
  });
});

describe('an HttpSink', () => {
  it('says that the server is down, and goes on when it is back', async () => {
    const { receiver, send } = await receiving();
    await send(1, 1);
    const { port } = receiver;
    await receiver.close();
    await eventually(async () => expect(await outcome(send(1, 2))).toMatch(/^SINK_UNAVAILABLE: .*ECONNREFUSED/));
    const restarted = await HttpReceiver.listen({ port });
    await send(1, 2);
    expect(restarted.received).toHaveLength(1);
  });

  it('loses nothing in a pipeline whose receiver fails again and again, and repeats only under the same key', async () => {
    const receiver = await HttpReceiver.listen();
    receiver.answer = (response) => {
      const turn = receiver.received.length % 5;
      if (turn === 1) response.destroy();
      else response.writeHead(turn === 3 ? 503 : 200).end();
    };
    const expected: string[] = [];
    await readingsPipeline(readings(2000))
      .withTumblingWindow(10)
      .withBufferSize(64)
      .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ initialDelay: 1, maxDelay: 2 })))
      .withSink(new HttpSink(receiver.url(), { maxBodyBytes: 1000 }))
      .withSink({ name: 'kept', sendBatch: (items) => void expected.push(...items.map(({ id }) => id)) })
      .build()
      .run();
    const byKey = new Map(receiver.received.map((request) => [request.headers['idempotency-key'], request]));
    expect(receiver.received.length).toBeGreaterThan(byKey.size);
    const ids = [...byKey.values()].flatMap(({ body }) => (JSON.parse(body) as { results: { id: string }[] }).results);
    expect(ids.map(({ id }) => id)).toEqual(expected);
    expect(expected).toHaveLength(400);
  });

  it('encrypts, and verifies the server', async () => {
    const receiver = await HttpReceiver.listen({ encrypted: true });
    const { ca } = CERTIFICATE_PATHS;
    const { send } = await open(receiver.url('localhost'), { tls: { ca } });
    await send(1);
    expect(receiver.received).toHaveLength(1);
    const unknown = await open(receiver.url('localhost'));
    expect(await outcome(unknown.send(1))).toMatch(/^SINK_FAILED: .*cannot be reached: .*certificate/);
    const misnamed = await open(receiver.url('127.0.0.1'), { tls: { ca } });
    expect(await outcome(misnamed.send(1))).toMatch(/^SINK_FAILED: .*cannot be reached/);
    const missing = new HttpSink(receiver.url(), { tls: { ca: 'nowhere.pem' } });
    expect(await outcome(missing.open(testContext))).toMatch(/nowhere\.pem cannot be read/);
  });

  it('shows no secret, token or password', async () => {
    const { sink, send } = await open(`http://user:${SECRET}@127.0.0.1:1/x?key=${SECRET}`, {
      secret: SECRET,
      token: SECRET,
      headers: { a: SECRET },
    });
    const failed = await outcome(send(1));
    expect(failed).toMatch(/^SINK_UNAVAILABLE: http:\/\/127\.0\.0\.1:1\/x\?… cannot be reached/);
    await settle(new ManualClock());
    expect([failed, inspect(sink, { depth: 20, showHidden: true }), JSON.stringify(sink)].join()).not.toContain(SECRET);
  });

  it.each<[string, object, RegExp]>([
    ['ws://canary', {}, /needs a URL such as https:\/\/host:8080\/path$/],
    ['https:/user:canary@host', {}, /needs a URL/],
    ['https://host', { format: 'xml' }, /format is "json" or "ndjson", found "xml"/],
    ['https://host', { maxBodyBytes: 0.5 }, /maxBodyBytes/],
    ['https://host', { requestTimeout: 0 }, /requestTimeout must be longer than 0/],
    ['https://host', { secret: ['canary'] }, /the secret of an HTTP sink has 6 bytes/],
    ['https://host', { headers: { 'Content-Type': 'canary' } }, /the header "Content-Type" is set by the sink itself/],
    ['https://host', { headers: new Map([['Webhook-Id', 'canary']]) }, /is set by the sink itself/],
  ])('refuses %s with %o', (url, options, message) => {
    let said = '';
    try {
      void new HttpSink(url, options);
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(message);
    expect(said).not.toContain('canary');
  });
});
