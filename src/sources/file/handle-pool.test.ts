import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HandlePool, type PooledFile } from './handle-pool.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'handle-pool-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function fileOf(pool: HandlePool, name: string): Promise<PooledFile> {
  await writeFile(join(folder, name), name);
  return pool.file(join(folder, name));
}

async function textOf(file: PooledFile, position: number): Promise<string> {
  const buffer = Buffer.alloc(10);
  return buffer.toString('latin1', 0, await file.read(buffer, position));
}

describe('a pool of file handles', () => {
  it('reads any number of files through a few handles, by turns and at once', async () => {
    const pool = new HandlePool(3);
    const files = await Promise.all(Array.from({ length: 20 }, (_, n) => fileOf(pool, `file-${String(n)}`)));
    for (const position of [0, 5]) {
      const reading = files.map(async (file) => {
        const text = await textOf(file, position);
        expect(pool.openHandles).toBeLessThanOrEqual(3);
        return text;
      });
      expect(await Promise.all(reading)).toEqual(files.map((_, n) => `file-${String(n)}`.slice(position)));
    }
    for (const file of files) await file.close();
    expect(pool.openHandles).toBe(0);
  });

  it('goes on after a file that cannot be opened', async () => {
    const pool = new HandlePool(1);
    const missing = pool.file(join(folder, 'missing'));
    const there = await fileOf(pool, 'there');
    const [failed, read] = await Promise.allSettled([textOf(missing, 0), textOf(there, 0)]);
    expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'SOURCE_FAILED' } });
    expect(read).toEqual({ status: 'fulfilled', value: 'there' });
  });

  it('notices that a file is another one when it has to open it again', async () => {
    const pool = new HandlePool(1);
    const [a, b] = [await fileOf(pool, 'a'), await fileOf(pool, 'b')];
    await textOf(a, 0);
    await fileOf(pool, 'new');
    await rename(join(folder, 'new'), join(folder, 'a'));
    await textOf(b, 0);
    await expect(textOf(a, 0)).rejects.toThrow(/replaced by another file/);
    expect(await textOf(b, 0)).toBe('b');
  });
});
