import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { StateBackend, StateEntry, StateOperation } from './state-backend.ts';
import { act, anAction, bytes, codeOf, Model, type Pair } from './state-backend-model.contract.ts';

async function collect(entries: AsyncIterable<StateEntry>): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for await (const { key, value } of entries) pairs.push([[...key], [...value]]);
  return pairs;
}

async function keysOf(backend: StateBackend, ...prefix: number[]): Promise<(readonly number[])[]> {
  return (await collect(backend.scan(bytes(...prefix)))).map(([key]) => key);
}

/**
 * What every {@link StateBackend} must do. `makeBackend` gives an empty one that has not been opened, each time
 * another; its place is cleaned up by the caller.
 */
export function stateBackendContract(name: string, makeBackend: () => StateBackend | Promise<StateBackend>): void {
  const opened: StateBackend[] = [];

  async function openBackend(pairs: readonly Pair[] = []): Promise<StateBackend> {
    const backend = await makeBackend();
    await backend.open();
    opened.push(backend);
    for (const [key, value] of pairs) await backend.put(bytes(...key), bytes(...value));
    return backend;
  }

  afterEach(async () => {
    for (const backend of opened.splice(0)) await backend.close();
  });

  describe(`${name}: pairs`, () => {
    it.each<{ what: string; key: readonly number[]; value: readonly number[] }>([
      { what: 'a plain pair', key: [97], value: [1, 2, 3] },
      { what: 'an empty value', key: [97], value: [] },
      { what: 'an empty key', key: [], value: [1] },
      { what: 'an empty key with an empty value', key: [], value: [] },
      { what: 'bytes that are no text', key: [0, 255, 0, 128, 10], value: [255, 0, 13, 10] },
    ])('$what comes back as it was put', async ({ key, value }) => {
      const backend = await openBackend();
      expect(await backend.get(bytes(...key))).toBeUndefined();
      await backend.put(bytes(...key), bytes(...value));
      expect(await backend.get(bytes(...key))).toEqual(bytes(...value));
      expect(await collect(backend.scan(bytes()))).toEqual([[key, value]]);
      await backend.delete(bytes(...key));
      expect(await backend.get(bytes(...key))).toBeUndefined();
      expect(await collect(backend.scan(bytes()))).toEqual([]);
    });

    it('are replaced when their key is put again', async () => {
      const backend = await openBackend([
        [[1], [1]],
        [[1], [2, 3]],
      ]);
      expect(await collect(backend.scan(bytes()))).toEqual([[[1], [2, 3]]]);
    });

    it('are left alone when another key is deleted', async () => {
      const backend = await openBackend([[[1], [1]]]);
      await backend.delete(bytes(1, 0));
      await backend.delete(bytes());
      expect(await keysOf(backend)).toEqual([[1]]);
    });

    it('do not change with the arrays that they were given in or handed out in', async () => {
      const backend = await openBackend();
      const [key, value] = [bytes(1, 2), bytes(3, 4)];
      await backend.put(key, value);
      const operation = { key: bytes(5), value: bytes(6) };
      await backend.batch([operation]);
      for (const given of [key, value, operation.key, operation.value]) given.fill(99);
      (await backend.get(bytes(1, 2)))?.fill(98);
      for await (const entry of backend.scan(bytes())) {
        entry.key.fill(97);
        entry.value.fill(97);
      }
      expect(await collect(backend.scan(bytes()))).toEqual([
        [
          [1, 2],
          [3, 4],
        ],
        [[5], [6]],
      ]);
    });

    it('may be given in a part of a larger array', async () => {
      const backend = await openBackend();
      const whole = bytes(9, 1, 2, 9, 3, 4, 9);
      await backend.put(whole.subarray(1, 3), whole.subarray(4, 6));
      expect(await collect(backend.scan(whole.subarray(1, 2)))).toEqual([
        [
          [1, 2],
          [3, 4],
        ],
      ]);
    });

    it('are counted in the bytes held', async () => {
      const backend = await openBackend();
      expect(Number.isFinite(backend.sizeBytes()) && backend.sizeBytes() >= 0).toBe(true);
    });
  });

  describe(`${name}: scan`, () => {
    const keys = [
      [],
      [0],
      [0, 0],
      [0, 255],
      [1],
      [1, 0],
      [1, 2],
      [127],
      [128],
      [254, 255],
      [255],
      [255, 0],
      [255, 255],
    ];
    const shuffled = [7, 0, 12, 3, 9, 1, 5, 11, 2, 10, 4, 8, 6].map((i): Pair => [keys[i] ?? [], [i]]);

    it('gives all pairs in the order of their bytes, a prefix before what it begins', async () => {
      expect(await keysOf(await openBackend(shuffled))).toEqual(keys);
    });

    it.each([
      { prefix: [0], found: [[0], [0, 0], [0, 255]] },
      { prefix: [0, 255], found: [[0, 255]] },
      { prefix: [1], found: [[1], [1, 0], [1, 2]] },
      { prefix: [1, 1], found: [] },
      { prefix: [2], found: [] },
      { prefix: [128], found: [[128]] },
      { prefix: [254, 255], found: [[254, 255]] },
      { prefix: [255], found: [[255], [255, 0], [255, 255]] },
      { prefix: [255, 255], found: [[255, 255]] },
      { prefix: [255, 255, 255], found: [] },
    ])('of the prefix $prefix gives what begins with it', async ({ prefix, found }) => {
      expect(await keysOf(await openBackend(shuffled), ...prefix)).toEqual(found);
    });

    it('gives the pairs as of the call, whatever is written meanwhile', async () => {
      const backend = await openBackend([
        [[1], [1]],
        [[2], [2]],
        [[3], [3]],
      ]);
      const entries = backend.scan(bytes());
      await backend.put(bytes(0), bytes(0));
      const seen: Pair[] = [];
      for await (const { key, value } of entries) {
        seen.push([[...key], [...value]]);
        await backend.delete(bytes(2));
        await backend.put(bytes(3), bytes(99));
        await backend.put(bytes(4), bytes(4));
      }
      expect(seen).toEqual([
        [[1], [1]],
        [[2], [2]],
        [[3], [3]],
      ]);
      expect(await keysOf(backend)).toEqual([[0], [1], [3], [4]]);
    });

    it('may be left before its end', async () => {
      const backend = await openBackend(shuffled);
      for await (const { key } of backend.scan(bytes(1))) {
        expect([...key]).toEqual([1]);
        break;
      }
      expect(await keysOf(backend)).toEqual(keys);
    });
  });

  describe(`${name}: batch`, () => {
    it('puts and deletes in one go, in order', async () => {
      const backend = await openBackend([
        [[1], [1]],
        [[2], [2]],
      ]);
      await backend.batch([
        { key: bytes(1) },
        { key: bytes(3), value: bytes(3) },
        { key: bytes(2), value: bytes(20) },
        { key: bytes(4), value: bytes(4) },
        { key: bytes(4) },
        { key: bytes(1), value: bytes() },
      ]);
      await backend.batch([]);
      expect(await collect(backend.scan(bytes()))).toEqual([
        [[1], []],
        [[2], [20]],
        [[3], [3]],
      ]);
    });

    it.each([
      ['a key', { key: 'text', value: bytes(1) }],
      ['a value', { key: bytes(9), value: 'text' }],
    ])('writes nothing if %s in its middle is no bytes', async (_what, broken) => {
      const backend = await openBackend([[[1], [1]]]);
      // What a caller without types may hand over.
      const operations = [{ key: bytes(2), value: bytes(2) }, broken, { key: bytes(1) }] as readonly StateOperation[];
      expect(await codeOf(backend.batch(operations))).toBe('STATE_FAILED');
      expect(await keysOf(backend)).toEqual([[1]]);
    });
  });

  describe(`${name}: checkpoints`, () => {
    it('put everything back to what it was, as often as wanted', async () => {
      const backend = await openBackend([
        [[1], [1]],
        [[2], [2]],
      ]);
      const info = await backend.checkpoint('one');
      expect(info.id).toBe('one');
      expect(Number.isInteger(info.createdAt) && info.sizeBytes >= 0).toBe(true);
      for (let round = 0; round < 2; round++) {
        await backend.put(bytes(1), bytes(9));
        await backend.delete(bytes(2));
        await backend.put(bytes(3), bytes(3));
        await backend.restore('one');
        expect(await collect(backend.scan(bytes()))).toEqual([
          [[1], [1]],
          [[2], [2]],
        ]);
      }
    });

    it('are listed from the oldest, and replaced by one of the same id', async () => {
      const backend = await openBackend();
      expect(await backend.listCheckpoints()).toEqual([]);
      for (const id of ['b', 'a', 'c']) {
        await backend.put(bytes(1), bytes(id.charCodeAt(0)));
        await backend.checkpoint(id);
      }
      await backend.put(bytes(1), bytes(77));
      const replaced = await backend.checkpoint('b');
      const listed = await backend.listCheckpoints();
      expect(listed.map(({ id }) => id)).toEqual(['a', 'c', 'b']);
      expect(listed[2]).toEqual(replaced);
      await backend.restore('a');
      expect(await backend.get(bytes(1))).toEqual(bytes(97));
      await backend.restore('b');
      expect(await backend.get(bytes(1))).toEqual(bytes(77));
    });

    it('that are unknown or deleted cannot be restored, and nothing changes', async () => {
      const backend = await openBackend([[[1], [1]]]);
      await backend.checkpoint('one');
      await backend.deleteCheckpoint('one');
      await backend.deleteCheckpoint('never made');
      for (const id of ['one', 'never made', '__proto__', '']) {
        expect(await codeOf(backend.restore(id))).toBe('CHECKPOINT_UNKNOWN');
      }
      expect(await backend.listCheckpoints()).toEqual([]);
      expect(await keysOf(backend)).toEqual([[1]]);
    });
  });

  describe(`${name}: open and close`, () => {
    const uses: [string, (backend: StateBackend) => Promise<unknown>][] = [
      ['get', (backend) => backend.get(bytes(1))],
      ['put', (backend) => backend.put(bytes(1), bytes(1))],
      ['delete', (backend) => backend.delete(bytes(1))],
      ['scan', (backend) => collect(backend.scan(bytes()))],
      ['batch', (backend) => backend.batch([{ key: bytes(1) }])],
      ['checkpoint', (backend) => backend.checkpoint('one')],
      ['restore', (backend) => backend.restore('one')],
      ['listCheckpoints', (backend) => backend.listCheckpoints()],
      ['deleteCheckpoint', (backend) => backend.deleteCheckpoint('one')],
    ];

    it.each(uses)('%s rejects before the one and after the other', async (_method, use) => {
      const backend = await makeBackend();
      expect(await codeOf(use(backend))).toBe('STATE_FAILED');
      await backend.open();
      await backend.close();
      expect(await codeOf(use(backend))).toBe('STATE_FAILED');
    });

    it('may be closed twice', async () => {
      const backend = await openBackend();
      await backend.close();
      expect(await codeOf(backend.close())).toBeUndefined();
    });

    it('keep pairs and checkpoints where the backend is recoverable', async () => {
      const backend = await openBackend([[[1], [1]]]);
      if (!backend.recoverable) return;
      const info = await backend.checkpoint('one');
      await backend.put(bytes(2), bytes(2));
      await backend.close();
      await backend.open();
      expect(await keysOf(backend)).toEqual([[1], [2]]);
      expect(await backend.listCheckpoints()).toEqual([info]);
      await backend.restore('one');
      expect(await keysOf(backend)).toEqual([[1]]);
    });
  });

  describe(`${name}: whatever is done, in any order`, () => {
    it('holds what a plain list would', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anAction, { maxLength: 25 }), async (actions) => {
          const backend = await openBackend();
          const model = new Model();
          for (const action of actions) {
            await act(backend, action);
            model.act(action);
            expect(await collect(backend.scan(bytes(...action.key)))).toEqual(model.scan(action.key));
          }
          expect(await collect(backend.scan(bytes()))).toEqual(model.scan([]));
          for (const [key, value] of model.pairs) expect(await backend.get(bytes(...key))).toEqual(bytes(...value));
          await backend.close();
        }),
        { numRuns: 60 },
      );
    });
  });
}
