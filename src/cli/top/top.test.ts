import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../time/manual-clock.ts';
import { main } from '../cli.ts';
import { fakeParts, fakeProcess, type FakeProcess } from '../fake-process.contract.ts';
import { namesByInterest, type Glance } from './glance.ts';
import { screenOf, type View } from './screen.ts';
import { fit, shortNumber, shortSeconds, sparkline } from './text-cells.ts';

const AT = '2026-01-01T10:00:00.000Z';
const RATES = { read: 1234.5, rejected: 0, accepted_late: 0.5, dropped_late: 0, delivered: 20 };

function partition(id: string, holdsBack: boolean): Glance['partitions']['partitions'][number] {
  return {
    id,
    state: 'active',
    watermark: AT,
    behind_seconds: 1.5,
    holds_back: holdsBack,
    silent_seconds: 0.25,
    idle_in_seconds: 60,
    offset: 7,
    committed_offset: 7,
    caught_up: true,
    lag_records: null,
    bytes_read: null,
    bytes_total: null,
  };
}

function glanceOf(partitions: number, keys: number): Glance {
  return {
    status: {
      pipeline: 'llm',
      instance: 'i',
      time: AT,
      state: 'running',
      health: 'degraded',
      started_at: AT,
      uptime_seconds: 3700,
      components: [
        { name: 'engine', status: 'ok', message: null },
        { name: 'state', status: 'degraded', message: 'disk full' },
      ],
      epoch: 12_345,
      watermark: AT,
      watermark_lag_seconds: 2,
      partitions: { active: partitions, idle: 0, finished: 0 },
      open_windows: 40,
      firing: true,
      counters: {
        read: 100,
        decoded: 99,
        rejected: 1,
        filtered: 0,
        assigned: 99,
        on_time: 99,
        out_of_order: 0,
        accepted_late: 0,
        dropped_late: 3,
        unassigned: 0,
        fired: 9,
        skipped: 0,
      },
      rates: RATES,
      rejections: [],
      storage: {
        backend: 'rocksdb',
        size_bytes: 1_234_567,
        full: true,
        recovery: null,
        last_commit: { epoch: 12_345, age_seconds: 0.04, duration_seconds: 0.003 },
        last_checkpoint: { id: 'auto-1', age_seconds: 42, size_bytes: 2_000_000, duration_seconds: 1 },
        checkpoint_failures: 0,
      },
      history: { keys, windows: 9, size_bytes: 9, dropped: 0, version: 1, last_id: '1' },
    },
    pipeline: {
      name: 'llm',
      source: 'kafka',
      time: 'event',
      key: ['model'],
      metrics: ['latency_ms'],
      windows: [],
      disorder_seconds: 2,
      idle_timeout_seconds: 60,
      sinks: ['console'],
      has_late_sink: false,
      has_dead_letter_sink: true,
      state_backend: 'rocksdb',
      commit_interval_seconds: 0.1,
      buffer_size: 10,
      values: ['count', 'average', 'p95'].map((aggregate) => ({ name: aggregate, metric: null, aggregate })),
    },
    rates: {
      stretches: [1, 2, 3].map((read) => ({ start: AT, end: AT, rates: { ...RATES, read }, watermark_lag_seconds: 1 })),
    },
    partitions: {
      total: partitions,
      partitions: Array.from({ length: partitions }, (_, i) => partition(`events/${String(i)}`, i === partitions - 1)),
    },
    windows: {
      watermark: AT,
      held_back_by: {
        partition: `events/${String(partitions - 1)}`,
        watermark: AT,
        caught_up: true,
        silent_seconds: 1,
      },
      active: partitions,
      idle: [],
      finished: [],
      disorder_seconds: 2,
      idle_timeout_seconds: 60,
      total: 1,
      waiting: 1,
      windows: [
        {
          window: 'tumbling',
          start: AT,
          end: '2026-01-01T10:01:00.000Z',
          keys: 40,
          key: 'model=a',
          fired: false,
          reason: 'watermark',
          text: 'long',
          remaining_seconds: 12,
          kept_until: AT,
        },
      ],
    },
    keys: {
      window: 'tumbling',
      value: 'p95',
      total: keys,
      matched: keys,
      offset: 0,
      keys: Array.from({ length: keys }, (_, i) => ({
        key: `model=m${String(i)}::region=eu`,
        fields: { model: `m${String(i)}`, region: 'eu' },
        volume: 10,
        start: AT,
        end: AT,
        revised: i === 0,
        latest: { count: 1000 + i, average: 12.345, p95: null },
        recent: [1, 2, null, 3].map((value, at): [number, number | null] => [at, value]),
      })),
    },
  };
}

const VIEW: View = { columns: 100, rows: 24, color: false, sort: 'volume', paused: false, fault: null };

describe('the screen', () => {
  it('tells how the run is, what is wrong, who holds it up, and the keys', () => {
    const lines = screenOf(glanceOf(2, 2), VIEW).map((line) => line.trimEnd());
    expect(lines.slice(0, 4)).toEqual([
      '● degraded llm   up 1h 1m   epoch 12,345   watermark 10:00:00 UTC, 2.0 s behind',
      '  state: disk full',
      '  read 1,230/s ▁▅█   results 20/s   late 0.5/s   dropped 3   rejected 1',
      '  state rocksdb, 1.23 MB   40 windows, firing   committed 40 ms ago in 3 ms',
    ]);
    const text = lines.join('\n');
    expect(text).toMatch(/▸ events\/1 +active +1\.5 s +0 +10:00:00 +250 ms/);
    expect(text).toMatch(/tumbling 10:00:00 – 10:01:00 +40 +12 s {2}waits for events\/1/);
    expect(text).toMatch(/↻ m0 · eu +1,000 +– +▁▅ █ +12\.35/);
    expect(lines).toContain('  checkpoint 42 s ago, 2 MB');
  });

  it('leaves nothing out of its head where it is narrow, and of its tables what tells least', () => {
    const lines = screenOf(glanceOf(2, 2), { ...VIEW, columns: 40, rows: 30 }).map((line) => line.trimEnd());
    const text = lines.join('\n');
    for (const piece of [
      'watermark 10:00:00 UTC, 2.0 s behind',
      'dropped 3',
      'rejected 1',
      'checkpoint 42 s ago, 2 MB',
    ]) {
      expect(text).toContain(piece);
    }
    expect(text).not.toContain('…');
    expect(lines).toContain('PARTITIONS (2)        STATE  BEHIND  LAG');
    expect(lines).toContain('▸ events/1           active   1.5 s    0');
    expect(text).toMatch(/tumbling 10:00:00 – 10:01:00 +12 s$/m);
    expect(text).toMatch(/↻ m0 · eu +–$/m);
  });

  it('tells partitions apart by their ends, where their names are too long', () => {
    const seen = glanceOf(2, 0);
    const names = ['a', 'b'].map((name) => `/var/lib/collected/by/somebody/events/${name}.ndjson`);
    const partitions = seen.partitions.partitions.map((each, i) => ({ ...each, id: names[i] ?? '' }));
    const long = { ...seen, partitions: { total: 2, partitions } };
    const text = screenOf(long, { ...VIEW, columns: 60 }).join('\n');
    expect(text).toMatch(/ …\S*\/a\.ndjson +active/);
    expect(text).toMatch(/▸ …\S*\/b\.ndjson +active/);
  });

  it.each([
    [100, 24],
    [80, 24],
    [40, 10],
    [200, 60],
    [20, 3],
  ])('fits a terminal of %d columns and %d rows, however much there is', (columns, rows) => {
    for (const seen of [null, glanceOf(1, 0), glanceOf(500, 1000)]) {
      for (const color of [true, false]) {
        const lines = screenOf(seen, {
          ...VIEW,
          columns,
          rows,
          color,
          fault: 'nothing answers at http://127.0.0.1:8080 (refused)',
        });
        expect(lines.length).toBeLessThanOrEqual(rows);
        const widest = Math.max(...lines.map((line) => stringWidth(stripVTControlCharacters(line))));
        expect(widest).toBeLessThanOrEqual(Math.max(40, columns));
      }
    }
  });

  it('shows the partition that all wait for among very many', () => {
    expect(screenOf(glanceOf(500, 10), VIEW).join('\n')).toContain('▸ events/499');
  });
});

describe('cells', () => {
  it.each<[number | null, string]>([
    [null, '–'],
    [0, '0'],
    [1234, '1,234'],
    [1234.56, '1,235'],
    [12.345, '12.35'],
    [0.00213, '0.00213'],
    [123_456_789, '1.23e+8'],
  ])('%s is shown as %s', (number, text) => expect(shortNumber(number)).toBe(text));

  it.each<[number | null, string]>([
    [null, '–'],
    [0, '0.0 s'],
    [0.0324, '32 ms'],
    [9.94, '9.9 s'],
    [59.6, '1m 0s'],
    [-3, '-3.0 s'],
    [7200, '2h 0m'],
    [200_000, '2d'],
  ])('%s seconds are shown as %s', (seconds, text) => expect(shortSeconds(seconds)).toBe(text));

  it('are as wide as they are told, wide characters and all', () => {
    for (const text of ['', 'abc', 'abcdefghij', '模型の名前', 'a模b型c']) {
      for (const columns of [1, 2, 5, 9]) {
        expect(stringWidth(fit(text, columns))).toBe(columns);
        expect(stringWidth(fit(text, columns, 'right'))).toBe(columns);
      }
    }
  });

  it('draw numbers from the least to the most of them', () => {
    expect(sparkline([5, 5], 4)).toBe('  ▅▅');
    expect(sparkline([0, null, 7], 3)).toBe('▁ █');
    expect(sparkline([], 2)).toBe('  ');
  });

  it('are for the most telling numbers first', () => {
    const names = ['a.count', 'a.average', 'a.p95', 'b.count', 'b.p95', 'b.own'];
    expect(namesByInterest(names)).toEqual(['a.count', 'a.p95', 'b.p95', 'a.average', 'b.own']);
  });
});

let server: Server | undefined;
afterEach(() => server?.close());

/** A processor as far as `top` can see. */
async function serving(seen: Glance, token?: string): Promise<string> {
  const pages: Readonly<Record<string, object>> = {
    '/v1/status': seen.status,
    '/v1/pipeline': seen.pipeline,
    '/v1/rates': seen.rates,
    '/v1/partitions': seen.partitions,
    '/v1/windows/explain': seen.windows,
    '/v1/keys': seen.keys,
  };
  server = createServer((request, response) => {
    const page = pages[(request.url ?? '').split('?')[0] ?? ''];
    const isMeant = token === undefined || request.headers.authorization === `Bearer ${token}`;
    response.statusCode = !isMeant ? 401 : page === undefined ? 404 : 200;
    response.end(JSON.stringify(page ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

async function top(options: readonly string[], io: FakeProcess = fakeProcess()) {
  const code = await main(['top', ...options], io, fakeParts());
  return { code, out: io.stdout.text, err: io.stderr.text };
}

describe('top', () => {
  it('prints once where there is no terminal', async () => {
    const { code, out, err } = await top(['--url', await serving(glanceOf(1, 1))]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('● degraded llm');
    expect(out).not.toContain('\x1b');
  });

  it('gives the token that the environment has, and says so where it needs one', async () => {
    const url = await serving(glanceOf(1, 1), 'secret');
    expect(await top(['--once', '--url', url])).toMatchObject({
      code: 1,
      err: 'processor: the processor wants its token: give --config, or PROCESSOR_HTTP__TOKEN\n',
    });
    expect((await top(['--url', url], fakeProcess({ PROCESSOR_HTTP__TOKEN: 'secret' }))).code).toBe(0);
  });

  it('says that what answers is no processor', async () => {
    server = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const err = `processor: ${url}/v1/pipeline answered something that is no JSON; is it a processor of this version?\n`;
    expect(await top(['--once', '--url', url])).toMatchObject({ code: 1, err });
    expect((await top(['--once', '--url', 'nonsense'])).err).toContain('"nonsense" is not a URL');
  });

  it('says that nothing answers', async () => {
    const url = await serving(glanceOf(1, 1));
    server?.close();
    const { code, err } = await top(['--once', '--url', url]);
    expect(code).toBe(1);
    expect(err).toContain(`nothing answers at ${url} (connect ECONNREFUSED`);
  });

  it('is live on a terminal: draws, sorts, pauses, and leaves it as it was', async () => {
    const url = await serving(glanceOf(1, 1));
    const clock = new ManualClock();
    const io = { ...fakeProcess(), clock };
    io.stdin.isTTY = true;
    io.stdout.isTTY = true;
    const raw: boolean[] = [];
    Object.assign(io.stdin, { setRawMode: (isRaw: boolean) => raw.push(isRaw) });
    const drawn = async (text: string): Promise<void> => {
      while (!io.stdout.text.includes(text)) await new Promise((resolve) => setImmediate(resolve));
    };
    const ended = top(['--url', url], io);
    await drawn('● degraded');
    io.stdin.write('s');
    await drawn('sort: first number');
    io.stdin.write('p');
    await drawn('p go on');
    io.stdin.write('q');
    expect((await ended).code).toBe(0);
    expect(raw).toEqual([true, false]);
    expect(io.stdout.text.startsWith('\x1b[?1049h')).toBe(true);
    expect(io.stdout.text.endsWith('\x1b[?1049l')).toBe(true);
  });
});
