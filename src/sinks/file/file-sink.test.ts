import { spawnSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { delivery, describeEventSink, testContext } from '../event-sink.contract.ts';

import { FileSink } from './file-sink.ts';
import { openOnDisk, type AppendHandle, type OpenHandle } from './open-on-disk.ts';

interface Item {
  readonly n: number;
  readonly text?: string;
}

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-sink-'));
});
afterAll(() => rm(folder, { recursive: true }));

function newPath(): string {
  count += 1;
  return join(folder, `${String(count)}.ndjson`);
}

async function numbersIn(path: string): Promise<number[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text !== '') expect(text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as Item).n);
}

/** The file system, with faults: each operation asks first. */
function faulty(
  before: (operation: 'write' | 'datasync' | 'truncate', handle: AppendHandle) => Promise<void>,
): OpenHandle {
  return async (path) => {
    const handle = await openOnDisk(path);
    return {
      read: handle.read.bind(handle),
      stat: handle.stat.bind(handle),
      close: handle.close.bind(handle),
      write: (async (...args: Parameters<AppendHandle['write']>) => {
        await before('write', handle);
        return handle.write(...args);
      }) as AppendHandle['write'],
      datasync: async () => {
        await before('datasync', handle);
        await handle.datasync();
      },
      truncate: async (length) => {
        await before('truncate', handle);
        await handle.truncate(length);
      },
    };
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}

describeEventSink<Item>('FileSink', () => {
  const path = newPath();
  return {
    sink: new FileSink<Item>(path),
    item: (n) => ({ n, text: 'x'.repeat(600) }),
    arrived: () => numbersIn(path),
  };
});

describe('FileSink', () => {
  it('creates the folders on the way, and appends to what is there', async () => {
    const path = join(folder, 'a', 'b', 'c.ndjson');
    for (const n of [1, 2]) {
      const sink = new FileSink<Item>(path);
      await sink.open(testContext);
      await sink.sendBatch([{ n }], delivery());
      await sink.close();
    }
    expect(await readFile(path, 'utf8')).toBe('{"n":1}\n{"n":2}\n');
  });

  it('writes the form that toJSON gives, line breaks escaped', async () => {
    const path = newPath();
    const sink = new FileSink<object>(path);
    await sink.open(testContext);
    await sink.sendBatch([{ secret: 1, toJSON: () => ({ text: 'one\ntwo' }) }], delivery());
    expect(await readFile(path, 'utf8')).toBe('{"text":"one\\ntwo"}\n');
    await sink.close();
  });

  it.each([
    ['half a line', '{"n":1}\n{"n":', '{"n":1}\n', 5],
    ['nothing but half a line', '{"n"', '', 4],
    ['half a line longer than one look', `{"n":1}\n${'x'.repeat(200_000)}`, '{"n":1}\n', 200_000],
    ['a whole line', '{"n":1}\n', '{"n":1}\n', 0],
    ['an empty file', '', '', 0],
  ])('cuts off what a crash has left at the end: %s', async (_name, before, after, cutBytes) => {
    const path = newPath();
    await writeFile(path, before);
    const warnings: object[] = [];
    const logger = { ...testContext.logger, warn: (fields: object) => void warnings.push(fields) };
    const sink = new FileSink<Item>(path);
    await sink.open({ ...testContext, logger });
    expect(await readFile(path, 'utf8')).toBe(after);
    expect(warnings).toEqual(cutBytes === 0 ? [] : [{ path, cut_bytes: cutBytes }]);
    await sink.close();
  });

  it.each([
    ['ENOSPC', 'SINK_FULL', 'the disk is full; free some space (ENOSPC)'],
    ['EDQUOT', 'SINK_FULL', 'the disk quota is used up; free some space or raise the quota (EDQUOT)'],
    ['EIO', 'SINK_FAILED', 'the disk reports an error; check the disk (EIO)'],
    ['EWEIRD', 'SINK_FAILED', 'EWEIRD: refused'],
  ])('says what to do about %s, with the path', async (code, sinkCode, advice) => {
    const path = newPath();
    const sink = new FileSink<Item>(path, {
      open: faulty(async () => {
        throw systemError(code);
      }),
    });
    await sink.open(testContext);
    const error: unknown = await sink.sendBatch([{ n: 1 }], delivery()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'sink', code: sinkCode, cause: { code } });
    expect(String(error)).toContain(`${path} cannot be written: ${advice}`);
    await sink.close();
  });

  it('says what is wrong with a path that cannot be opened', async () => {
    const file = newPath();
    await writeFile(file, '');
    const inFile = new FileSink(join(file, 'x.ndjson')).open(testContext);
    await expect(inFile).rejects.toMatchObject({
      code: 'SINK_FAILED',
      message: expect.stringMatching(/cannot be opened/),
    });
    const asFolder = join(folder, 'as-folder');
    await mkdir(asFolder);
    await expect(new FileSink(asFolder).open(testContext)).rejects.toThrow(/there is a folder of that name/);
    await expect(new FileSink('/dev/null').open(testContext)).rejects.toThrow(/not a regular file/);
  });

  it.each(['write', 'datasync'] as const)(
    'leaves no half line and no duplicate where a %s fails and is retried',
    async (failing) => {
      const path = newPath();
      let failures = 0;
      const open = faulty(async (operation, handle) => {
        if (operation !== failing || failures === 2) return;
        failures += 1;
        if (operation === 'write') await handle.write(Buffer.from('{"n":'), 0, 5);
        throw systemError('ENOSPC');
      });
      const sink = new FileSink<Item>(path, { open });
      await sink.open(testContext);
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await expect(sink.sendBatch([{ n: 1 }, { n: 2 }], delivery())).rejects.toThrow(/disk is full/);
        expect(await readFile(path, 'utf8')).toBe('');
      }
      await sink.sendBatch([{ n: 1 }, { n: 2 }], delivery());
      await sink.close();
      expect(await numbersIn(path)).toEqual([1, 2]);
    },
  );

  it('repairs the file before the next delivery where it could not do so at once', async () => {
    const path = newPath();
    let broken = true;
    const open = faulty(async (operation, handle) => {
      if (!broken) return;
      if (operation === 'write') await handle.write(Buffer.from('{"n":'), 0, 5);
      throw systemError('EIO');
    });
    const sink = new FileSink<Item>(path, { open });
    await sink.open(testContext);
    await expect(sink.sendBatch([{ n: 1 }], delivery())).rejects.toThrow(/disk reports an error/);
    expect(await readFile(path, 'utf8')).toBe('{"n":');
    await expect(sink.sendBatch([{ n: 1 }], delivery())).rejects.toThrow(/disk reports an error/);
    broken = false;
    await sink.sendBatch([{ n: 1 }], delivery());
    expect(await numbersIn(path)).toEqual([1]);
    await sink.close();
  });

  it('holds each line once whatever fails and when', async () => {
    const faults = fc.array(fc.record({ fail: fc.boolean(), torn: fc.integer({ min: 0, max: 12 }) }), {
      maxLength: 30,
    });
    const batches = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(faults, batches, async (script, sizes) => {
        const path = newPath();
        const steps = script[Symbol.iterator]();
        const open = faulty(async (operation, handle) => {
          const step = steps.next();
          if (step.done === true || !step.value.fail) return;
          if (operation === 'write') await handle.write(Buffer.from('{"n":"torn"}'), 0, step.value.torn);
          throw systemError('ENOSPC');
        });
        const sink = new FileSink<Item>(path, { open });
        await sink.open(testContext);
        let next = 0;
        for (const size of sizes) {
          const items = Array.from({ length: size }, () => ({ n: (next += 1) }));
          let delivered = false;
          while (!delivered)
            delivered = await sink.sendBatch(items, delivery()).then(
              () => true,
              () => false,
            );
        }
        await sink.close();
        expect(await numbersIn(path)).toEqual(Array.from({ length: next }, (_, index) => index + 1));
      }),
      { numRuns: 100 },
    );
  });

  it('takes back a delivery that was given up, so that its retry is no duplicate', async () => {
    const path = newPath();
    const gate: { open: () => void } = { open: () => expect.fail('not reached') };
    const datasync = { held: false };
    const open = faulty((operation) => {
      if (operation !== 'datasync' || datasync.held) return Promise.resolve();
      datasync.held = true;
      return new Promise((resolve) => (gate.open = resolve));
    });
    const sink = new FileSink<Item>(path, { open });
    await sink.open(testContext);
    const attempt = new AbortController();
    const first = sink.sendBatch([{ n: 1 }], { epoch: 1, signal: attempt.signal });
    while (!datasync.held) await new Promise((resolve) => setImmediate(resolve));
    attempt.abort();
    await expect(first).rejects.toMatchObject({ code: 'SINK_TIMEOUT' });
    const second = sink.sendBatch([{ n: 1 }], delivery());
    gate.open();
    await second;
    expect(await numbersIn(path)).toEqual([1]);
    await sink.close();
  });

  it('goes on at the end where something else has emptied the file, or added to it', async () => {
    const path = newPath();
    const sink = new FileSink<Item>(path);
    await sink.open(testContext);
    await sink.sendBatch([{ n: 1 }], delivery());
    await truncate(path, 0);
    await sink.sendBatch([{ n: 2 }], delivery());
    await appendFile(path, '{"n":3}\n');
    await sink.sendBatch([{ n: 4 }], delivery());
    expect(await numbersIn(path)).toEqual([2, 3, 4]);
    await sink.close();
  });

  it('may be opened for two uses, and closes with the last', async () => {
    const path = newPath();
    const sink = new FileSink<Item>(path);
    await sink.open(testContext);
    await sink.open(testContext);
    await sink.close();
    await Promise.all([sink.sendBatch([{ n: 1 }], delivery()), sink.sendBatch([{ n: 2 }], delivery())]);
    await sink.close();
    await expect(sink.sendBatch([{ n: 3 }], delivery())).rejects.toThrow(/is not open/);
    expect(await numbersIn(path)).toEqual([1, 2]);
  });

  it('writes nothing of a delivery with an item that has no JSON', async () => {
    const path = newPath();
    const sink = new FileSink<unknown>(path);
    await sink.open(testContext);
    await expect(sink.sendBatch([{ n: 1 }, { n: 1n }], delivery())).rejects.toMatchObject({ code: 'SINK_FAILED' });
    await expect(sink.sendBatch([{ n: 1 }, undefined], delivery())).rejects.toMatchObject({ code: 'SINK_FAILED' });
    expect(await readFile(path, 'utf8')).toBe('');
    await sink.close();
  });

  it('refuses an empty path and an unknown format', () => {
    expect(() => new FileSink('')).toThrow(/path/);
    expect(() => new FileSink('x', { format: 'csv' as never })).toThrow(/"ndjson"/);
  });

  it.skipIf(process.platform === 'win32')('keeps whole lines when the operating system cuts a write short', () => {
    const path = newPath();
    const script = `
      import { FileSink } from ${JSON.stringify(new URL('./file-sink.ts', import.meta.url).href)};
      const logger = { debug() {}, info() {}, warn() {}, error() {} };
      const sink = new FileSink(${JSON.stringify(path)});
      await sink.open({ pipeline: 'p', clock: {}, logger });
      const signal = new AbortController().signal;
      const send = (n, length) => sink.sendBatch([{ n, text: 'x'.repeat(length) }], { epoch: n, signal });
      await send(1, 100);
      await send(2, 10000).then(() => process.exit(9), (error) => console.log(error.message));
      await send(3, 100);
      await sink.close();
    `;
    const command = 'ulimit -f 8; exec "$0" --input-type=module';
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command, process.execPath], {
      input: script,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('largest size allowed');
    return expect(numbersIn(path)).resolves.toEqual([1, 3]);
  });
});
