import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { defaultConfig, parseConfig } from '../config/config.ts';
import { planOfConfig } from '../config/plan-of-config.ts';
import { idleSnapshot } from '../runtime/snapshot.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { bannerText } from './banner.ts';
import { drawProgress, progressText } from './progress-bar.ts';
import { formatBytes, formatRate, formatTimeLeft } from './quantity.ts';
import { createRunLogger } from './run-logger.ts';
import { OutputBesideLine, StatusLine } from './status-line.ts';

class Screen extends Writable {
  text = '';
  readonly isTTY = true;
  readonly columns = 40;

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.text += Buffer.from(chunk).toString();
    done();
  }
}

const ERASE = '\r\x1b[2K';

describe('quantities', () => {
  it.each<[number, string]>([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1234567, '1.23 MB'],
    [999_999, '1.00 MB'],
    [25.4e9, '25.4 GB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
  it.each<[number, string]>([
    [0, '0 events/s'],
    [12.4, '12 events/s'],
    [1_234_567, '1.23 M events/s'],
  ])('%d a second are %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });
  it.each<[number, string]>([
    [-1, '0s'],
    [0.2, '1s'],
    [59.5, '1m 0s'],
    [83, '1m 23s'],
    [7260, '2h 1m'],
  ])('%d s left are %s', (left, text) => {
    expect(formatTimeLeft(left)).toBe(text);
  });
});

describe('the progress bar', () => {
  const progress = { bytesRead: 50e6, bytesTotal: 100e6, eventsRead: 400_000, elapsedMs: 2000 };

  it('tells bytes, speed and time left', () => {
    expect(progressText(progress, 100)).toBe(
      `${'█'.repeat(12)}${'░'.repeat(12)}   50 %  50 MB of 100 MB  200 k events/s  2s left`,
    );
  });

  it.each([1, 20, 30, 50, 79])('fits %d columns', (width) => {
    expect(progressText(progress, width).length).toBeLessThanOrEqual(width);
  });

  it('is drawn by the clock, and gone at the end', async () => {
    const screen = new Screen();
    const clock = new ManualClock();
    const ended = new AbortController();
    const plan = planOfConfig(defaultConfig(), { stdin: process.stdin, stdout: screen });
    const idle = idleSnapshot({ plan, state: 'running', startedAt: 0, uptimeMs: 0 });
    const partition = {
      id: 'a',
      state: 'active',
      watermark: 0,
      offset: 0,
      committedOffset: null,
      caughtUp: false,
      silentMs: 0,
      lagRecords: null,
      bytesRead: 5,
      bytesTotal: 10,
    } as const;
    const drawing = drawProgress(
      () => ({ ...idle, partitions: [partition] }),
      new StatusLine(screen),
      clock,
      ended.signal,
    );
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
    expect(screen.text).toContain('50 %');
    ended.abort();
    await drawing;
    expect(screen.text.endsWith(ERASE)).toBe(true);
  });

  it('gets out of the way of results and log lines', () => {
    const screen = new Screen();
    const line = new StatusLine(screen);
    const output = new OutputBesideLine(screen, line);
    line.show('bar');
    output.write('result\n');
    line.show('bar');
    createRunLogger({ level: 'info', format: 'json' }, screen, { line }).info(
      { token: 'x', sink: { password: 'y' } },
      'hello',
    );
    expect(screen.text).toContain(`${ERASE}bar${ERASE}result
${ERASE}bar${ERASE}{"level"`);
    expect(screen.text).toContain('"token":"***","sink":{"password":"***"}');
  });
});

it('logs for people on a terminal', () => {
  const screen = new Screen();
  createRunLogger({ level: 'info' }, screen).warn({ partition: 'a' }, 'slow');
  expect(screen.text).toMatch(/WARN.*slow.*\n.*partition.*a/s);
});

it('greets in 80 columns', () => {
  const loaded = parseConfig(`processor:
  name: quickstart
  event: { key: [model, region] }
  windows: { default_type: [tumbling, sliding], tumbling: { size_secs: 5 }, sliding: { size_secs: 600, slide_secs: 60 } }
  state: { backend: rocksdb }
  sinks: [{ type: console }, { type: file, path: ${'long/'.repeat(30)}out.ndjson }]
`);
  const plan = planOfConfig(loaded, { stdin: process.stdin, stdout: new Screen() });
  const text = bannerText(loaded.config, { version: '1.2.3', plan, url: 'http://127.0.0.1:8080', color: false });
  expect(text).toBe(`
processor 1.2.3

  pipeline   quickstart
  source     demo, 1,000 events/s
  windows    tumbling(size=5s), sliding(size=10m, slide=1m) by model, region
  state      rocksdb in ./data/state
  results    table on standard output, ${'long/'.repeat(7)}long/…
  dashboard  http://127.0.0.1:8080/
  metrics    http://127.0.0.1:8080/metrics
  stop       Ctrl-C

`);
});
