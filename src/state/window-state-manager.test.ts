import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { GroupingKey } from '../event/grouping-key.ts';
import { Window } from '../event/window.ts';
import type { Codec } from './codec.ts';
import { MemoryStateBackend } from './memory/memory-state-backend.ts';
import { decodeWindow, encodeWindow } from './window-key.ts';
import { WindowStateManager } from './window-state-manager.ts';

interface Accumulator {
  readonly count: number;
}

const codec: Codec<Accumulator> = {
  encode: (accumulator) => new TextEncoder().encode(JSON.stringify(accumulator)),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Accumulator,
};

const keyOf = (value: string | null): GroupingKey => GroupingKey.fromFields([['model', value]]);

async function listed(manager: WindowStateManager<Accumulator>): Promise<string[]> {
  const found: string[] = [];
  for await (const { start, end, key } of manager.windows()) found.push(`${start} ${end} ${key?.toString() ?? '-'}`);
  return found;
}

describe('WindowStateManager', () => {
  let backend: MemoryStateBackend;
  let manager: WindowStateManager<Accumulator>;

  beforeEach(async () => {
    backend = new MemoryStateBackend();
    await backend.open();
    manager = new WindowStateManager(backend, 'my-aggregation', codec);
  });

  it('keeps an accumulator for each window and key', async () => {
    const windows = [
      new Window(0, 10),
      new Window(0, 20),
      new Window(10, 20, keyOf('a')),
      new Window(10, 20, keyOf(null)),
    ];
    for (const [count, window] of windows.entries()) {
      expect(await manager.getAccumulator(window)).toBeUndefined();
      await manager.putAccumulator(window, { count });
    }
    for (const [count, window] of windows.entries()) expect(await manager.getAccumulator(window)).toEqual({ count });
    await manager.putAccumulator(new Window(0, 10), { count: 77 });
    expect(await manager.getAccumulator(new Window(0, 10))).toEqual({ count: 77 });
    await manager.deleteWindow(new Window(0, 10));
    expect(await manager.getAccumulator(new Window(0, 10))).toBeUndefined();
    expect(await manager.getAccumulator(new Window(0, 20))).toEqual({ count: 1 });
  });

  it('lists its windows by end, then start, then key, those before 1970 first', async () => {
    const windows = [
      new Window(10, 20, keyOf('b')),
      new Window(10, 20, keyOf('a')),
      new Window(10, 20),
      new Window(5, 20),
      new Window(-10, 0),
      new Window(-30, -20),
      new Window(0, 10, keyOf('z')),
    ];
    for (const window of windows) await manager.putAccumulator(window, { count: 1 });
    expect(await listed(manager)).toEqual([
      '-30 -20 -',
      '-10 0 -',
      '0 10 model=z',
      '5 20 -',
      '10 20 -',
      '10 20 model=a',
      '10 20 model=b',
    ]);
  });

  it.each(['my-aggregation\0', 'my-aggregation2', 'my', ''])(
    'shares its backend with the namespace %j',
    async (name) => {
      const other = new WindowStateManager(backend, name, codec);
      await manager.putAccumulator(new Window(0, 10), { count: 1 });
      await other.putAccumulator(new Window(0, 20), { count: 2 });
      expect(await listed(manager)).toEqual(['0 10 -']);
      expect(await listed(other)).toEqual(['0 20 -']);
      expect(await other.getAccumulator(new Window(0, 10))).toBeUndefined();
    },
  );

  it('rejects with what the backend says', async () => {
    await backend.close();
    const failed = expect.objectContaining({ code: 'STATE_FAILED' });
    await expect(manager.getAccumulator(new Window(0, 10))).rejects.toEqual(failed);
    await expect(manager.putAccumulator(new Window(0, 10), { count: 1 })).rejects.toEqual(failed);
    await expect(listed(manager)).rejects.toEqual(failed);
  });
});

describe('a window as bytes', () => {
  const aKey = fc.option(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', '%00', '::', '=')).map(keyOf),
    { nil: null },
  );

  it('reads back as the same window, whatever its key', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 1, max: 1e9 }), aKey, (start, size, key) => {
        const window = decodeWindow(encodeWindow(new Window(start, start + size, key)));
        expect([window.start, window.end]).toEqual([start, start + size]);
        expect(window.key?.fields).toEqual(key?.fields);
      }),
    );
  });

  it.each([
    ['too short', [1, 2, 3]],
    [
      'a start that is not before the end',
      [...encodeWindow(new Window(0, 10))].slice(0, 8).concat([0xff], Array<number>(7).fill(0)),
    ],
    ['a key that is none', [...encodeWindow(new Window(0, 10)), 97]],
  ])('is refused when it is broken: %s', (_what, bytes) => {
    expect(() => decodeWindow(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
  });
});
