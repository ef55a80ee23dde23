import { appendFile, copyFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordBlock } from '../../event/record-block.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { contextWith, positionAfter, textsOf } from '../event-source.contract.ts';
import type { OpenSource, SourcePartition, SourcePosition } from '../event-source.ts';
import { FileSource } from './file-source.ts';

let folder: string;
let clock: ManualClock;
let run: AbortController;
let open: OpenSource;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'follow-'));
  clock = new ManualClock();
});

afterEach(async () => {
  run.abort();
  await open.close();
  await rm(folder, { recursive: true, force: true });
});

function at(name: string): string {
  return join(folder, name);
}

async function follow(paths: string, positions?: ReadonlyMap<string, SourcePosition>): Promise<void> {
  run = new AbortController();
  const context = { clock, signal: run.signal, ...(positions === undefined ? {} : { positions }) };
  open = await new FileSource(paths, { follow: true, pollInterval: '1s' }).open(contextWith(context));
}

function partition(index = 0): SourcePartition {
  return open.partitions[index]!; // a test asks for what it has made
}

/** Waits, without a clock, until something holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** The next block, turning the clock whenever the partition waits. */
async function next(from: SourcePartition): Promise<RecordBlock> {
  let answered = false;
  const reading = from.read().finally(() => {
    answered = true;
  });
  await until(() => {
    if (!answered && from.caughtUp) clock.advance(1000);
    return answered;
  });
  const block = await reading;
  if (block === null) throw new Error('the partition ended');
  return block;
}

async function nextTexts(from: SourcePartition): Promise<string[]> {
  return textsOf(await next(from));
}

describe('following a file', () => {
  it('reads what is appended, a line once it is whole, and is caught up in between', async () => {
    await writeFile(at('a.log'), '{"n":1}\n{"n":');
    await follow(at('a.log'));
    expect(await nextTexts(partition())).toEqual(['{"n":1}']);
    expect(partition().caughtUp).toBe(false);
    const reading = partition().read();
    await until(() => partition().caughtUp);
    await appendFile(at('a.log'), '2}\n');
    clock.advance(1000);
    const block = await reading;
    expect(block === null ? [] : textsOf(block)).toEqual(['{"n":2}']);
    expect(partition().caughtUp).toBe(false);
  });

  it('lets a waiting read go when the run ends', async () => {
    await writeFile(at('a.log'), '');
    await follow(at('a.log'));
    const reading = partition().read();
    await until(() => partition().caughtUp);
    run.abort();
    expect(await reading).toBeNull();
  });

  it('reads a renamed file to its end, then the new one, with offsets that go on rising', async () => {
    await writeFile(at('a.log'), '{"n":1}\n');
    await follow(at('a.log'));
    expect(await nextTexts(partition())).toEqual(['{"n":1}']);
    await rename(at('a.log'), at('a.log.1'));
    await appendFile(at('a.log.1'), '{"n":2}\n{"n":3}');
    expect(await nextTexts(partition())).toEqual(['{"n":2}']);
    await writeFile(at('a.log'), '{"n":4}\n');
    const last = await next(partition());
    expect(textsOf(last)).toEqual(['{"n":3}']);
    expect(last.nextOffset).toBe(23);
    const first = await next(partition());
    expect(textsOf(first)).toEqual(['{"n":4}']);
    expect(first).toMatchObject({ nextOffset: 31 });
    expect(first.offsets[0]).toBe(23);
  });

  it('reads a file that was cut in place from its start', async () => {
    await writeFile(at('a.log'), '{"n":1}\n{"n":2}\n');
    await follow(at('a.log'));
    expect(await nextTexts(partition())).toEqual(['{"n":1}', '{"n":2}']);
    const reading = partition().read();
    await until(() => partition().caughtUp);
    await truncate(at('a.log'));
    await appendFile(at('a.log'), '{"n":3}\n');
    clock.advance(1000);
    const block = await reading;
    expect(block === null ? [] : textsOf(block)).toEqual(['{"n":3}']);
    expect(block?.offsets[0]).toBe(16);
  });

  it('notices that a file was cut even if it has grown beyond its old size since', async () => {
    await writeFile(at('a.log'), '{"n":1}\n');
    await follow(at('a.log'));
    expect(await nextTexts(partition())).toEqual(['{"n":1}']);
    const reading = partition().read();
    await until(() => partition().caughtUp);
    await writeFile(at('a.log'), '{"n":2}\n{"n":3}\n');
    clock.advance(1000);
    const block = await reading;
    expect(block === null ? [] : textsOf(block)).toEqual(['{"n":2}', '{"n":3}']);
  });

  it('reads the header row of each CSV file that goes by the name', async () => {
    await writeFile(at('a.csv'), 'a,b\n1,2\n');
    await follow(at('a.csv'));
    expect(await next(partition())).toMatchObject({ format: { header: ['a', 'b'] } });
    await rename(at('a.csv'), at('a.csv.1'));
    await writeFile(at('a.csv'), 'b,a\n3,4\n');
    expect(await next(partition())).toMatchObject({ format: { header: ['b', 'a'] }, count: 1 });
  });

  it('reads a compressed file once, and ends with it where there is something else', async () => {
    await writeFile(at('a.log.gz'), gzipSync('{"n":1}\n'));
    await follow(at('*.gz'));
    expect(await nextTexts(partition())).toEqual(['{"n":1}']);
    let end: RecordBlock | null | undefined;
    void partition()
      .read()
      .then((block) => (end = block));
    await until(() => partition().caughtUp && clock.sleeping === 2);
    await writeFile(at('b.log.gz'), gzipSync('{"n":2}\n'));
    let found: readonly SourcePartition[] = [];
    await until(() => {
      clock.advance(1000);
      found = open.newPartitions?.() ?? [];
      return found.length > 0;
    });
    expect(end).toBeUndefined();
    await until(() => {
      clock.advance(1000);
      return end !== undefined;
    });
    expect(end).toBeNull();
    expect(await nextTexts(found[0]!)).toEqual(['{"n":2}']); // its length has just been looked at
  });
});

describe('following files that appear', () => {
  it('waits for a first one, and finds more', async () => {
    await follow(at('*.log'));
    expect(open.partitions).toEqual([]);
    for (const name of ['b.log', 'a.log']) {
      await writeFile(at(name), `{"n":"${name}"}\n`);
      let found: readonly SourcePartition[] = [];
      await until(() => {
        clock.advance(1000);
        found = open.newPartitions?.() ?? [];
        return found.length > 0;
      });
      expect(found.map((appeared) => appeared.id)).toEqual([at(name)]);
      expect(await nextTexts(found[0]!)).toEqual([`{"n":"${name}"}`]); // its length has just been looked at
    }
    expect(open.newPartitions?.()).toEqual([]);
  });
});

describe('following after a restart', () => {
  /** Follows a file for one block, stops, and gives the positions committed. */
  async function followed(): Promise<Map<string, SourcePosition>> {
    await writeFile(at('a.log'), '{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n');
    await follow(at('a.log'));
    const block = await next(partition());
    run.abort();
    await open.close();
    return new Map([[at('a.log'), positionAfter(block)]]);
  }

  it('goes on at the committed offset', async () => {
    await follow(at('a.log'), await followed());
    expect(await nextTexts(partition())).toEqual(['{"n":4}']);
  });

  it('finishes a file that was renamed meanwhile before it reads the new one', async () => {
    const positions = await followed();
    await rename(at('a.log'), at('a.log.1'));
    await writeFile(at('a.log'), '{"n":5}\n');
    await follow(at('a.log'), positions);
    expect(await nextTexts(partition())).toEqual(['{"n":4}']);
    const block = await next(partition());
    expect(textsOf(block)).toEqual(['{"n":5}']);
    expect(block.offsets[0]).toBe(32);
    // And again, in the second file, which begins at offset 32.
    await appendFile(at('a.log'), '{"n":6}\n');
    run.abort();
    await open.close();
    await follow(at('a.log'), new Map([[at('a.log'), positionAfter(block)]]));
    expect(await nextTexts(partition())).toEqual(['{"n":6}']);
  });

  it('refuses to go on where the file that it read is nowhere to be found', async () => {
    const positions = await followed();
    await copyFile(at('a.log'), at('copy'));
    await rename(at('copy'), at('a.log'));
    await follow(at('a.log'), positions);
    await expect(partition().read()).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringContaining('not the file that was being read'),
    });
  });
});
