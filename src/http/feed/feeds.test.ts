import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { monitorOf, resultOf, type ResultSample, type SeenRun } from '../../monitor/monitor-fixtures.contract.ts';
import { settle } from '../../runtime/run-fixtures.contract.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { streamMessage } from '../api/result-shapes.ts';
import { raw, SECRET, start, until, type Started } from '../http-fixtures.contract.ts';
import type { HttpServerOptions } from '../server.ts';

interface Message {
  readonly type: string;
  readonly id: string;
  readonly reason?: string;
  readonly result?: { readonly id: string };
}

/** Somebody who follows, over either protocol. */
interface Client {
  readonly messages: Message[];
  /** How it ended, once it has. */
  readonly ended: Promise<string>;
  readonly leave: () => void;
  /** Waits until what it had to answer has been heard by the server. */
  readonly answered: () => Promise<unknown>;
}

interface Follow {
  readonly query?: string;
  readonly lastEventId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Connect = (started: Started, follow?: Follow) => Promise<Client>;

const overEvents: Connect = async ({ url }, { query = '', lastEventId, headers } = {}) => {
  const leaving = new AbortController();
  const response = await fetch(`${url}/v1/stream${query}`, {
    signal: leaving.signal,
    headers: { ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }), ...headers },
  });
  if (response.status !== 200) throw new Error(String(response.status));
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const messages: Message[] = [];
  const read = async (): Promise<string> => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) messages.push(messageOf(event));
    }
    return 'end';
  };
  return {
    messages,
    ended: read().catch(() => 'cut off'),
    leave: () => leaving.abort(),
    answered: () => Promise.resolve(),
  };
};

function messageOf(event: string): Message {
  const fields = new Map(
    event.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const [id = '', type = 'position'] = [fields.get('id'), fields.get('event')];
  const data = fields.has('data') ? (JSON.parse(fields.get('data') ?? '') as object) : {};
  return type === 'result' ? { type, id, result: data as { readonly id: string } } : { type, id, ...data };
}

const overWebSocket: Connect = async ({ port }, { query = '', lastEventId, headers } = {}) => {
  const after = lastEventId === undefined ? '' : `${query === '' ? '?' : '&'}after=${encodeURIComponent(lastEventId)}`;
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}/v1/stream${query}${after}`, { headers: { ...headers } });
  onTestFinished(() => socket.terminate());
  const pinged = new Promise((resolve) => socket.once('ping', resolve));
  const messages: Message[] = [];
  // In a form that is documented, or this throws.
  socket.on('message', (data: Buffer) => messages.push(streamMessage.parse(JSON.parse(data.toString()))));
  const ended = new Promise<string>((resolve) => socket.on('close', (code) => resolve(String(code))));
  const refused = once(socket, 'unexpected-response').then(([, response]) => {
    throw new Error(String((response as { readonly statusCode: number }).statusCode));
  });
  await Promise.race([once(socket, 'open'), refused]);
  const answered = async (): Promise<void> => {
    await pinged;
    // Answered in order: what came before it has been heard.
    const heard = once(socket, 'pong');
    socket.ping();
    await heard;
  };
  return { messages, ended, leave: () => socket.close(), answered };
};

async function serving(seen: SeenRun = {}, options: Partial<HttpServerOptions> = {}) {
  const { monitor, deliver } = monitorOf(seen);
  const started = await start({ monitor, ...(seen.clock === undefined ? {} : { clock: seen.clock }), ...options });
  return { monitor, started, deliver: (...samples: ResultSample[]) => deliver(...samples.map(resultOf)) };
}

const starts = (client: Client): string[] =>
  client.messages.flatMap(({ result }) => result?.id.split('/').at(-3) ?? []);
const some = (count: number, from = 0, sample: ResultSample = {}): ResultSample[] =>
  Array.from({ length: count }, (_, n) => ({ ...sample, start: (from + n) * 10 }));

describe.each([
  ['server-sent events', overEvents],
  ['a WebSocket', overWebSocket],
] as const)('those who follow the results over %s', (protocol, connect) => {
  it('get each as it is delivered, in its documented form', async () => {
    const { started, deliver, monitor } = await serving();
    deliver(...some(3));
    const client = await connect(started);
    deliver(...some(2, 3));
    await until(() => starts(client).length === 2);
    expect(client.messages).toEqual([
      { type: 'position', id: `${monitor.instance}-3` },
      { type: 'result', id: `${monitor.instance}-4`, result: JSON.parse(JSON.stringify(resultOf({ start: 30 }))) },
      { type: 'result', id: `${monitor.instance}-5`, result: JSON.parse(JSON.stringify(resultOf({ start: 40 }))) },
    ]);
    client.leave();
  });

  it('go on where they were, with nothing left out and nothing twice', async () => {
    const { started, deliver, monitor } = await serving();
    deliver(...some(10));
    const client = await connect(started, { lastEventId: `${monitor.instance}-6` });
    deliver(...some(1, 10));
    await until(() => starts(client).length === 5);
    expect(starts(client)).toEqual(['60', '70', '80', '90', '100']);
    expect(client.messages.filter(({ type }) => type === 'reset')).toEqual([]);
    const all = await connect(started, { lastEventId: '0' });
    await until(() => starts(all).length === 11);
  });

  it.each([
    ['what they had not had is no longer kept', (instance: string) => `${instance}-3`, 'gone'],
    ['the processor is another', () => 'zzz-3', 'restarted'],
    ['it has not come so far', (instance: string) => `${instance}-9999`, 'restarted'],
    ['they name no place', () => 'yesterday', 'unknown'],
  ])('are told where %s, and get what there is', async (_, idOf, reason) => {
    const { started, deliver, monitor } = await serving({ options: { historyBytes: 64_000 } });
    deliver(...some(100));
    const client = await connect(started, { lastEventId: idOf(monitor.instance) });
    const { oldest } = monitor.stream;
    expect(oldest).toBeGreaterThan(4);
    await until(() => starts(client).length === 101 - oldest);
    expect(client.messages.find(({ type }) => type === 'reset')).toMatchObject({ reason });
    expect(starts(client)[0]).toBe(String((oldest - 1) * 10));
  });

  it('get only what they ask for, and go on all the same', async () => {
    const { started, deliver, monitor } = await serving();
    const client = await connect(started, { query: '?key=k%3Da&key=k%3Db&window=tumbling' });
    deliver(
      ...some(1),
      ...some(1, 1, { key: 'c' }),
      ...some(1, 2, { key: 'b' }),
      ...some(1, 3, { windowName: 'other' }),
    );
    await until(() => starts(client).length === 2);
    expect(starts(client)).toEqual(['0', '20']);
    const next = await connect(started, { lastEventId: `${monitor.instance}-1` });
    await until(() => starts(next).length === 3);
  });

  it('get a sign of life while nothing happens', async () => {
    const clock = new ManualClock(1_000_000);
    const { started, monitor } = await serving({ clock }, { beatIntervalMs: 1000 });
    const client = await connect(started);
    await until(() => client.messages.length === 1 && monitor.stream.waiting === 1);
    await client.answered();
    clock.advance(1000);
    await until(() => client.messages.length === 2);
    expect(client.messages[1]).toEqual(client.messages[0]);
  });

  it('are so many at most, and no longer counted when they leave', async () => {
    const { started } = await serving({}, { maxFollowers: 2 });
    const clients = [await connect(started), await connect(started)];
    await expect(connect(started)).rejects.toThrow('503');
    clients[0]?.leave();
    await clients[0]?.ended;
    let third: Client | undefined;
    while (third === undefined) third = await connect(started).catch(() => undefined);
    third.leave();
  });

  it.each([
    ['a foreign Host', { host: 'evil.example' }, '403'],
    ['a foreign Origin', { origin: 'http://evil.example' }, '403'],
    ['no token', {}, '401'],
    ['a wrong token', { authorization: 'Bearer x' }, '401'],
  ])('are refused with %s', async (_, headers, status) => {
    const { started } = await serving({}, status === '401' ? { token: SECRET } : {});
    // A browser's fetch does not let anybody choose the host, so that is asked for by hand.
    const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}`);
    const upgrade = protocol === 'a WebSocket' ? 'Upgrade: websocket\r\nConnection: Upgrade' : 'Connection: close';
    const { closed } = raw(started.port, `GET /v1/stream HTTP/1.1\r\n${lines.join('\r\n')}\r\n${upgrade}\r\n\r\n`);
    expect(await closed).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('are let in with the token', async () => {
    const { started } = await serving({}, { token: SECRET });
    const client = await connect(started, { headers: { authorization: `Bearer ${SECRET}` } });
    await until(() => client.messages.length === 1);
    expect(client.messages).toMatchObject([{ type: 'position' }]);
  });

  it.each(['?after=1&after=2', '?keys=a'])('are told what is wrong with %s', async (query) => {
    const { started } = await serving();
    await expect(connect(started, { query })).rejects.toThrow('400');
  });

  it('are let go when the server closes', async () => {
    const { started } = await serving();
    const client = await connect(started);
    await started.server.close();
    expect(await client.ended).toBe(protocol === 'a WebSocket' ? '1001' : 'end');
  });
});

describe('one who follows and never reads', () => {
  const upgrade =
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

  it.each([
    ['server-sent events', ''],
    ['a WebSocket', upgrade],
  ])('over %s is dropped, and holds no more than a piece', async (_, headers) => {
    const clock = new ManualClock(1_000_000);
    const { started, deliver, monitor } = await serving(
      { clock, options: { historyBytes: 4e9 } },
      { stallTimeoutMs: 1000 },
    );
    const { socket, closed } = raw(
      started.port,
      `GET /v1/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`,
    );
    socket.pause();
    await until(() => monitor.stream.waiting === 1);
    // More than any buffer of the system takes.
    const key = 'x'.repeat(20_000);
    for (let n = 0; n < 40; n += 1) {
      deliver(...some(20, n * 20, { key }));
      await settle(clock, 2);
    }
    // It waits for room: for nothing new, that is.
    expect(monitor.stream.waiting).toBe(0);
    clock.advance(1000);
    await settle(clock, 50);
    expect(clock.sleeping).toBe(0);
    socket.resume();
    const received = (await closed).length;
    expect(received).toBeLessThan(40 * 20 * key.length * 3);
    await started.server.close();
  });

  it('is dropped when results go that it has not had, and told of it when it comes back', async () => {
    const { started, deliver, monitor } = await serving({ options: { historyBytes: 64_000 } });
    const client = await overWebSocket(started);
    await until(() => client.messages.length === 1);
    deliver(...some(200));
    expect(await client.ended).toMatch(/^10(13|06)$/);
    const again = await overWebSocket(started, { lastEventId: `${monitor.instance}-0` });
    await until(() => starts(again).length === 201 - monitor.stream.oldest);
    expect(again.messages.find(({ type }) => type === 'reset')).toMatchObject({ reason: 'gone' });
  });
});

describe('a WebSocket', () => {
  it('that says too much is closed', async () => {
    const { started } = await serving();
    const socket = new WebSocket(`ws://127.0.0.1:${String(started.port)}/v1/stream`);
    await once(socket, 'open');
    socket.send('x'.repeat(2000));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1009);
  });

  it('whose other end answers no ping is closed', async () => {
    const clock = new ManualClock(1_000_000);
    const { started, monitor } = await serving({ clock }, { beatIntervalMs: 1000, stallTimeoutMs: 60_000 });
    const socket = new WebSocket(`ws://127.0.0.1:${String(started.port)}/v1/stream`, { autoPong: false });
    await once(socket, 'open');
    await until(() => monitor.stream.waiting === 1);
    clock.advance(1000);
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1001);
  });

  it.each(['/', '/v1/status', '/v1/events', '/nothing'])('is not to be had at %s', async (path) => {
    const { started } = await serving();
    const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`;
    expect(await raw(started.port, head).closed).toMatch(/^HTTP\/1\.1 404 /);
  });
});
