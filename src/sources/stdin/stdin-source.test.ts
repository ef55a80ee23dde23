import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { contextWith, describeEventSource, readAll, textsOf } from '../event-source.contract.ts';
import { StdinSource } from './stdin-source.ts';

const LINES = Array.from({ length: 8 }, (_, n) => `{"n":${String(n)}}`);

describeEventSource('a stdin source', () =>
  Promise.resolve({
    source: () => new StdinSource({ stream: Readable.from([Buffer.from(LINES.join('\n'))], { objectMode: false }) }),
    expected: { stdin: LINES },
  }),
);

describe('a stdin source', () => {
  it('hands over lines as they come, is caught up between them, and takes a last line without its end', async () => {
    const stream = new PassThrough();
    const open = await new StdinSource({ stream }).open(contextWith());
    const partition = open.partitions[0]!; // stdin is always there
    stream.write('{"n":1}\n{"n":');
    expect(await partition.read()).toMatchObject({ count: 1, nextOffset: 8 });
    const waiting = partition.read();
    await new Promise((resolve) => setImmediate(resolve));
    expect(partition.caughtUp).toBe(true);
    stream.end('2}');
    const block = await waiting;
    expect(block === null ? [] : textsOf(block)).toEqual(['{"n":2}']);
    expect(await partition.read()).toBeNull();
    await open.close();
  });

  it.each([
    ['csv', 'a,b\n1,2\n', ['1,2']],
    ['json', '[{"a":1},{"a":2}]', ['{"a":1}', '{"a":2}']],
  ] as const)('reads %s', async (format, text, expected) => {
    const stream = Readable.from([Buffer.from(text)], { objectMode: false });
    const open = await new StdinSource({ stream, format }).open(contextWith());
    expect((await readAll(open.partitions[0]!)).flatMap(textsOf)).toEqual(expected); // stdin is always there
  });

  it('leaves the stream alone while nobody reads', async () => {
    const stream = new PassThrough({ highWaterMark: 1000 });
    const open = await new StdinSource({ stream }).open(contextWith());
    while (stream.write('{"n":1}\n'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.writableNeedDrain).toBe(true);
    await open.close();
  });

  it('reports a stream that fails', async () => {
    const stream = new PassThrough();
    const open = await new StdinSource({ stream }).open(contextWith());
    const reading = open.partitions[0]?.read();
    stream.destroy(new Error('EIO'));
    await expect(reading).rejects.toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringContaining('EIO') });
  });

  it('refuses a stream of objects and one that is closed', async () => {
    const closed = new PassThrough();
    closed.destroy();
    for (const stream of [Readable.from([{ a: 1 }]), closed]) {
      await expect(new StdinSource({ stream }).open(contextWith())).rejects.toMatchObject({ code: 'SOURCE_FAILED' });
    }
  });
});
