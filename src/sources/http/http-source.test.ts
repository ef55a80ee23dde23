import { deflateSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { contextWith, positionAfter, readAll, textsOf } from '../event-source.contract.ts';
import type { OpenSource, SourcePartition } from '../event-source.ts';
import { HttpSource, type HttpSourceOptions } from './http-source.ts';
import type { HttpIntakeOutcome } from './intake-outcome.ts';

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const NDJSON_TYPE = { 'content-type': 'application/x-ndjson' };
const CLOUD_EVENT_TYPE = { 'content-type': 'application/cloudevents+json' };
const ENVELOPE = { specversion: '1.0', id: '1', source: '/gateway', type: 'llm.feedback' };

let run: AbortController;
let source: HttpSource;
let open: OpenSource;
let partition: SourcePartition;

async function openWith(options: HttpSourceOptions = {}): Promise<void> {
  run = new AbortController();
  source = new HttpSource(options);
  open = await source.open(contextWith({ signal: run.signal, maxBlockRecords: 100 }));
  partition = open.partitions[0]!; // there is always one
}

beforeEach(() => openWith());

function post(text: string, headers: Readonly<Record<string, string>> = JSON_TYPE): Promise<HttpIntakeOutcome> {
  return source.accept(Buffer.from(text), headers);
}

/** What the pipeline is given of everything taken so far. */
async function taken(): Promise<string[]> {
  run.abort();
  return (await readAll(partition)).flatMap(textsOf);
}

describe('the events of a request', () => {
  it.each([
    ['an object', '{"a":1}', JSON_TYPE, ['{"a":1}']],
    ['an array', ' [{"a":1}, {"a":2}] ', JSON_TYPE, ['{"a":1}', '{"a":2}']],
    ['an empty array', '[]', JSON_TYPE, []],
    ['NDJSON', '{"a":1}\r\n\n{"a":2}', NDJSON_TYPE, ['{"a":1}', '{"a":2}']],
    ['a type in capitals', '{"a":1}', { 'content-type': 'Application/JSON' }, ['{"a":1}']],
    [
      'numbers that no double holds, untouched',
      '{"a":12345678901234567890,"b":1e309}',
      JSON_TYPE,
      ['{"a":12345678901234567890,"b":1e309}'],
    ],
  ])('are taken from %s', async (_, body, headers, expected) => {
    expect(await post(body, headers)).toEqual({ status: 202, accepted: expected.length, rejected: [] });
    expect(await taken()).toEqual(expected);
  });

  const good = '{"a":1}';
  const deep = `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`;
  it.each([
    ['text that is no JSON', '{"a":}', 'not_json'],
    ['an array', '[1]', 'not_an_object'],
    ['a number', '5', 'not_an_object'],
    ['null', 'null', 'not_an_object'],
    ['nesting over 64', deep, 'too_deep'],
    ['over 1 MiB', `{"a":"${'x'.repeat(1_048_576)}"}`, 'too_large'],
  ])('are named by place and reason where they are bad, the good ones taken: %s', async (_, bad, reason) => {
    const answer = { status: 400, accepted: 2, rejected: [{ index: 1, reason, message: expect.any(String) }] };
    expect(await post(`[${good},${bad},${good}]`)).toEqual(answer);
    expect(await post(`${good}\n${bad}\n${good}\n`, NDJSON_TYPE)).toEqual(answer);
    expect(await taken()).toEqual([good, good, good, good]);
  });

  it.each([
    ['', 'not_json'],
    ['oops', 'malformed'],
    ['[{"a":1}', 'malformed'],
    ['{"a":', 'malformed'],
  ])('are bad as a whole in a body of %j', async (body, reason) => {
    expect(await post(body)).toMatchObject({ status: 400, rejected: [{ reason }] });
  });

  it('must be UTF-8', async () => {
    const body = Buffer.from([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')]);
    expect(await source.accept(body, JSON_TYPE)).toMatchObject({ status: 400, rejected: [{ reason: 'invalid_utf8' }] });
  });

  it('are looked at as the pipeline would, and named with its reasons', async () => {
    const problem = { reason: 'missing_timestamp', message: 'There is no timestamp.' } as const;
    const checking = new HttpSource();
    const check = (event: Uint8Array): typeof problem | null =>
      Buffer.from(event).includes('timestamp') ? null : problem;
    const opened = await checking.open({ ...contextWith(), check });
    expect(await checking.accept(Buffer.from('[{"timestamp":1},{"a":1},5]'), JSON_TYPE)).toEqual({
      status: 400,
      accepted: 1,
      rejected: [
        { index: 1, ...problem },
        { index: 2, reason: 'not_an_object', message: expect.any(String) },
      ],
    });
    await opened.close();
  });

  it.each([
    [undefined],
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['__proto__'],
    ['application/json; charset=latin1'],
  ])('are refused in a body of type %s', async (type) => {
    expect(await source.accept(Buffer.from('{}'), { 'content-type': type })).toMatchObject({ status: 415 });
  });

  it('stay as they were sent although the body is written to afterwards', async () => {
    const body = Buffer.from('{"a":1}');
    const answer = source.accept(body, JSON_TYPE);
    body.fill(0);
    await answer;
    expect(await taken()).toEqual(['{"a":1}']);
  });
});

describe('a compressed request', () => {
  it.each([
    ['gzip', gzipSync('{"a":1}')],
    ['deflate', deflateSync('{"a":1}')],
    ['identity', Buffer.from('{"a":1}')],
  ])('is inflated: %s', async (encoding, body) => {
    expect(await source.accept(body, { ...JSON_TYPE, 'content-encoding': encoding })).toMatchObject({ status: 202 });
    expect(await taken()).toEqual(['{"a":1}']);
  });

  it.each([
    ['that is damaged', 'gzip', Buffer.from('oops'), 400],
    ['of another encoding', 'br', Buffer.from('oops'), 415],
    ['that inflates beyond the bound', 'gzip', gzipSync(Buffer.alloc(50_000_000)), 413],
  ])('%s is refused', async (_, encoding, body, status) => {
    expect(await source.accept(body, { ...JSON_TYPE, 'content-encoding': encoding })).toMatchObject({ status });
  });
});

describe('a CloudEvent', () => {
  it.each([
    ['its data', { data: { a: 1, timestamp: 5 }, time: '2025-01-01T00:00:00Z' }, '{"a":1,"timestamp":5}'],
    [
      'its time, where the data has no timestamp',
      { data: { a: 1 }, time: '2025-01-01T00:00:00Z' },
      '{"timestamp":"2025-01-01T00:00:00Z","a":1}',
    ],
    ['its time alone', { data: {}, time: '2025-01-01T00:00:00Z' }, '{"timestamp":"2025-01-01T00:00:00Z"}'],
    ['data without time', { data: { a: [1, { b: '}' }] } }, '{"a":[1,{"b":"}"}]}'],
    ['data in base64', { data_base64: Buffer.from('{"a":1}').toString('base64') }, '{"a":1}'],
  ])('gives %s', async (_, parts, expected) => {
    expect(await post(JSON.stringify({ ...ENVELOPE, ...parts }), CLOUD_EVENT_TYPE)).toMatchObject({ status: 202 });
    expect(await taken()).toEqual([expected]);
  });

  it.each([
    ['no id', { id: undefined }, /"id"/],
    ['an empty source', { source: '' }, /"source"/],
    ['no type', { type: undefined }, /"type"/],
    ['another version', { specversion: '0.3' }, /specversion.*0\.3/],
    ['no data', { data: undefined }, /data must be a JSON object, found nothing/],
    ['data that is a list', { data: [1] }, /found an array/],
    ['data_base64 that is no text', { data_base64: 5 }, /data_base64/],
  ])('is refused with %s', async (_, parts, message) => {
    const envelope = JSON.stringify({ ...ENVELOPE, data: { a: 1 }, ...parts });
    expect(await post(envelope, CLOUD_EVENT_TYPE)).toMatchObject({
      status: 400,
      accepted: 0,
      rejected: [{ index: 0, reason: 'malformed', message: expect.stringMatching(message) }],
    });
  });

  it('comes in batches', async () => {
    const batch = [{ ...ENVELOPE, data: { a: 1 } }, { data: {} }, { ...ENVELOPE, data: { a: 2 } }];
    const headers = { 'content-type': 'application/cloudevents-batch+json' };
    expect(await post(JSON.stringify(batch), headers)).toMatchObject({
      status: 400,
      accepted: 2,
      rejected: [{ index: 1 }],
    });
    expect(await taken()).toEqual(['{"a":1}', '{"a":2}']);
  });

  it('comes in binary mode, its attributes in the headers', async () => {
    const headers = { ...JSON_TYPE, 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' };
    expect(await post('{"a":1}', { ...headers, 'ce-time': '2025-01-01T00:00:00Z' })).toMatchObject({ status: 202 });
    expect(await post('{"a":2}', { ...headers, 'ce-id': '' })).toMatchObject({ status: 400 });
    expect(await post('[{"a":2}]', headers)).toMatchObject({ status: 400, rejected: [{ reason: 'not_an_object' }] });
    expect(await taken()).toEqual(['{"timestamp":"2025-01-01T00:00:00Z","a":1}']);
  });
});

describe('the buffer of an HTTP source', () => {
  it('takes all good events of a request or none, and asks to come again', async () => {
    await openWith({ bufferEvents: 3 });
    expect(await post('[{"n":1},{"n":2}]')).toMatchObject({ status: 202 });
    expect(await post('[{"n":3},5,{"n":4}]')).toMatchObject({ status: 429, retryAfterSeconds: expect.any(Number) });
    expect(await post('{"n":3}')).toMatchObject({ status: 202 });
    expect(await post('{"n":4}')).toMatchObject({ status: 429 });
    const block = await partition.read();
    expect(block?.count).toBe(3);
    expect(await post('[{"n":4},{"n":5}]')).toMatchObject({ status: 202, accepted: 2 });
    expect(await taken()).toEqual(['{"n":4}', '{"n":5}']);
  });

  it('refuses a request with more events than it can ever hold', async () => {
    await openWith({ bufferEvents: 2 });
    expect(await post('[{},{},{}]')).toMatchObject({
      status: 413,
      message: expect.stringContaining('at most 2 events'),
    });
  });

  it('refuses a body over the bound', async () => {
    await openWith({ maxBodyBytes: 10 });
    expect(await post('{"a":12345}')).toMatchObject({ status: 413, message: expect.stringContaining('10 bytes') });
  });

  it('is bounded in bytes as well', async () => {
    const body = `{"a":"${'x'.repeat(1_000_000)}"}\n`.repeat(5);
    let status: number = 202;
    let requests = 0;
    while (status === 202 && requests < 100) {
      ({ status } = await post(body, NDJSON_TYPE));
      requests += 1;
    }
    expect(status).toBe(429);
  });
});

describe('the partition of an HTTP source', () => {
  it('waits for events, caught up while there are none', async () => {
    expect(partition.caughtUp).toBe(true);
    const reading = partition.read();
    const answer = post('{"n":1}');
    expect(partition.caughtUp).toBe(false);
    await answer;
    expect(await reading).toMatchObject({ count: 1, nextOffset: 1 });
    expect(partition.caughtUp).toBe(true);
  });

  it('hands over what was taken before the run ended, then ends', async () => {
    await post('{"n":1}');
    run.abort();
    expect(await post('{"n":2}')).toMatchObject({ status: 503 });
    const block = await partition.read();
    expect(block === null ? [] : textsOf(block)).toEqual(['{"n":1}']);
    expect(await partition.read()).toBeNull();
  });

  it('lets a waiting read go when the run ends', async () => {
    const reading = partition.read();
    run.abort();
    expect(await reading).toBeNull();
  });

  it('counts on after a restart', async () => {
    await post('[{"n":1},{"n":2}]');
    const block = await partition.read();
    await open.close();
    const positions = new Map(block === null ? [] : [['http', positionAfter(block)]]);
    const again = await source.open(contextWith({ positions }));
    await post('{"n":3}');
    expect((await again.partitions[0]?.read())?.offsets[0]).toBe(2);
  });

  it('makes blocks of bounded size that hold every event once', async () => {
    const events = Array.from({ length: 1000 }, (_, n) => `{"n":${String(n)},"pad":"${'x'.repeat(1000)}"}`);
    await post(`[${events.join(',')}]`);
    run.abort();
    const blocks = await readAll(partition);
    expect(blocks.flatMap(textsOf)).toEqual(events);
    for (const block of blocks) expect(block.count).toBeLessThanOrEqual(100);
  });
});

describe('an HTTP source', () => {
  it('answers 503 unless it is open, and is open to one pipeline at a time', async () => {
    expect(await new HttpSource().accept(Buffer.from('{}'), JSON_TYPE)).toMatchObject({ status: 503 });
    await expect(source.open(contextWith())).rejects.toMatchObject({ code: 'SOURCE_FAILED' });
    await open.close();
    await open.close();
    expect(await post('{}')).toMatchObject({ status: 503 });
    await (await source.open(contextWith())).close();
  });

  it.each([
    ['Bearer s3cret', true],
    ['bearer  s3cret ', true],
    ['Bearer s3cre', false],
    ['Bearer s3cret2', false],
    ['s3cret', false],
    ['Basic s3cret', false],
    ['', false],
    [undefined, false],
  ])('compares the token of %j', (header, expected) => {
    expect(new HttpSource({ token: 's3cret' }).authorized(header)).toBe(expected);
    expect(new HttpSource().authorized(header)).toBe(true);
  });

  it('prints its token nowhere', async () => {
    const { inspect } = await import('node:util');
    const secret = new HttpSource({ token: 'canary' });
    expect(inspect(secret, { showHidden: true, depth: 9 }) + JSON.stringify(secret)).not.toContain('canary');
  });

  it.each([
    [{ bufferEvents: 0 }, /bufferEvents/],
    [{ maxBodyBytes: 1e9 }, /maxBodyBytes/],
    [{ token: '' }, /token/],
    [{ logMaxBytes: 67_108_863 }, /logMaxBytes .* from 67108864 /],
    [{ segmentBytes: 1023 }, /segmentBytes/],
  ])('refuses the options %j', (options, message) => {
    expect(() => new HttpSource(options)).toThrow(message);
  });
});
