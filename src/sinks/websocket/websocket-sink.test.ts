import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CERTIFICATE_PATHS } from '../../../test/servers/certificates.ts';
import { WebSocketPeer, type PeerOptions } from '../../../test/servers/websocket-peer.ts';
import { eventually, PATIENCE_MS } from '../../../test/waiting.ts';
import { ErrorHandler, ErrorPolicy } from '../../plan/error-handler.ts';
import { readingsPipeline, readings, rememberingLogger, settle } from '../../runtime/run-fixtures.contract.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { delivery, describeEventSink, testContext } from '../event-sink.contract.ts';
import type { Delivery, SinkContext } from '../event-sink.ts';
import { reported } from '../reported-results.contract.ts';
import { WebSocketSink } from './websocket-sink.ts';
import type { WebSocketSinkOptions } from './websocket-options.ts';

const results = (count: number, first = 1) =>
  Array.from({ length: count }, (_, i) => reported({ start: (first + i) * 1000, results: { count: first + i } }));

/** What it comes to: empty where it is taken. */
async function outcome(work: Promise<void> | void): Promise<string> {
  try {
    await work;
    return '';
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
}

interface Opened {
  readonly sink: WebSocketSink;
  readonly send: (count: number, to?: Delivery, first?: number) => Promise<void>;
}

async function open(
  url: string,
  options: WebSocketSinkOptions = {},
  context: Partial<SinkContext> = {},
): Promise<Opened> {
  const sink = new WebSocketSink(url, options);
  await sink.open({ ...testContext, clock: new ManualClock(), ...context });
  onTestFinished(() => sink.close());
  return { sink, send: (count, to = delivery(), first = 1) => sink.sendBatch(results(count, first), to) };
}

async function connected(options?: WebSocketSinkOptions, peerOptions?: PeerOptions, context?: Partial<SinkContext>) {
  const peer = await WebSocketPeer.listen(peerOptions);
  return { peer, ...(await open(peer.url(), options, context)) };
}

describeEventSink('WebSocketSink', async () => {
  const peer = await WebSocketPeer.listen();
  return {
    sink: new WebSocketSink(peer.url()),
    item: (number) => results(1, number)[0] ?? reported(),
    arrived: () => peer.ids.map((id) => Number(id.split('/')[3]) / 1000),
  };
});

describe('the messages of a WebSocketSink', () => {
  it('hold the results of a delivery, with what they belong to', async () => {
    const { peer, send } = await connected();
    await send(2, delivery(7));
    await send(1, delivery(9), 3);
    const [first, second, third] = results(3).map((result) => JSON.parse(JSON.stringify(result)) as unknown);
    expect(peer.heard.map((text) => JSON.parse(text) as unknown)).toEqual([
      { type: 'results', pipeline: 'processor', epoch: 7, seq: 1, results: [first, second] },
      { type: 'results', pipeline: 'processor', epoch: 9, seq: 2, results: [third] },
    ]);
  });

  it('are cut at a number of bytes, and one result is never cut', async () => {
    const { peer, sink } = await connected({ maxMessageBytes: 1000 });
    const long = reported({ start: 5000, key: [['k', 'é'.repeat(2000)]] });
    await sink.sendBatch([...results(4), long, ...results(1, 6)], delivery());
    const counts = peer.heard.map((text) => (JSON.parse(text) as { results: [] }).results.length);
    expect(counts).toEqual([3, 1, 1, 1]);
    expect(peer.heard[0]?.length).toBeLessThan(1100);
    expect(peer.ids).toHaveLength(6);
  });

  it('are bare results where that is asked for', async () => {
    const { peer, send } = await connected({ messages: 'result' });
    await send(2);
    expect(peer.heard).toEqual(results(2).map((result) => JSON.stringify(result)));
  });

  it('come with headers and a token in the handshake', async () => {
    const { peer } = await connected({ headers: { 'X-Team': 'llm' }, token: 'canary-1' });
    expect(peer.handshakes[0]?.headers).toMatchObject({ 'x-team': 'llm', authorization: 'Bearer canary-1' });
    expect(peer.handshakes[0]?.url).toBe('/metrics');
  });
});

describe('a delivery to a WebSocket', () => {
  it('is done when the peer has received it, which its answer to a ping says', async () => {
    const { peer, send } = await connected({}, { answersPings: false });
    let isDone = false;
    const sending = send(3).then(() => (isDone = true));
    const [data] = (await once(peer.sockets[0] ?? expect.fail(), 'ping')) as [Buffer];
    expect(peer.ids).toHaveLength(3);
    peer.sockets[0]?.pong('0');
    peer.sockets[0]?.pong('77');
    peer.sockets[0]?.pong('x');
    peer.sockets[0]?.send('{"type":"ack","seq":1}');
    peer.sockets[0]?.send('{"type":"error","seq":1}');
    await settle(new ManualClock(), 50);
    expect(isDone).toBe(false);
    peer.sockets[0]?.pong(data);
    await sending;
  });

  it('is done, with acknowledgements, when the peer says that it has all of it', async () => {
    const { peer, send } = await connected({ acknowledgements: true, maxMessageBytes: 1 });
    let isDone = false;
    const sending = send(3).then(() => (isDone = true));
    await eventually(() => expect(peer.heard).toHaveLength(3));
    const [socket] = peer.sockets;
    for (const text of [
      '{"type":"ack","seq":2}',
      '{"type":"ack","seq":9}',
      '{"type":"ack","seq":"3"}',
      '{',
      '3',
      'null',
      '{"type":"hello","seq":3}',
    ]) {
      socket?.send(text);
    }
    socket?.send(Buffer.from('{"type":"ack","seq":3}'), { binary: true });
    await settle(new ManualClock(), 50);
    expect(isDone).toBe(false);
    socket?.send('{"type":"ack","seq":3}');
    await sending;
  });

  it('fails with the words of a peer that does not take it, and is sent anew over another connection', async () => {
    const { peer, send } = await connected({ acknowledgements: true, maxMessageBytes: 1 });
    peer.onMessage = (socket, text) => {
      if (peer.sockets.length === 1) socket.send(`{"type":"error","seq":2,"message":"${'no such key '.repeat(100)}"}`);
      else socket.send(JSON.stringify({ type: 'ack', seq: (JSON.parse(text) as { seq: number }).seq }));
    };
    const failed = await outcome(send(3));
    expect(failed).toMatch(/^SINK_FAILED: ws:\/\/127\.0\.0\.1:\d+\/metrics refused message 2: no such key no/);
    expect(failed.length).toBeLessThan(700);
    expect(await outcome(send(3))).toBe('');
    expect(peer.ids.slice(-3)).toEqual(results(3).map(({ id }) => id));
  });

  it.each<[string, (peer: WebSocketPeer) => void, RegExp]>([
    ['is cut', (peer) => peer.cut(), /^SINK_UNAVAILABLE: .* has closed the connection \(without a word\)$/],
    ['is closed', (peer) => peer.sockets[0]?.close(1001, 'going'), /^SINK_UNAVAILABLE: .*\(1001\): going$/],
    ['is closed for a restart', (peer) => peer.sockets[0]?.close(1012), /^SINK_UNAVAILABLE: .*\(1012\)$/],
    [
      'is closed for its policy',
      (peer) => peer.sockets[0]?.close(1008, 'no'),
      /^SINK_FAILED: .*\(1008, against its policy\): no$/,
    ],
    ['is closed for the size', (peer) => peer.sockets[0]?.close(1009), /^SINK_FAILED: .*lower maxMessageBytes/],
    ['is closed for reasons of its own', (peer) => peer.sockets[0]?.close(4401), /^SINK_FAILED: .*\(4401\)$/],
    ['says too much', (peer) => peer.sockets[0]?.send('x'.repeat(65_537)), /^SINK_(?:FAILED|UNAVAILABLE): /],
  ])('that %s in the middle is made again from its start', async (_how, act, expected) => {
    const { peer, send } = await connected({ maxMessageBytes: 1 }, { answersPings: true });
    const later: string[] = [];
    peer.onMessage = (socket, text) => {
      if (socket !== peer.sockets[0]) later.push(text);
      else if (peer.heard.length === 2) act(peer);
    };
    expect(await outcome(send(2000))).toMatch(expected);
    await send(3);
    const ids = later.map((text) => (JSON.parse(text) as { results: { id: string }[] }).results[0]?.id);
    expect(ids).toEqual(results(3).map(({ id }) => id));
    expect(peer.sockets).toHaveLength(2);
  });

  it('to a peer that never reads holds one message at a time, and is cut off when it is given up', async () => {
    const taken: Socket[] = [];
    const server = createServer((socket) => {
      taken.push(socket);
      socket.on('error', () => socket.destroy());
      socket.once('data', (request) => {
        const key = /sec-websocket-key: (.*)\r/i.exec(request.toString())?.[1] ?? '';
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
        socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
        socket.pause();
      });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { sink } = await open(`ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    const padding = 'x'.repeat(10_000);
    let written = 0;
    const items = results(10_000).map((result) =>
      Object.assign(Object.create(result) as typeof result, {
        toText: () => {
          written += 1;
          return `{"padding":"${padding}"}`;
        },
      }),
    );
    const giveUp = new AbortController();
    const sending = outcome(sink.sendBatch(items, { epoch: 1, signal: giveUp.signal }));
    let before = -1;
    await vi.waitFor(
      () => {
        const same = written === before;
        before = written;
        expect(same && written > 0).toBe(true);
      },
      { interval: 300, timeout: PATIENCE_MS },
    );
    // What the two operating systems hold between them, and one message.
    expect(written).toBeLessThan(5000);
    const stalled = written;
    giveUp.abort();
    expect(await sending).toMatch(/^SINK_TIMEOUT: .* did not take a delivery in time$/);
    await settle(new ManualClock(), 20);
    expect(written).toBe(stalled);
    taken[0]?.resume();
    await once(taken[0] ?? expect.fail(), 'close');
  });

  it('that was given up before it began sends nothing', async () => {
    const { peer, send } = await connected();
    const signal = AbortSignal.abort();
    expect(await outcome(send(1, { epoch: 1, signal }))).toMatch(/^SINK_TIMEOUT/);
    expect(peer.heard).toEqual([]);
    expect(await outcome(send(1))).toBe('');
  });
});

describe('the connection of a WebSocketSink', () => {
  it('is made again after its peer was restarted, with pauses that grow, and not before they are over', async () => {
    const clock = new ManualClock();
    const { peer, send } = await connected({ reconnectDelay: '1s', maxReconnectDelay: '4s' }, {}, { clock });
    const { port } = peer;
    await peer.close();
    for (const longest of [1000, 2000, 4000, 4000]) {
      await eventually(async () => expect(await outcome(send(1))).toMatch(/^SINK_UNAVAILABLE: .*ECONNREFUSED/));
      expect(await outcome(send(1))).toMatch(/ECONNREFUSED.*; to be tried again in \d/);
      clock.advance(longest / 2 - 1);
      expect(await outcome(send(1))).toMatch(/to be tried again in/);
      clock.advance(longest / 2 + 1);
    }
    const restarted = await WebSocketPeer.listen({ port });
    await send(2);
    expect(restarted.ids).toHaveLength(2);
    // Once it is there the next fault is the first again.
    restarted.cut();
    await eventually(async () => expect(await outcome(send(1))).toBe(''));
  });

  it('need not be there when the pipeline begins', async () => {
    const logger = rememberingLogger();
    const clock = new ManualClock();
    const peer = await WebSocketPeer.listen();
    const url = peer.url();
    await peer.close();
    const { send } = await open(url, {}, { logger, clock });
    expect(logger.lines).toMatchObject([
      { level: 'warn', fields: { url, error: expect.stringContaining('ECONNREFUSED') } },
    ]);
    const restarted = await WebSocketPeer.listen({ port: Number(new URL(url).port) });
    clock.advance(100);
    await send(1);
    expect(restarted.ids).toHaveLength(1);
  });

  it.each([
    ['401 Unauthorized', /^SINK_FAILED: .* answered 401 to the opening handshake; check token and headers$/],
    ['404 Not Found', /^SINK_FAILED: .* answered 404 .*; check the URL$/],
    ['302 Found\r\nLocation: ws://127.0.0.1:1/', /^SINK_FAILED: .* answered 302 .*; redirects are not followed$/],
    ['503 Service Unavailable', /^$/],
    ['429 Too Many Requests', /^$/],
  ])('that is answered with %s ends the run where trying again is of no use', async (refusal, expected) => {
    const peer = await WebSocketPeer.listen({ refusal });
    const sink = new WebSocketSink(peer.url(), { token: 'canary-2' });
    const failed = await outcome(sink.open(testContext));
    expect(failed).toMatch(expected);
    expect(failed).not.toContain('canary-2');
    await sink.close();
  });

  it('is tried while it lies idle, and given up where it does not answer', async () => {
    const clock = new ManualClock();
    const { peer, send } = await connected({ pingInterval: '10s' }, { answersPings: false }, { clock });
    const [socket] = peer.sockets;
    for (let round = 0; round < 3; round += 1) {
      const pinged = once(socket ?? expect.fail(), 'ping');
      clock.advance(10_000);
      const [data] = (await pinged) as [Buffer];
      socket?.pong(data);
      // Answered in order: what came before it has been heard.
      socket?.ping();
      await once(socket ?? expect.fail(), 'pong');
    }
    const pinged = once(socket ?? expect.fail(), 'ping');
    clock.advance(10_000);
    await pinged;
    const closed = once(socket ?? expect.fail(), 'close');
    clock.advance(10_000);
    await closed;
    peer.onMessage = (other) => other.once('ping', (data) => other.pong(data));
    await send(1);
    expect(peer.sockets).toHaveLength(2);
  });

  it('is closed with a good-bye, and without one where the peer does not answer', async () => {
    const { peer, sink } = await connected();
    const closed = once(peer.sockets[0] ?? expect.fail(), 'close');
    await sink.close();
    expect((await closed)[0]).toBe(1000);
    const clock = new ManualClock();
    const { peer: silent, sink: other } = await connected({}, {}, { clock });
    silent.sockets[0]?.pause();
    const closing = other.close();
    // One sleeps until the next ping.
    await eventually(() => expect(clock.sleeping).toBe(2));
    clock.advance(1000);
    await closing;
    expect(clock.sleeping).toBe(0);
    expect(await outcome(other.sendBatch(results(1), delivery()))).toMatch(/^SINK_FAILED: .* is not open$/);
  });

  it('is encrypted, and its peer verified', async () => {
    const peer = await WebSocketPeer.listen({ encrypted: true });
    const { ca } = CERTIFICATE_PATHS;
    const { send } = await open(peer.url('localhost'), { tls: { ca } });
    await send(1);
    expect(peer.ids).toHaveLength(1);
    for (const [url, options] of [
      [peer.url('localhost'), {}],
      [peer.url('127.0.0.1'), { tls: { ca } }],
    ] as const) {
      expect(await outcome(new WebSocketSink(url, options).open(testContext))).toMatch(
        /^SINK_FAILED: .*cannot be reached/,
      );
    }
    const missing = new WebSocketSink(peer.url('localhost'), { tls: { ca: 'nowhere.pem' } });
    expect(await outcome(missing.open(testContext))).toMatch(/nowhere\.pem cannot be read/);
  });
});

describe('a WebSocketSink', () => {
  it('loses nothing in a pipeline whose peer dies again and again', async () => {
    const peer = await WebSocketPeer.listen();
    let deaths = 0;
    peer.onMessage = (socket) => {
      if (peer.heard.length % 7 !== 3 || deaths >= 20) return;
      deaths += 1;
      socket.terminate();
    };
    const sink = new WebSocketSink(peer.url(), { maxMessageBytes: 1000, reconnectDelay: 1, maxReconnectDelay: 1 });
    const expected: string[] = [];
    await readingsPipeline(readings(2000))
      .withTumblingWindow(10)
      .withBufferSize(64)
      .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ initialDelay: 1, maxDelay: 2 })))
      .withSink(sink)
      .withSink({ name: 'kept', sendBatch: (items) => void expected.push(...items.map(({ id }) => id)) })
      .build()
      .run();
    expect(deaths).toBe(20);
    expect(expected).toHaveLength(400);
    expect(new Set(peer.ids)).toEqual(new Set(expected));
    // In order, but for what was sent again.
    expect([...new Set(peer.ids)]).toEqual(expected);
  });

  it('shows no token and no password', async () => {
    const sink = new WebSocketSink('ws://user:canary-3@127.0.0.1:1/x?token=canary-3', { headers: { a: 'canary-3' } });
    const logger = rememberingLogger();
    await sink.open({ ...testContext, logger });
    const failed = await outcome(sink.sendBatch(results(1), delivery()));
    expect(failed).toMatch(/^SINK_UNAVAILABLE: ws:\/\/127\.0\.0\.1:1\/x\?… cannot be reached/);
    const shown = [
      failed,
      JSON.stringify(logger.lines),
      inspect(sink, { depth: 20, showHidden: true }),
      JSON.stringify(sink),
    ];
    expect(shown.join()).not.toContain('canary-3');
    await sink.close();
  });

  it.each<[string, object, RegExp]>([
    ['http://dashboard/canary-4', {}, /needs a URL such as ws:\/\/host:8080\/path$/],
    ['canary-4', {}, /needs a URL/],
    ['ws://host/#canary-4', {}, /nothing behind a "#"/],
    ['ws://host', { messages: 'csv' }, /messages is "batch" or "result", found "csv"/],
    ['ws://host', { messages: 'result', acknowledgements: true }, /acknowledgements need messages of type "batch"/],
    ['ws://host', { maxMessageBytes: 0 }, /maxMessageBytes/],
    ['ws://host', { pingInterval: '1x' }, /pingInterval/],
    ['ws://host', { headers: { 'a b': 'x' } }, /the header "a b" has no name/],
    ['ws://host', { headers: { a: 'canary-4\r\nb: c' } }, /the header "a" has a value that HTTP does not take/],
    ['ws://host', { headers: { A: 'x', a: 'y' } }, /the header "a" is there twice/],
    ['ws://host', { headers: { Authorization: 'x' }, token: 'canary-4' }, /together with a token/],
    ['ws://host', { token: 'canary-4\n' }, /the header "Authorization" has a value/],
    ['ws://host', { token: '' }, /the token is empty/],
  ])('refuses %s with %o', (url, options, message) => {
    let said = '';
    try {
      void new WebSocketSink(url, options);
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(message);
    expect(said).not.toContain('canary-4');
  });
});
