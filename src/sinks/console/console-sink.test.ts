import { PassThrough, Writable } from 'node:stream';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { GroupingKey, type KeyField } from '../../event/grouping-key.ts';
import { Window, type WindowType } from '../../event/window.ts';
import { AggregationResult, type Pane } from '../../results/aggregation-result.ts';
import { delivery, describeEventSink } from '../event-sink.contract.ts';
import { ConsoleSink, type ConsoleSinkOptions } from './console-sink.ts';

const AT = Date.parse('2023-11-16T18:15:00Z');
const NUMBERS = { count: 3, sum: 60, average: 20, min: 10, max: 30, stddev: 8.164965809, p50: 20, p95: 30, p99: 30 };

interface Sample {
  readonly results?: object;
  readonly key?: readonly KeyField[] | null;
  readonly start?: number;
  readonly end?: number;
  readonly timing?: Pane['timing'];
  readonly type?: WindowType;
}

function result({
  results = NUMBERS,
  key = [['model', 'gpt-4']],
  start = AT,
  end = start + 5000,
  timing = 'on_time',
  type = 'tumbling',
}: Sample = {}): AggregationResult<object> {
  return new AggregationResult<object>({
    pipeline: 'p',
    windowName: type,
    windowType: type,
    window: new Window(start, end, key === null ? null : GroupingKey.fromFields(key)),
    results,
    pane: { index: 0, timing, final: false },
    timestamp: 0,
  });
}

/** A sink, and the lines that it has written. */
function open(options: ConsoleSinkOptions = {}): { sink: ConsoleSink; text: () => string } {
  const stream = new PassThrough({ highWaterMark: 1e9 });
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { sink: new ConsoleSink({ stream, ...options }), text: () => text };
}

describeEventSink('ConsoleSink', () => {
  const { sink, text } = open({ format: 'json' });
  return {
    sink,
    item: (number: number) => result({ start: number, end: number + 1 }),
    arrived: () =>
      text()
        .split('\n')
        .slice(0, -1)
        .map((line) => Date.parse((JSON.parse(line) as { window: { start: string } }).window.start)),
  };
});

describe('ConsoleSink as json', () => {
  it('writes one result a line, in its documented form', async () => {
    const { sink, text } = open({ format: 'json' });
    const results = [result(), result({ key: null })];
    await sink.sendBatch(results, delivery());
    expect(text()).toBe(`${results.map((each) => JSON.stringify(each)).join('\n')}\n`);
  });

  it('escapes what JSON leaves to steer a terminal, and is the same JSON still', async () => {
    const { sink, text } = open({ format: 'json' });
    const model = '\u009b31m\x7f\u202e\u2028\x1b[0m';
    await sink.sendBatch([result({ key: [['model', model]] })], delivery());
    // oxlint-disable-next-line no-control-regex -- control characters are what it is about
    expect(text()).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
    expect(JSON.parse(text())).toMatchObject({ key: { model } });
  });
});

describe('ConsoleSink as a table', () => {
  async function table(
    batches: readonly (readonly AggregationResult<object>[])[],
    options: ConsoleSinkOptions = {},
  ): Promise<string[]> {
    const { sink, text } = open({ width: 80, ...options });
    for (const batch of batches) await sink.sendBatch(batch, delivery());
    return text().split('\n').slice(0, -1);
  }

  it('shows windows as headings and keys as rows', async () => {
    const eu = result({
      key: [['model', 'claude-3-opus']],
      results: { ...NUMBERS, count: 1234, average: 812.44, max: null },
    });
    expect(await table([[result(), eu]])).toEqual([
      'tumbling  18:15:00 – 18:15:05  2023-11-16 UTC',
      '  model           count     avg  stddev     min     p50     p95     p99     max',
      '  gpt-4               3    20.0   8.165      10      20      30      30      30',
      '  claude-3-opus   1,234   812.4   8.165      10      20      30      30       –',
    ]);
  });

  it('goes on below the same heading, and names the day only when it changes', async () => {
    const tomorrow = AT + 86_400_000;
    const lines = await table([
      [result()],
      [result({ key: [['model', 'gpt-5']] })],
      [result({ start: AT + 5000 }), result({ start: tomorrow })],
    ]);
    expect(lines.map((line) => line.slice(0, 45).trimEnd())).toEqual([
      'tumbling  18:15:00 – 18:15:05  2023-11-16 UTC',
      expect.stringMatching(/^ {2}model +count/),
      expect.stringMatching(/^ {2}gpt-4 +3/),
      expect.stringMatching(/^ {2}gpt-5 +3/),
      '',
      'tumbling  18:15:05 – 18:15:10',
      expect.stringMatching(/^ {2}gpt-4 +3/),
      '',
      'tumbling  18:15:00 – 18:15:05  2023-11-17 UTC',
      expect.stringMatching(/^ {2}gpt-4 +3/),
    ]);
  });

  it('shows two aggregates of each of several metrics, under their names', async () => {
    const results = { latency_ms: NUMBERS, cost: { ...NUMBERS, average: 0.01234, p95: null } };
    const key: KeyField[] = [
      ['model', 'claude-3-opus-20240229'],
      ['region', null],
    ];
    expect(await table([[result({ results, key })]], { width: 70 })).toEqual([
      'tumbling  18:15:00 – 18:15:05  2023-11-16 UTC',
      '                                       ─ latency_ms ─  ──── cost ─────',
      '  model                region   count     avg     p95      avg     p95',
      '  claude-3-opus-2024…  –            3      20      30  0.01234       –',
    ]);
  });

  it.each([
    ['early', 'early'],
    ['late', 'late update'],
    ['retraction', 'retracted'],
  ] as const)('marks panes that are %s in the heading', async (timing, mark) => {
    const lines = await table([[result(), result({ timing })]]);
    expect(lines).toContain(`tumbling  18:15:00 – 18:15:05  ${mark}`);
    expect(lines.filter((line) => line.includes('gpt-4'))).toHaveLength(2);
  });

  it('gives windows of one row each, those of sessions and of no key, their times as a column', async () => {
    const sessions = [0, 1].map((n) =>
      result({
        type: 'session',
        start: AT + n * 60_000,
        end: AT + n * 90_000 + 150_000,
        key: [['user', `u${String(n)}`]],
      }),
    );
    expect((await table([sessions])).map((line) => line.slice(0, 37).trimEnd())).toEqual(
      [
        'session  2023-11-16 UTC',
        '  session              user   count',
        '  18:15:00 – 18:17:30  u0         3',
        '  18:16:00 – 18:19:00  u1         3',
      ].map((line) => expect.stringContaining(line)),
    );
    const global = [0, 1].map((n) => result({ key: null, start: AT + n * 5000, results: { count: 7 + n } }));
    expect(await table([global])).toEqual([
      'tumbling  2023-11-16 UTC',
      '  window                count',
      '  18:15:00 – 18:15:05       7',
      '  18:15:05 – 18:15:10       8',
    ]);
  });

  it('counts per metric where the counts differ', async () => {
    const results = { a: { count: 2, average: 1 }, b: { count: 1, average: 1 } };
    expect((await table([[result({ results })]])).slice(1)).toEqual([
      '         ───── a ──────  ───── b ──────',
      '  model   count     avg   count     avg',
      '  gpt-4       2       1       1       1',
    ]);
  });

  it('leaves out metrics there is no room for, and says so', async () => {
    const names = ['latency_ms', 'cost', 'tokens_in', 'tokens_out', 'rating', 'retries', 'queue_ms', 'score'];
    const results = Object.fromEntries(names.map((name) => [name, NUMBERS]));
    const lines = await table([[result({ results })]], { width: 60 });
    expect(lines[1]).toContain('latency_ms');
    expect(lines[3]).toMatch(/^ {2}\([1-7] more metrics/);
  });

  it('writes the header again when the columns have to change, and every 40 lines', async () => {
    const wide = await table([[result()], [result({ start: AT + 5000, key: [['model', 'x'.repeat(30)]] })]]);
    expect(wide.filter((line) => line.startsWith('  model'))).toHaveLength(2);
    const many = Array.from({ length: 100 }, (_, n) => result({ key: [['model', String(n)]] }));
    expect((await table([many])).filter((line) => line.startsWith('  model'))).toHaveLength(3);
  });

  it('neutralizes what a key would do to the terminal, and shows an empty one', async () => {
    const text = (
      await table([
        [
          result({
            key: [
              ['a\x1b[2J', '\x1b[31m\n'],
              ['b', ''],
            ],
          }),
        ],
      ])
    ).join('\n');
    expect(text).not.toContain('\x1b');
    expect(text).toContain('\\e[31m\\n');
    expect(text).toContain('a\\e[2J');
    expect(text).toContain('""');
  });

  it('colors on a terminal only, unless told otherwise', async () => {
    const lines = async (isTTY: boolean, color?: boolean): Promise<string> => {
      const stream = Object.assign(new PassThrough(), { isTTY });
      const sink = new ConsoleSink({ stream, ...(color === undefined ? {} : { color }) });
      await sink.sendBatch([result()], delivery());
      return String(stream.read());
    };
    expect(await lines(false)).not.toContain('\x1b');
    expect(await lines(true)).toContain('\x1b[1mtumbling');
    expect(await lines(true, false)).not.toContain('\x1b');
    expect(await lines(false, true)).toContain('\x1b[1m');
  });

  it('follows the width of the terminal', async () => {
    const stream = Object.assign(new PassThrough(), { columns: 48 });
    const sink = new ConsoleSink({ stream });
    const widest = async (): Promise<number> => {
      await sink.sendBatch([result()], delivery());
      return Math.max(
        ...String(stream.read())
          .split('\n')
          .map((line) => stringWidth(line)),
      );
    };
    expect(await widest()).toBeLessThanOrEqual(48);
    stream.columns = 100;
    expect(await widest()).toBeGreaterThan(60);
  });

  it('takes __proto__ and the like as names', async () => {
    const results = Object.fromEntries([
      ['__proto__', NUMBERS],
      ['constructor', NUMBERS],
    ]);
    const lines = await table([
      [
        result({
          results,
          key: [
            ['toString', '__proto__'],
            ['__proto__', 'constructor'],
          ],
        }),
      ],
    ]);
    expect(lines[1]).toMatch(/__proto__.*constructor/);
    expect(lines[2]).toMatch(/^ {2}toString +__proto__/);
    expect(lines[3]).toMatch(/^ {2}__proto__ +constructor +3/);
  });

  it('never writes a line wider than 80 columns, whatever the keys and numbers', async () => {
    const value = fc.oneof(fc.double({ noNaN: true }), fc.constant(null));
    const metric = fc.record({ count: fc.nat(), average: value, p50: value, p95: value, max: value });
    const key = fc.tuple(fc.string({ unit: 'grapheme' }), fc.option(fc.string({ unit: 'binary' })));
    const sample = fc.record({
      results: fc.oneof(metric, fc.record({ latency: metric, cost: metric })),
      key,
      start: fc.nat(200_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(sample, { maxLength: 8 }), async (samples) => {
        const batch = samples.map(({ key: [a, b], ...rest }) =>
          result({
            ...rest,
            key: [
              ['model', a],
              ['region', b],
            ],
          }),
        );
        for (const line of await table([batch])) expect(stringWidth(line)).toBeLessThanOrEqual(80);
      }),
    );
  });
});

describe('the output of ConsoleSink', () => {
  it('waits for its reader, and holds no more than one piece', async () => {
    let release: (() => void) | undefined;
    let largest = 0;
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        largest = Math.max(largest, stream.writableLength);
        release = () => done();
        if (chunk.length === 0) done();
      },
    });
    const sink = new ConsoleSink({ format: 'json', stream });
    const batch = Array.from({ length: 1000 }, (_, n) => result({ start: n }));
    const progress = { delivered: false };
    const sent = sink.sendBatch(batch, delivery()).then(() => (progress.delivered = true));
    while (!progress.delivered) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(stream.writableLength).toBeLessThanOrEqual(65_536);
      release?.();
      release = undefined;
    }
    await sent;
    expect(largest).toBeGreaterThan(0);
  });

  it('gives up when told to, and piles nothing up behind a reader that does not read', async () => {
    const stream = new Writable({ write: () => undefined });
    const sink = new ConsoleSink({ format: 'json', stream });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const given = new AbortController();
      const sent = sink.sendBatch([result()], { epoch: 1, signal: given.signal });
      await new Promise((resolve) => setImmediate(resolve));
      given.abort();
      await expect(sent).rejects.toMatchObject({ kind: 'sink', code: 'SINK_TIMEOUT' });
    }
    expect(stream.writableLength).toBe(`${JSON.stringify(result())}\n`.length);
  });

  it('rejects with EPIPE as the cause when the reader has gone, then and ever after', async () => {
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const sink = new ConsoleSink({ format: 'json', stream });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(sink.sendBatch([result()], delivery())).rejects.toMatchObject({
        kind: 'sink',
        code: 'SINK_FAILED',
        cause: { code: 'EPIPE' },
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('takes its listener off the stream at close, and leaves the stream open', async () => {
    const stream = new PassThrough();
    const before = stream.listenerCount('error');
    const sink = new ConsoleSink({ stream });
    await sink.sendBatch([result()], delivery());
    await sink.sendBatch([result()], delivery());
    expect(stream.listenerCount('error')).toBe(before + 1);
    sink.close();
    expect(stream.listenerCount('error')).toBe(before);
    expect(stream.writable).toBe(true);
  });

  it('refuses an unknown format and a width of nothing', () => {
    expect(() => new ConsoleSink({ format: 'xml' as never })).toThrow(/"table" or "json"/);
    expect(() => new ConsoleSink({ width: 0 })).toThrow(/width/);
  });
});
