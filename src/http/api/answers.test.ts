import { describe, expect, it } from 'vitest';
import { monitorOf, resultOf, type ResultSample } from '../../monitor/monitor-fixtures.contract.ts';
import type { RunMonitor } from '../../monitor/run-monitor.ts';
import type { PartitionStatus } from '../../runtime/status.ts';
import { start } from '../http-fixtures.contract.ts';
import type { Keys, Partitions, Results, Series, Status, Windows } from './types.ts';

async function get<T>(monitor: RunMonitor, path: string): Promise<T> {
  const response = await fetch(`${(await start({ monitor })).url}/v1/${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

function monitorWith(samples: readonly ResultSample[]): RunMonitor {
  const { monitor, deliver } = monitorOf();
  deliver(...samples.map(resultOf));
  return monitor;
}

const named = ({ keys }: Keys): string[] => keys.map(({ key }) => key.replace('k=', ''));
const count = (n: number) => ({ results: { count: n, average: n / 2 } });

const MODELS: readonly ResultSample[] = [
  { key: 'gpt-4', ...count(5) },
  { key: 'GPT-5 mini', ...count(9) },
  { key: 'claude', ...count(7), start: 10 },
  { key: 'claude', ...count(1), start: 20 },
  { key: 'none', results: { count: 2, average: null } },
];

describe('the keys', () => {
  it.each([
    ['', ['GPT-5 mini', 'claude', 'gpt-4', 'none']],
    ['?order=asc', ['none', 'gpt-4', 'claude', 'GPT-5 mini']],
    ['?sort=key', ['GPT-5 mini', 'claude', 'gpt-4', 'none']],
    ['?sort=key&order=desc', ['none', 'gpt-4', 'claude', 'GPT-5 mini']],
    ['?sort=value&value=average', ['GPT-5 mini', 'gpt-4', 'claude', 'none']],
    ['?sort=value&value=average&order=asc', ['claude', 'gpt-4', 'GPT-5 mini', 'none']],
    ['?sort=value&value=average&by=count&order=asc', ['claude', 'none', 'gpt-4', 'GPT-5 mini']],
    ['?sort=updated', ['claude', 'GPT-5 mini', 'gpt-4', 'none']],
    ['?search=gpt', ['GPT-5 mini', 'gpt-4']],
    ['?search=MINI+5', ['GPT-5 mini']],
    ['?search=gpt+claude', []],
    ['?limit=2&offset=1', ['claude', 'gpt-4']],
    ['?offset=9', []],
    ['?window=sliding', []],
  ])('asked for by %j are %j', async (query, expected) => {
    expect(named(await get<Keys>(monitorWith(MODELS), `keys${query}`))).toEqual(expected);
  });

  it('have their latest numbers, and of one of them the last few', async () => {
    const answer = await get<Keys>(monitorWith(MODELS), 'keys?search=claude&value=count&points=5');
    expect(answer).toMatchObject({ window: 'tumbling', value: 'count', total: 4, matched: 1 });
    expect(answer.keys).toEqual([
      {
        key: 'k=claude',
        fields: { k: 'claude' },
        volume: 8,
        start: '1970-01-01T00:00:00.020Z',
        end: '1970-01-01T00:00:00.030Z',
        revised: false,
        latest: { count: 1, average: 0.5 },
        recent: [
          [20, 7],
          [30, 1],
        ],
      },
    ]);
  });

  it('are of the window definition that is asked for, by default the first', async () => {
    const monitor = monitorWith([
      { windowName: 'tumbling' },
      { windowName: 'sliding', key: 'b' },
      { windowName: 'sliding', key: null },
    ]);
    expect(await get<Keys>(monitor, 'keys')).toMatchObject({ window: 'tumbling', total: 1 });
    expect(named(await get<Keys>(monitor, 'keys?window=sliding'))).toEqual(['', 'b']);
    expect(await get<Keys>(monitorWith([]), 'keys')).toEqual({
      window: null,
      value: null,
      total: 0,
      matched: 0,
      offset: 0,
      keys: [],
    });
  });

  it('take __proto__ for a name like any other', async () => {
    const results = Object.fromEntries([['__proto__', { count: 3 }]]);
    const monitor = monitorWith([{ key: '__proto__', results }]);
    const answer = await get<Keys>(monitor, 'keys?value=__proto__.count');
    expect(answer.keys).toMatchObject([{ key: 'k=__proto__', latest: { '__proto__.count': 3 }, recent: [[10, 3]] }]);
    expect((await get<Results>(monitor, 'results')).results[0]?.results).toEqual(results);
  });
});

describe('numbers over time', () => {
  const samples = [0, 10, 20, 30].map((from) => ({ start: from, ...count(from) }));
  const late = { start: 10, ...count(11), pane: 1 };

  it('are the last panes, with those marked that late events have changed', async () => {
    const answer = await get<Series>(
      monitorWith([...samples, late]),
      'series?key=k%3Da&key=k%3Dz&value=average&value=nothing',
    );
    expect(answer).toEqual({
      window: 'tumbling',
      values: ['average', 'nothing'],
      series: [
        {
          key: 'k=a',
          points: [
            [10, 0, 0, 0, 0, null],
            [20, 10, 1, 1, 5.5, null],
            [30, 20, 0, 0, 10, null],
            [40, 30, 0, 0, 15, null],
          ],
        },
        { key: 'k=z', points: [] },
      ],
    });
  });

  it.each([
    ['from=20', [30, 40]],
    ['to=20', [10, 20]],
    ['from=10&to=30', [20, 30]],
    ['from=1970-01-01T00:00:00.020Z', [30, 40]],
    ['from=1970-01-01T01:00:00.020%2B01:00', [30, 40]],
    ['limit=1', [40]],
  ])('asked for by %s are %j', async (query, ends) => {
    const { series } = await get<Series>(monitorWith(samples), `series?key=k%3Da&value=count&${query}`);
    expect(series[0]?.points.map(([end]) => end)).toEqual(ends);
  });
});

describe('results', () => {
  it('have the form that sinks write', async () => {
    const result = resultOf({ results: { ms: { count: 2, sum: null }, usd: { count: 1, sum: 0.5 } }, pane: 1 });
    const { monitor, deliver } = monitorOf();
    deliver(result);
    expect(await get<Results>(monitor, 'results')).toEqual({
      window: 'tumbling',
      results: [JSON.parse(JSON.stringify(result))],
    });
  });

  it('are the newest over all keys, or of one', async () => {
    const samples = ['a', 'b', 'c'].flatMap((key, k) =>
      Array.from({ length: 50 }, (_, n) => ({ key, start: n * 30 + k * 10 })),
    );
    const monitor = monitorWith(samples);
    const startsOf = ({ results }: Results): number[] => results.map(({ window }) => Date.parse(window.start));
    expect(startsOf(await get<Results>(monitor, 'results?limit=4'))).toEqual([1490, 1480, 1470, 1460]);
    expect(startsOf(await get<Results>(monitor, 'results?limit=2&key=k%3Db'))).toEqual([1480, 1450]);
    expect(startsOf(await get<Results>(monitor, 'results?to=31'))).toEqual([30, 20, 10, 0]);
    expect(await get<Results>(monitor, 'results?key=k%3Dz')).toMatchObject({ results: [] });
  });
});

describe('open windows', () => {
  const openWindows = Array.from({ length: 5 }, (_, n) => ({
    name: n === 4 ? 'session' : 'tumbling',
    start: n * 10,
    end: n * 10 + 10,
    key: n === 3 ? null : `k=Model-${String(n)}`,
    fired: n === 0,
  }));

  it.each([
    ['', 5, [0, 10, 20, 30, 40]],
    ['?limit=2&offset=1', 5, [10, 20]],
    ['?window=session', 1, [40]],
    ['?search=model-2', 1, [20]],
  ])('asked for by %j are %d', async (query, matched, starts) => {
    const { monitor } = monitorOf({ openWindows, status: { activeWindows: 7 } });
    const answer = await get<Windows>(monitor, `windows${query}`);
    expect(answer).toMatchObject({ total: 7, matched });
    expect(answer.windows.map((window) => Date.parse(window.start))).toEqual(starts);
  });
});

describe('partitions', () => {
  const base = { offset: 5, committedOffset: 3, lagRecords: 4, bytesRead: 10, bytesTotal: 20 };
  const partitions: readonly PartitionStatus[] = [
    { ...base, id: 'a', state: 'active', watermark: 5000, caughtUp: false, silentMs: 10 },
    { ...base, id: 'b', state: 'active', watermark: 2000, caughtUp: true, silentMs: 20_000 },
    { ...base, id: 'c', state: 'idle', watermark: -Infinity, caughtUp: true, silentMs: 90_000 },
  ];

  it('say how far they are, and which holds the others back', async () => {
    const { monitor } = monitorOf({ status: { partitions, watermark: 2000 } });
    const answer = await get<Partitions>(monitor, 'partitions');
    expect(answer.total).toBe(3);
    expect(answer.partitions).toMatchObject([
      { id: 'a', watermark: '1970-01-01T00:00:05.000Z', behind_seconds: 0, holds_back: false, idle_in_seconds: null },
      { id: 'b', behind_seconds: 3, holds_back: true, silent_seconds: 20, idle_in_seconds: 40, lag_records: 4 },
      { id: 'c', watermark: null, behind_seconds: null, holds_back: false, committed_offset: 3, bytes_total: 20 },
    ]);
    expect((await get<Partitions>(monitor, 'partitions?limit=1&offset=2')).partitions).toMatchObject([{ id: 'c' }]);
  });

  it('are counted in the status, which has no watermark while it is infinite', async () => {
    const { monitor } = monitorOf({ status: { partitions, watermark: Infinity } });
    expect(await get<Status>(monitor, 'status')).toMatchObject({
      partitions: { active: 2, idle: 1, finished: 0 },
      watermark: null,
      watermark_lag_seconds: null,
      rates: null,
    });
  });
});
