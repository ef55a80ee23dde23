import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextWith, textsOf } from '../../src/sources/event-source.contract.ts';
import type { OpenSource } from '../../src/sources/event-source.ts';
import { HttpSource, type HttpSourceOptions } from '../../src/sources/http/http-source.ts';
import type { HttpIntakeOutcome } from '../../src/sources/http/intake-outcome.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import { FaultyFolder } from './faulty-folder.ts';

const FIRST = '00000000000000000000.log';
/** An event of about 200 bytes: five make a segment of the tests' size full. */
const eventOf = (n: number): string => `{"n":${String(n)},"pad":"${'x'.repeat(180)}"}`;
const positionsAt = (offset: number) => new Map([['http', { offset }]]);

let folder: FaultyFolder;
let source: HttpSource;
let open: OpenSource;
let run: AbortController;
let said: string[];

const say = (_: object, message: string): void => void said.push(message);
const logger: Logger = { debug: say, info: say, warn: say, error: say };

async function start(offset: number | null = null, options: HttpSourceOptions = {}): Promise<void> {
  run = new AbortController();
  source = new HttpSource({
    segmentBytes: 1024,
    logMaxBytes: 4096,
    openFolder: () => Promise.resolve(folder.open()),
    ...options,
  });
  const positions = offset === null ? new Map() : positionsAt(offset);
  const { signal } = run;
  open = await source.open(contextWith({ positions, directory: '/', signal, logger, maxBlockRecords: 100 }));
}

/** Kills the process and starts another. */
async function restart(offset: number | null = null): Promise<void> {
  folder.restart({ power: true });
  await start(offset);
}

function post(...numbers: readonly number[]): Promise<HttpIntakeOutcome> {
  return source.accept(Buffer.from(`[${numbers.map(eventOf).join(',')}]`), { 'content-type': 'application/json' });
}

/** The numbers of the events that wait, and their offsets. */
async function waiting(): Promise<{ numbers: number[]; offsets: number[] }> {
  const found = { numbers: [] as number[], offsets: [] as number[] };
  for (const partition of open.partitions) {
    while (!partition.caughtUp) {
      const block = await partition.read();
      if (block === null) break;
      found.numbers.push(...textsOf(block).map((text) => (JSON.parse(text) as { n: number }).n));
      found.offsets.push(...block.offsets);
    }
  }
  return found;
}

beforeEach(() => {
  folder = new FaultyFolder();
  said = [];
});

describe('a restart of an HTTP source', () => {
  it('goes on with what was answered and not committed, and counts on', async () => {
    await start();
    await post(0, 1, 2);
    await post(3);
    await restart(1);
    await post(4);
    expect(await waiting()).toEqual({ numbers: [1, 2, 3, 4], offsets: [1, 2, 3, 4] });
    expect(said).toEqual([]);
  });

  it('cuts a torn end, and says so', async () => {
    await start();
    await post(0);
    await post(1);
    folder.alter(FIRST, (bytes) => bytes.subarray(0, -1));
    await restart();
    expect(said).toEqual([expect.stringContaining('is cut')]);
    await post(2);
    expect(await waiting()).toEqual({ numbers: [0, 2], offsets: [0, 1] });
  });

  it.each<[string, (names: readonly string[]) => void, string, RegExp]>([
    [
      'a byte in the midst of the last segment',
      ([, , last = '']) => flip(last, 40),
      'SOURCE_FAILED',
      /byte 32 is damaged.*sound/,
    ],
    ['a byte of an earlier segment', ([first = '']) => flip(first, 300), 'SOURCE_FAILED', /0\.log: .*not the last/],
    ['a header', ([, second = '']) => flip(second, 14), 'SOURCE_FAILED', /header is damaged/],
    ['the magic', ([, second = '']) => flip(second, 0), 'SOURCE_FAILED', /not a segment/],
    [
      'a segment that is shorter',
      ([, second = '']) => folder.alter(second, (bytes) => bytes.subarray(0, 500)),
      'SOURCE_FAILED',
      /not the last/,
    ],
    [
      'a segment that ends a record early',
      ([, second = '']) => folder.alter(second, (bytes) => bytes.subarray(0, 32)),
      'SOURCE_CHANGED',
      /from offset 4 on/,
    ],
    [
      'a segment that is another',
      ([first = '', second = '']) => folder.alter(second, () => folder.bytes(first)),
      'SOURCE_FAILED',
      /renamed/,
    ],
  ])('refuses damage, and says where: %s', async (_, damage, code, message) => {
    await start();
    for (let n = 0; n < 10; n += 1) await post(n);
    damage(Object.keys(folder.sizes));
    const before = folder.sizes;
    await expect(restart()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(restart()).rejects.toMatchObject({ message: expect.stringContaining('Put the folder back') });
    expect(folder.sizes).toEqual(before);
  });

  it('refuses a log with a segment missing in the midst', async () => {
    await start();
    for (let n = 0; n < 10; n += 1) await post(n);
    await folder.open().remove(Object.keys(folder.sizes)[1] ?? '');
    await expect(restart()).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringContaining('offset 4'),
    });
  });

  it('goes on at the start of a log that begins after the position, and says how many events are gone', async () => {
    await start();
    for (let n = 0; n < 10; n += 1) await post(n);
    await folder.open().remove(FIRST);
    await restart(1);
    expect(said).toEqual([expect.stringContaining('events in between are gone')]);
    expect((await waiting()).numbers).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it.each([[0], [3]])('counts on from a position beyond the end of a log of %i events', async (events) => {
    await start();
    for (let n = 0; n < events; n += 1) await post(n);
    await restart(7);
    await post(7);
    expect(await waiting()).toEqual({ numbers: [7], offsets: [7] });
    await restart(0);
    const numbers = [...Array.from({ length: events }, (_, n) => n), 7];
    expect(await waiting()).toEqual({ numbers, offsets: numbers });
  });

  it('leaves a backlog that it has not read to the next run when the run ends', async () => {
    await start();
    for (let n = 0; n < 3; n += 1) await post(n);
    await restart();
    await post(3);
    run.abort();
    expect(await open.partitions[0]?.read()).toBeNull();
    await restart();
    expect((await waiting()).numbers).toEqual([0, 1, 2, 3]);
  });
});

describe('the log of an HTTP source on disk', () => {
  it('goes as the oldest checkpoint goes on, by whole segments, never the last', async () => {
    await start();
    for (let n = 0; n < 10; n += 1) await post(n);
    await waiting();
    open.committed?.(positionsAt(10));
    open.released?.(positionsAt(7));
    await post(10);
    expect(Object.keys(folder.sizes)).toHaveLength(2);
    open.released?.(positionsAt(10));
    await open.close();
    expect(Object.keys(folder.sizes)).toHaveLength(1);
  });

  it('is bounded: what is committed goes first, then senders are told to wait, until there is room', async () => {
    await start();
    let taken = 0;
    const fill = async (): Promise<void> => {
      for (let outcome = await post(taken); ; outcome = await post(taken)) {
        expect(Object.values(folder.sizes).reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(4096);
        if (outcome.status !== 202) return expect(outcome).toMatchObject({ status: 429, retryAfterSeconds: 1 });
        taken += 1;
      }
    };
    await fill();
    expect(said).toEqual([]);
    const before = taken;
    expect((await waiting()).numbers).toHaveLength(taken);
    open.committed?.(positionsAt(taken));
    await fill();
    expect(taken).toBeGreaterThan(before + 10);
    expect(said).toEqual([expect.stringContaining('older checkpoints')]);
    await restart(before);
    expect((await waiting()).numbers).toHaveLength(taken - before);
  });

  it.each([
    ['ENOSPC', /no room/],
    ['EIO', /cannot be written/],
  ])('takes nothing while a write fails with %s, says so once, and goes on afterwards', async (code, message) => {
    await start();
    await post(0);
    folder.faults = () => ({ type: 'fail', code });
    const answer = { status: 503, message: expect.stringMatching(message) };
    expect([await post(1), await post(2)]).toEqual([expect.objectContaining(answer), expect.objectContaining(answer)]);
    folder.faults = () => undefined;
    expect(await post(3)).toMatchObject({ status: 202 });
    expect(said).toEqual([
      'the event log cannot be written: no events are taken',
      'the event log can be written again',
    ]);
    expect((await waiting()).numbers).toEqual([0, 3]);
    await restart();
    expect(await waiting()).toEqual({ numbers: [0, 3], offsets: [0, 1] });
  });

  it('puts nothing more into a file of which a sync has failed', async () => {
    await start();
    await post(0);
    const { operations } = folder;
    folder.faults = (operation) => (operation === operations + 1 ? { type: 'fail', code: 'EIO' } : undefined);
    expect(await post(1)).toMatchObject({ status: 503 });
    const size = folder.sizes[FIRST];
    expect(await post(2)).toMatchObject({ status: 202 });
    expect(Object.keys(folder.sizes)).toEqual([FIRST, '00000000000000000001.log']);
    expect(folder.sizes[FIRST]).toBe(size);
  });

  it('is written and synced once for all requests that wait', async () => {
    await start(null, { logMaxBytes: 1_048_576, segmentBytes: 65_536 });
    await post(0);
    const { operations } = folder;
    await Promise.all(Array.from({ length: 64 }, (_, n) => post(n + 1)));
    expect(folder.operations).toBe(operations + 2);
    expect((await waiting()).numbers).toEqual(Array.from({ length: 65 }, (_, n) => n));
  });

  it('keeps the bound of the buffer while requests are on their way to the disk', async () => {
    await start(null, { bufferEvents: 3 });
    const outcomes = await Promise.all([post(0, 1), post(2, 3), post(4)]);
    expect(outcomes.map(({ status }) => status)).toEqual([202, 429, 202]);
    expect((await waiting()).numbers).toEqual([0, 1, 4]);
  });

  it('finishes on close what is under way, and hands it over although the run has ended', async () => {
    await start();
    const answer = post(0);
    run.abort();
    const block = await open.partitions[0]?.read();
    expect(block?.count).toBe(1);
    expect(await answer).toMatchObject({ status: 202 });
    await open.close();
    await start();
    const later = post(1);
    await open.close();
    expect(await later).toMatchObject({ status: 202 });
    await restart();
    expect((await waiting()).numbers).toEqual([0, 1]);
  });
});

describe('the folder of an HTTP source', () => {
  let path: string;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'processor-http-'));
  });
  afterEach(() => rm(path, { recursive: true, force: true }));

  it('is made where it is not there, and read again by the next run', async () => {
    const directory = join(path, 'state', 'source');
    const headers = { 'content-type': 'application/json' };
    const real = new HttpSource();
    const first = await real.open(contextWith({ directory }));
    const body = `[${Array.from({ length: 5000 }, (_, n) => eventOf(n)).join(',')}]`;
    expect(await real.accept(Buffer.from(body), headers)).toMatchObject({ status: 202, accepted: 5000 });
    expect(await real.accept(Buffer.from(eventOf(5000)), headers)).toMatchObject({ status: 202 });
    await first.close();
    expect(await readdir(join(directory, 'http'))).toEqual([FIRST]);
    open = await real.open(contextWith({ directory, positions: positionsAt(10), maxBlockRecords: 1000 }));
    const { numbers } = await waiting();
    expect(numbers).toEqual(Array.from({ length: 4991 }, (_, n) => n + 10));
    await open.close();
  });

  it('is named where it cannot be used', async () => {
    const blocked = new HttpSource().open(contextWith({ directory: '/dev/null' }));
    await expect(blocked).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('/dev/null'),
    });
  });
});

function flip(name: string, at: number): void {
  folder.alter(name, (bytes) => {
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return bytes;
  });
}
