import { describe, expect, it } from 'vitest';
import type { StateOperation } from './state-backend.ts';
import { bytes, codeOf, collect, keysOf, type OpenBackend, type Pair } from './state-backend-model.contract.ts';

/** What a backend does with single pairs. */
export function pairsContract(name: string, openBackend: OpenBackend): void {
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

    it('may be asked for several at a time', async () => {
      const backend = await openBackend([
        [[1], [1]],
        [[], [7]],
        [[2], []],
      ]);
      const found = await backend.getMany([bytes(2), bytes(9), bytes(), bytes(1), bytes(2)]);
      expect(found.map((value) => (value === undefined ? null : [...value]))).toEqual([[], null, [7], [1], []]);
      expect(await backend.getMany([])).toEqual([]);
    });

    it('are counted in the bytes held', async () => {
      const backend = await openBackend();
      expect(Number.isFinite(backend.sizeBytes()) && backend.sizeBytes() >= 0).toBe(true);
    });
  });
}

/** In which order a backend gives its pairs, and which of them. */
export function scanContract(name: string, openBackend: OpenBackend): void {
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

    it.each([
      {
        prefix: [],
        after: [1],
        limit: 2,
        found: [
          [1, 0],
          [1, 2],
        ],
      },
      { prefix: [], after: [2], limit: 1, found: [[127]] },
      {
        prefix: [1],
        after: [1],
        limit: undefined,
        found: [
          [1, 0],
          [1, 2],
        ],
      },
      { prefix: [1], after: [], limit: undefined, found: [[1], [1, 0], [1, 2]] },
      { prefix: [1], after: [0, 255], limit: undefined, found: [[1], [1, 0], [1, 2]] },
      { prefix: [1], after: [1, 1], limit: undefined, found: [[1, 2]] },
      { prefix: [1], after: [1, 2], limit: undefined, found: [] },
      { prefix: [1], after: [200], limit: undefined, found: [] },
      { prefix: [255], after: undefined, limit: 2, found: [[255], [255, 0]] },
      { prefix: [255], after: [255, 255], limit: 2, found: [] },
    ])('of $prefix after $after, at most $limit, gives just these', async ({ prefix, after, limit, found }) => {
      const backend = await openBackend(shuffled);
      const options = {
        ...(after === undefined ? {} : { after: bytes(...after) }),
        ...(limit === undefined ? {} : { limit }),
      };
      const pairs = await collect(backend.scan(bytes(...prefix), options));
      expect(pairs.map(([key]) => key)).toEqual(found);
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
}

/** How a backend writes several pairs at once. */
export function batchContract(name: string, openBackend: OpenBackend): void {
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
}
