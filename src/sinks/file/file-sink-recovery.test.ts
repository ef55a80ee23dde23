import { mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Logger } from '../../telemetry/logger.ts';
import { DeadLetterSink } from '../dead-letter/dead-letter-sink.ts';
import type { EventSink } from '../event-sink.ts';
import { delivery, testContext } from '../event-sink.contract.ts';
import { FileSink } from './file-sink.ts';
import { MemoryDisk } from './memory-disk.contract.ts';

type Item = string | number;
/** An epoch: the calls that its items come in. */
type Epoch = readonly (readonly Item[])[];

/** What outlives a crash beside the file. */
interface State {
  epoch: number;
  position: string | undefined;
}

function linesOf(epochs: readonly Epoch[]): string {
  return epochs.flatMap((epoch) => epoch.flatMap((items) => items.map((item) => `${JSON.stringify(item)}\n`))).join('');
}

/** Goes on from the state as a pipeline does, until it is through or crashes; true if it crashed. */
async function run(disk: MemoryDisk, state: State, epochs: readonly Epoch[], oneByOne = false): Promise<boolean> {
  const sink: EventSink<Item> = new FileSink<Item>('results', { open: disk.open });
  const deliver = async (epoch: Epoch, number: number): Promise<void> => {
    const calls = oneByOne ? epoch.flat().map((item) => [item]) : epoch;
    for (const items of calls) await sink.sendBatch?.(items, delivery(number));
  };
  const { position } = state;
  try {
    await sink.open?.({ ...testContext, ...(position === undefined ? {} : { position }) });
    await deliver(epochs[state.epoch] ?? [], state.epoch);
    for (let next = state.epoch + 1; next < epochs.length; next += 1) {
      state.position = sink.position?.();
      state.epoch = next;
      await deliver(epochs[next] ?? [], next);
    }
    await sink.close?.();
    return false;
  } catch (error) {
    expect(String(error)).toContain('crashed');
    return true;
  }
}

/** Nothing is delivered yet, and nothing known. */
function beginning(): State {
  return { epoch: -1, position: undefined };
}

const item = fc.oneof(fc.string({ maxLength: 6 }), fc.integer({ min: 0, max: 2 }));
const epochs = fc.array(fc.array(fc.array(item, { maxLength: 4 }), { maxLength: 3 }), { minLength: 1, maxLength: 4 });

describe('a file sink after a crash', () => {
  it('has each line once, at whatever byte of whatever write the process crashed, and takes no byte back', async () => {
    await fc.assert(
      fc.asyncProperty(epochs, fc.boolean(), fc.nat({ max: 40 }), async (all, oneByOne, secondCrash) => {
        const expected = linesOf(all);
        for (let crashAt = 1; crashAt <= Buffer.byteLength(expected); crashAt += 1) {
          const disk = new MemoryDisk();
          const state = beginning();
          disk.bytesToCrash = crashAt;
          expect(await run(disk, state, all)).toBe(true);
          expect(disk.bytes.length).toBe(crashAt);
          disk.bytesToCrash = secondCrash === 0 ? Infinity : secondCrash;
          const again = await run(disk, state, all, oneByOne);
          disk.bytesToCrash = Infinity;
          if (again) await run(disk, state, all);
          expect(disk.text).toBe(expected);
          expect(disk.truncations).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('recognises a delivery that is written in several pieces', async () => {
    const all = [[['x'.repeat(300_000), 'y'.repeat(300_000), 'z']], [['end']]];
    for (const crashAt of [1, 299_999, 300_002, 300_003, 300_004, 600_006, 600_009, 600_010, 600_011, 600_016]) {
      const disk = new MemoryDisk();
      const state = beginning();
      disk.bytesToCrash = crashAt;
      expect(await run(disk, state, all)).toBe(true);
      disk.bytesToCrash = Infinity;
      expect(await run(disk, state, all)).toBe(false);
      expect(disk.text).toBe(linesOf(all));
      expect(disk.truncations).toEqual([]);
    }
  });
});

function remembering(warnings: object[]): Logger {
  return { ...testContext.logger, warn: (fields: object) => void warnings.push(fields) };
}

describe('what a file sink finds behind its position', () => {
  it.each([
    ['nothing', '', '"b"\n"c"\n', null],
    ['the delivery', '"b"\n"c"\n', '"b"\n"c"\n', null],
    ['a part of it', '"b"\n"', '"b"\n"c"\n', null],
    ['half of another line', '"b"\n"x', '"b"\n"c"\n', 1],
    ['another line', '"x"\n', '"b"\n"c"\n', 3],
    ['zeros, as a loss of power may leave', '\0\0\0\0\0', '"b"\n"c"\n', 5],
    ['more than the delivery, found to be that of the next', '"b"\n"c"\n"d', '"b"\n"c"\n', null],
  ])('%s: the file ends up as it should', async (_name, left, expected, cutBytes) => {
    const disk = new MemoryDisk();
    const before = new FileSink<Item>('results', { open: disk.open });
    await before.open(testContext);
    await before.sendBatch(['a'], delivery());
    const position = before.position();
    disk.bytes = Buffer.concat([disk.bytes, Buffer.from(left)]);
    const warnings: object[] = [];
    const sink = new FileSink<Item>('results', { open: disk.open });
    await sink.open({ ...testContext, position, logger: remembering(warnings) });
    expect(sink.position()).toBe(position);
    await sink.sendBatch(['b', 'c'], delivery());
    expect(disk.text.startsWith(`"a"\n${expected}`)).toBe(true);
    await sink.sendBatch(['d'], delivery());
    expect(disk.text).toBe(`"a"\n${expected}"d"\n`);
    expect(warnings).toEqual(cutBytes === null ? [] : [{ path: 'results', cut_bytes: cutBytes }]);
  });

  it('stays where a delivery fails or is given up, and is recognised by the next attempt', async () => {
    const disk = new MemoryDisk();
    const sink = new FileSink<unknown>('results', { open: disk.open });
    await sink.open(testContext);
    const position = sink.position();
    disk.bytes = Buffer.from('"a"\n"b"\n"c');
    await sink.close();
    await sink.open({ ...testContext, position });
    await expect(sink.sendBatch(['a', 1n], delivery())).rejects.toThrow('BigInt');
    disk.bytesToCrash = 1;
    await expect(sink.sendBatch(['a', 'b', 'cd'], delivery())).rejects.toThrow('crashed');
    disk.bytesToCrash = Infinity;
    await sink.sendBatch(['a'], delivery());
    await sink.sendBatch(['b', 'cd'], delivery());
    expect(disk.text).toBe('"a"\n"b"\n"cd"\n');
    expect(disk.truncations.every((length) => length >= 10)).toBe(true);
  });

  it('is of no account once something has emptied the file', async () => {
    const disk = new MemoryDisk();
    const sink = new FileSink<Item>('results', { open: disk.open });
    await sink.open(testContext);
    const position = sink.position();
    await sink.close();
    disk.bytes = Buffer.from('"a"\n"b"\n');
    await sink.open({ ...testContext, position });
    await sink.sendBatch(['a'], delivery());
    disk.bytes = Buffer.alloc(0);
    await sink.sendBatch(['b', 'c'], delivery());
    expect(disk.text).toBe('"b"\n"c"\n');
  });
});

describe('a file that is not as the position says', () => {
  let folder: string;
  let path: string;
  let position: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-sink-'));
    path = join(folder, 'results.ndjson');
    const sink = new FileSink<Item>(path);
    await sink.open(testContext);
    await sink.sendBatch(['a', 'b'], delivery());
    position = sink.position();
    await sink.sendBatch(['c'], delivery());
    await sink.close();
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each([
    ['gone', () => rename(path, `${path}.1`), '"c"\n"d"\n', 1],
    ['cut', () => truncate(path, 4), '"a"\n"c"\n"d"\n', 1],
    ['cut within a line', () => truncate(path, 6), '"a"\n"c"\n"d"\n', 2],
    ['written anew', () => writeFile(path, '"another"\n'), '"another"\n"c"\n"d"\n', 1],
    ['untouched', async () => undefined, '"a"\n"b"\n"c"\n"d"\n', 0],
  ])('%s: begins at its end with a warning, and loses nothing', async (_name, change, expected, warned) => {
    await change();
    const warnings: object[] = [];
    const sink = new FileSink<Item>(path);
    await sink.open({ ...testContext, position, logger: remembering(warnings) });
    await sink.sendBatch(['c'], delivery());
    await sink.sendBatch(['d'], delivery());
    await sink.close();
    expect(await readFile(path, 'utf8')).toBe(expected);
    expect(warnings).toHaveLength(warned);
  });

  it('is known by its content where there is enough of it, after it was copied', async () => {
    const disk = new MemoryDisk();
    const sink = new FileSink<Item>('results', { open: disk.open });
    await sink.open(testContext);
    await sink.sendBatch(['x'.repeat(2000)], delivery());
    const known = sink.position();
    await sink.sendBatch(['y'], delivery());
    await sink.close();
    disk.inode = 2;
    await sink.open({ ...testContext, position: known });
    await sink.sendBatch(['y', 'z'], delivery());
    expect(disk.text.slice(2003)).toBe('"y"\n"z"\n');
  });

  it('is taken at its end where the position is not one of a file', async () => {
    const warnings: object[] = [];
    const sink = new FileSink<Item>(path);
    await sink.open({ ...testContext, position: 'offset 7', logger: remembering(warnings) });
    await sink.sendBatch(['d'], delivery());
    expect(await readFile(path, 'utf8')).toBe('"a"\n"b"\n"c"\n"d"\n');
    expect(warnings).toHaveLength(1);
    await sink.close();
  });
});

describe('two users of one file sink after a crash', () => {
  it.each([
    ['both know the same place', [1, 1]],
    ['the first was asked before the second had its items', [0, 1]],
    ['the second was asked before the first had its items', [1, 0]],
    ['the second is new', [1, null]],
    ['the first is new', [null, 1]],
  ])('%s: each line is there once', async (_name, known) => {
    const disk = new MemoryDisk();
    const sink = new FileSink<Item>('late and dead', { open: disk.open });
    await sink.open(testContext);
    const positions = [sink.position()];
    await sink.sendBatch(['a'], delivery());
    positions.push(sink.position());
    await sink.sendBatch(['late'], delivery());
    await sink.sendBatch(['dead'], delivery());
    const again = new FileSink<Item>('late and dead', { open: disk.open });
    for (const index of known) {
      const position = index === null ? undefined : positions[index];
      await again.open({ ...testContext, ...(position === undefined ? {} : { position }) });
    }
    await Promise.all([again.sendBatch(['late'], delivery()), again.sendBatch(['dead'], delivery())]);
    expect(disk.text).toBe('"a"\n"late"\n"dead"\n');
  });

  it('has the lines of both once though they come in another order', async () => {
    const disk = new MemoryDisk();
    const sink = new FileSink<Item>('late and dead', { open: disk.open });
    await sink.open(testContext);
    const position = sink.position();
    for (const line of ['late 1', 'dead', 'late 2']) await sink.sendBatch([line], delivery());
    const again = new FileSink<Item>('late and dead', { open: disk.open });
    await again.open({ ...testContext, position });
    await again.open({ ...testContext, position });
    await again.sendBatch(['late 1', 'late 2'], delivery());
    await again.sendBatch(['dead'], delivery());
    expect(disk.text).toBe('"late 1"\n"late 2"\n"dead"\n');
  });
});

describe('a dead-letter sink', () => {
  it('has the position of the sink within, and gives it back', async () => {
    const disk = new MemoryDisk();
    const inner = new FileSink<never>('dead', { open: disk.open });
    const sink = new DeadLetterSink(inner);
    await sink.open(testContext);
    expect(sink.position?.()).toBe(inner.position());
    expect(new DeadLetterSink({ send: () => undefined }).position).toBeUndefined();
  });
});
