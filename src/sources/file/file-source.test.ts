import { appendFile, copyFile, mkdir, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordBlock } from '../../event/record-block.ts';
import {
  contextWith,
  describeResumableSource,
  positionAfter,
  readAll,
  readSource,
  textsOf,
} from '../event-source.contract.ts';
import type { SourcePosition } from '../event-source.ts';
import { FileSource } from './file-source.ts';

const LINES = Array.from({ length: 8 }, (_, n) => `{"n":${String(n)}}`);
const TEXT = `${LINES.join('\n')}\n`;
const ROWS = Array.from({ length: 8 }, (_, n) => `${String(n)},"a\n${String(n)}"`);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-source-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function at(name: string): string {
  return join(folder, name);
}

const CONTENTS: readonly (readonly [string, string | Buffer, readonly string[]])[] = [
  ['a.ndjson', TEXT, LINES],
  ['b.ndjson.gz', gzipSync(TEXT), LINES],
  ['c.json', `[${LINES.join(',\n')}]`, LINES],
  ['d.json.gz', gzipSync(`[${LINES.join(',')}]`), LINES],
  ['e.csv', `n,text\n${ROWS.join('\n')}`, ROWS],
  ['f.csv.gz', gzipSync(`n,text\r\n${ROWS.join('\r\n')}\r\n`), ROWS],
  ['g.log', '', []],
];

describeResumableSource('a file source', async () => {
  for (const [name, content] of CONTENTS) await writeFile(at(name), content);
  return {
    source: () => new FileSource(join(folder, '*')),
    expected: Object.fromEntries(CONTENTS.map(([name, , records]) => [at(name), records])),
  };
});

async function recordsOf(source: FileSource, positions?: ReadonlyMap<string, SourcePosition>): Promise<string[]> {
  const blocks = await readSource(source, contextWith(positions === undefined ? {} : { positions }));
  return Array.from(blocks.values()).flatMap((of) => of.flatMap(textsOf));
}

/** Reads the first block of a file, and gives the positions that would be committed. */
async function readSome(path: string): Promise<Map<string, SourcePosition>> {
  const open = await new FileSource(path).open(contextWith());
  const block = await open.partitions[0]?.read();
  await open.close();
  return new Map(block === undefined || block === null ? [] : [[path, positionAfter(block)]]);
}

describe('finding files', () => {
  it('takes names and patterns, each file once, sorted by name', async () => {
    await mkdir(at('sub'));
    for (const name of ['b.ndjson', 'a.ndjson', 'sub/c.ndjson', 'other.txt']) await writeFile(at(name), TEXT);
    const open = await new FileSource([at('**/*.ndjson'), at('b.ndjson'), `${folder}/./a.ndjson`]).open(contextWith());
    expect(open.partitions.map((partition) => partition.id)).toEqual(['a.ndjson', 'b.ndjson', 'sub/c.ndjson'].map(at));
  });

  it('takes a name that looks like a pattern for what it is', async () => {
    await writeFile(at('a[1].ndjson'), TEXT);
    expect(await recordsOf(new FileSource(at('a[1].ndjson')))).toEqual(LINES);
  });

  it.each(['none.ndjson', '*.none'])('names %s when nothing matches it', async (pattern) => {
    await expect(new FileSource([at(pattern)]).open(contextWith())).rejects.toMatchObject({
      kind: 'source',
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining(at(pattern)),
    });
  });

  it('says what to do about a folder', async () => {
    await expect(new FileSource(folder).open(contextWith())).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringMatching(/is a directory; .*\*\.ndjson/),
    });
  });

  it('fails with the name of a file that goes away before it is read', async () => {
    await writeFile(at('a.ndjson'), TEXT);
    const open = await new FileSource(at('a.ndjson')).open(contextWith());
    await rm(at('a.ndjson'));
    await expect(open.partitions[0]?.read()).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining(at('a.ndjson')),
    });
    await open.close();
  });

  it.each([[[]], [['']]])('refuses %j for paths', (paths) => {
    expect(() => new FileSource(paths)).toThrow(/at least one path/);
  });
});

describe('reading files', () => {
  it('reads far more files side by side than it opens at once', async () => {
    const count = 500;
    for (let n = 0; n < count; n += 1) await writeFile(at(`${String(n)}.ndjson`), TEXT);
    const open = await new FileSource(at('*.ndjson')).open(contextWith({ maxBlockRecords: 5 }));
    const first = await Promise.all(open.partitions.map((partition) => partition.read()));
    expect(first.reduce((sum, block) => sum + (block?.count ?? 0), 0)).toBe(5 * count);
    const rest = await Promise.all(open.partitions.map(readAll));
    expect(rest.flat().reduce((sum, block) => sum + block.count, 0)).toBe(3 * count);
    await open.close();
  });

  it('tells how far it has come', async () => {
    await writeFile(at('a.ndjson'), TEXT);
    const open = await new FileSource(at('a.ndjson')).open(contextWith());
    const partition = open.partitions[0]!; // one file
    expect(partition.progress?.()).toEqual({ bytesRead: 0, bytesTotal: TEXT.length });
    expect(partition.caughtUp).toBe(false);
    await readAll(partition);
    expect(partition.progress?.()).toEqual({ bytesRead: TEXT.length, bytesTotal: TEXT.length });
    expect(partition.caughtUp).toBe(true);
  });

  it('reads large files in pieces, with the right offsets', async () => {
    const lines = Array.from({ length: 50_000 }, (_, n) => `{"n":${String(n)},"pad":"${'x'.repeat(n % 50)}"}`);
    await writeFile(at('a.ndjson'), lines.join('\n'));
    await writeFile(at('b.ndjson.gz'), gzipSync(lines.join('\n')));
    const context = contextWith({ maxBlockRecords: 100_000 });
    for (const blocks of (await readSource(new FileSource(at('*')), context)).values()) {
      expect(blocks.flatMap(textsOf)).toEqual(lines);
      const last = blocks.at(-1);
      expect(last?.offsets[last.count - 1]).toBe(lines.join('\n').length - (lines.at(-1)?.length ?? 0));
    }
  });

  it('takes the format that it is told', async () => {
    await writeFile(at('a.txt'), '[{"n":1}]');
    expect(await recordsOf(new FileSource(at('a.txt'), { format: 'json' }))).toEqual(['{"n":1}']);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1000)],
    ['damaged', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, bytes.length - 1000), Buffer.alloc(1000, 7)])],
  ])('uses what can be read of a gzip file that is %s, then names it', async (_, damage) => {
    // Hard to compress, so that what is lost is a small part of it.
    const lines = Array.from({ length: 20_000 }, (__, n) => `{"n":${String(Math.sin(n))}}`);
    await writeFile(at('a.ndjson.gz'), damage(gzipSync(lines.join('\n'))));
    const open = await new FileSource(at('a.ndjson.gz')).open(contextWith({ maxBlockRecords: 1000 }));
    const partition = open.partitions[0]!; // one file
    const blocks: RecordBlock[] = [];
    const failure: unknown = await (async () => {
      for (let block = await partition.read(); block !== null; block = await partition.read()) blocks.push(block);
      return null;
    })().catch((error: unknown) => error);
    const records = blocks.flatMap(textsOf);
    // Damage may be noticed a little after it has begun.
    expect(records.slice(0, 18_000)).toEqual(lines.slice(0, 18_000));
    expect(failure).toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringContaining(at('a.ndjson.gz')) });
    await expect(partition.read()).rejects.toMatchObject({ code: 'SOURCE_FAILED' });
    await open.close();
  });

  it('reads a gzip file of several members', async () => {
    await writeFile(at('a.ndjson.gz'), Buffer.concat([gzipSync('{"n":1}\n'), gzipSync('{"n":2}\n')]));
    expect(await recordsOf(new FileSource(at('a.ndjson.gz')))).toEqual(['{"n":1}', '{"n":2}']);
  });
});

describe('going on in a file after a restart', () => {
  it('takes what has been appended meanwhile', async () => {
    await writeFile(at('a.ndjson'), TEXT);
    const positions = await readSome(at('a.ndjson'));
    await appendFile(at('a.ndjson'), '{"n":8}\n');
    expect(await recordsOf(new FileSource(at('a.ndjson')), positions)).toEqual([...LINES.slice(3), '{"n":8}']);
  });

  it('refuses a file that has become too short', async () => {
    await writeFile(at('a.ndjson'), TEXT);
    const positions = await readSome(at('a.ndjson'));
    await truncate(at('a.ndjson'), 5);
    await expect(recordsOf(new FileSource(at('a.ndjson')), positions)).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringMatching(/has 5 bytes, but 24 .* start over with fresh state/),
    });
  });

  it.each(['a.ndjson', 'a.ndjson.gz'])('refuses another file under the name of %s', async (name) => {
    await writeFile(at(name), name.endsWith('.gz') ? gzipSync(TEXT) : TEXT);
    const positions = await readSome(at(name));
    await copyFile(at(name), at('copy'));
    await rename(at('copy'), at(name));
    await expect(recordsOf(new FileSource(at(name)), positions)).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringContaining('not the file that was being read'),
    });
  });

  it('refuses a file whose start has been written anew', async () => {
    await writeFile(at('a.ndjson'), TEXT);
    const positions = await readSome(at('a.ndjson'));
    await writeFile(at('a.ndjson'), TEXT.replaceAll('n', 'm'));
    await expect(recordsOf(new FileSource(at('a.ndjson')), positions)).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
    });
  });

  it('goes on from a token of the first form, which knew less', async () => {
    await writeFile(at('a.ndjson'), TEXT);
    const [position] = (await readSome(at('a.ndjson'))).values();
    const [, inode, headBytes, headHash, start] = position?.token?.split(';') ?? [];
    const token = ['1', inode, headBytes, headHash, start, ''].join(';');
    const positions = new Map([[at('a.ndjson'), { offset: position?.offset ?? 0, token }]]);
    expect(await recordsOf(new FileSource(at('a.ndjson')), positions)).toEqual(LINES.slice(3));
  });

  it('refuses a position that is not one of a file', async () => {
    await writeFile(at('a.ndjson'), TEXT);
    const positions = new Map([[at('a.ndjson'), { offset: 8, token: 'kafka' }]]);
    await expect(recordsOf(new FileSource(at('a.ndjson')), positions)).rejects.toMatchObject({ code: 'SOURCE_FAILED' });
  });
});
