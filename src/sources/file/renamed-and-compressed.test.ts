import { appendFile, mkdtemp, open as openFile, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../time/manual-clock.ts';
import { contextWith, positionAfter, textsOf } from '../event-source.contract.ts';
import type { OpenSource, SourcePartition, SourcePosition } from '../event-source.ts';
import { FileSource } from './file-source.ts';

let folder: string;
let clock: ManualClock;
let run: AbortController;
let open: OpenSource;
/** Numbers of the lines read, with the partitions that they came from. */
let read: { readonly n: number; readonly id: string }[];
let positions: Map<string, SourcePosition>;
let reading: Promise<void>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rotation-'));
  clock = new ManualClock();
  read = [];
  positions = new Map();
});

afterEach(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});

function at(name: string): string {
  return join(folder, name);
}

/** Lines of these numbers, each longer than what is told of a file by its inode. */
function lines(from: number, to: number): string {
  return Array.from(
    { length: to - from },
    (_, index) => `${JSON.stringify({ n: from + index, pad: 'x'.repeat(400) })}\n`,
  ).join('');
}

function numbers(to: number): number[] {
  return Array.from({ length: to }, (_, index) => index);
}

async function readAll(partition: SourcePartition): Promise<void> {
  for (;;) {
    const block = await partition.read();
    if (block === null) return;
    for (const text of textsOf(block)) read.push({ n: (JSON.parse(text) as { n: number }).n, id: partition.id });
    positions.set(partition.id, positionAfter(block));
  }
}

async function follow(pattern: string, follows = true): Promise<void> {
  run = new AbortController();
  reading = [];
  const source = new FileSource(at(pattern), follows ? { follow: true, pollInterval: '1s' } : {});
  open = await source.open(contextWith({ clock, signal: run.signal, positions: new Map(positions) }));
  reading.push(...open.partitions.map(readAll));
}

async function stop(): Promise<void> {
  run.abort();
  await open.close();
  await Promise.all(reading);
}

/** Turns the clock until so many lines have been read. */
async function untilRead(count: number): Promise<void> {
  while (read.length < count) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
    reading.push(...(open.newPartitions?.() ?? []).map(readAll));
  }
}

/** Adds lines to the file in use and waits for them, twice: names have been looked at in between. */
async function goOn(name: string, from: number): Promise<void> {
  for (const n of [from, from + 1]) {
    await appendFile(at(name), lines(n, n + 1));
    await untilRead(n + 1);
  }
}

function seen(): number[] {
  return read.map(({ n }) => n).toSorted((a, b) => a - b);
}

function idsOf(...wanted: readonly number[]): string[] {
  return wanted.map((n) => read.find((line) => line.n === n)?.id.slice(folder.length + 1) ?? 'none');
}

describe('a followed file that is renamed to a name which is followed too', () => {
  it('stays the partition that it is, and what goes by its old name is another', async () => {
    await writeFile(at('live.log'), lines(0, 5));
    await follow('*.log');
    await untilRead(5);
    await rename(at('live.log'), at('old.log'));
    await appendFile(at('old.log'), lines(5, 6));
    await writeFile(at('live.log'), lines(6, 8));
    await untilRead(8);
    await goOn('live.log', 8);
    expect(seen()).toEqual(numbers(10));
    expect(idsOf(0, 5, 6, 9)).toEqual(['live.log', 'live.log', 'live.log#2', 'live.log#2']);
  });

  it('is not read again by a run after that', async () => {
    await writeFile(at('live.log'), lines(0, 5));
    await follow('*.log');
    for (let round = 0; round < 4; round += 1) {
      await untilRead(5 + round * 3);
      await rename(at('live.log'), at(`old-${String(round)}.log`));
      await writeFile(at('live.log'), lines(5 + round * 3, 6 + round * 3));
      await goOn('live.log', 6 + round * 3);
    }
    await stop();
    await follow('*.log');
    await goOn('live.log', 17);
    expect(seen()).toEqual(numbers(19));
  });

  it('may be one of many that all take the next name', async () => {
    await writeFile(at('app.log'), lines(0, 2));
    await follow('app.log*');
    let written = 2;
    for (let round = 0; round < 4; round += 1) {
      await untilRead(written);
      for (let n = round; n > 0; n -= 1) await rename(at(`app.log.${String(n)}`), at(`app.log.${String(n + 1)}`));
      await rename(at('app.log'), at('app.log.1'));
      await writeFile(at('app.log'), lines(written, written + 1));
      await goOn('app.log', written + 1);
      written += 3;
      if (round === 2) {
        await stop();
        await follow('app.log*');
      }
    }
    expect(seen()).toEqual(numbers(written));
  });
});

describe('a file that is compressed', () => {
  it('is not read again under its new name, nor when that changes', async () => {
    await writeFile(at('live.log'), lines(0, 5));
    await follow('*.log*');
    await untilRead(5);
    await rename(at('live.log'), at('a.log'));
    await writeFile(at('live.log'), lines(5, 6));
    await untilRead(6);
    // It is there, and not whole, for a while.
    const whole = gzipSync(await readFile(at('a.log')));
    const file = await openFile(at('a.log.gz'), 'w');
    await goOn('live.log', 6);
    await file.write(whole.subarray(0, whole.length - 10));
    await goOn('live.log', 8);
    await file.write(whole.subarray(whole.length - 10));
    await file.close();
    await goOn('live.log', 10);
    await unlink(at('a.log'));
    await goOn('live.log', 12);
    await rename(at('a.log.gz'), at('b.log.gz'));
    await goOn('live.log', 14);
    await stop();
    await follow('*.log*');
    await goOn('live.log', 16);
    expect(seen()).toEqual(numbers(18));
  });

  it.each([true, false])('while nothing runs is gone on with where it was (follow: %s)', async (follows) => {
    await writeFile(at('a.log'), lines(0, 5));
    await follow('*.log*');
    await untilRead(5);
    await stop();
    await writeFile(at('a.log.gz'), gzipSync(lines(0, 9)));
    await unlink(at('a.log'));
    await writeFile(at('b.log'), lines(9, 10));
    await follow('*.log*', follows);
    await untilRead(10);
    expect(idsOf(4, 5, 8, 9)).toEqual(['a.log', 'a.log', 'a.log', 'b.log']);
    await stop();
    await follow('*.log*');
    await goOn('b.log', 10);
    expect(seen()).toEqual(numbers(12));
  });

  it.each([true, false])('and is there in both forms is read once (follow: %s)', async (follows) => {
    await writeFile(at('a.log'), lines(0, 5));
    await follow('*.log*');
    await untilRead(5);
    await stop();
    await writeFile(at('a.log.gz'), gzipSync(lines(0, 5)));
    await appendFile(at('a.log'), lines(5, 6));
    await follow('*.log*', follows);
    await untilRead(6);
    await stop();
    await follow('*.log*');
    await goOn('a.log', 6);
    expect(seen()).toEqual(numbers(8));
  });

  it('is another one if it only begins alike', async () => {
    const common = lines(0, 5);
    await writeFile(at('a.log'), common + lines(5, 6));
    await follow('*.log*');
    await untilRead(6);
    await stop();
    await unlink(at('a.log'));
    await writeFile(at('b.log.gz'), gzipSync(common + lines(7, 8)));
    await follow('*.log*');
    await untilRead(12);
    expect(seen()).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7]);
  });
});
