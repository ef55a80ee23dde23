import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resultOf, type ResultSample } from './monitor-fixtures.contract.ts';
import { ResultStore, type ResultStoreBounds } from './result-store.ts';

const ROOMY = { maxBytes: 1e9, maxKeys: 1e6 };

function storeOf(samples: readonly ResultSample[], bounds: Partial<ResultStoreBounds> = {}): ResultStore {
  const store = new ResultStore({ ...ROOMY, ...bounds });
  for (const sample of samples) store.take([resultOf(sample)]);
  return store;
}

/** `[start,end)#pane` of each point that is kept of a key. */
function kept(store: ResultStore, key = 'a', from = -Infinity, to = Infinity, limit = Infinity): string[] {
  const points = store.find('tumbling', `k=${key}`)?.between(from, to, limit) ?? [];
  return points.map(({ start, end, pane }) => `[${String(start)},${String(end)})#${String(pane.index)}`);
}

/** The values of each point that is kept of a key. */
function valuesIn(store: ResultStore): number[][] {
  return (store.find('tumbling', 'k=a')?.newest(Infinity) ?? []).map(({ values }) => Array.from(values));
}

describe('the results that are kept', () => {
  it('are in the order of their windows, whatever the order of delivery', () => {
    const store = storeOf([{ start: 10 }, { start: 0 }, { start: 20 }, { start: 5, end: 20 }]);
    expect(kept(store)).toEqual(['[0,10)#0', '[5,20)#0', '[10,20)#0', '[20,30)#0']);
  });

  it('are the last panes of their windows; the same again changes nothing', () => {
    const late = { pane: 1, results: { count: 7 } };
    const store = storeOf([{}, late, {}, late, { start: 10 }]);
    expect(kept(store)).toEqual(['[0,10)#1', '[10,20)#0']);
    expect(valuesIn(store)).toEqual([[7], [1]]);
    expect(store.find('tumbling', 'k=a')?.volume).toBe(8);
    expect(store.size).toBe(2);
  });

  it('are gone when they are retracted, and their key with the last of them', () => {
    const store = storeOf([{}, { start: 10 }, { timing: 'retraction', pane: 1 }]);
    expect(kept(store)).toEqual(['[10,20)#0']);
    store.take([resultOf({ start: 10, timing: 'retraction', pane: 1 }), resultOf({ start: 50, timing: 'retraction' })]);
    expect([store.keys, store.size, store.find('tumbling', 'k=a')]).toEqual([0, 0, undefined]);
  });

  it('can be had by range: windows that have some of it, the newest up to a limit', () => {
    const store = storeOf([0, 10, 20, 30].map((start) => ({ start })));
    expect(kept(store, 'a', 10, 30)).toEqual(['[10,20)#0', '[20,30)#0']);
    expect(kept(store, 'a', 5, 11)).toEqual(['[0,10)#0', '[10,20)#0']);
    expect(kept(store, 'a', -Infinity, Infinity, 2)).toEqual(['[20,30)#0', '[30,40)#0']);
  });

  it('are kept apart by window definition and key', () => {
    const store = storeOf([{}, { key: 'b' }, { key: null }, { windowName: 'sliding' }]);
    expect(store.windowNames).toEqual(['tumbling', 'sliding']);
    expect(Array.from(store.seriesOf('tumbling'), ({ keyText }) => keyText)).toEqual(['k=a', 'k=b', '']);
    expect(store.keys).toBe(4);
  });

  it('have a column for each number of each metric, null and absent ones as NaN', () => {
    const store = storeOf([
      { results: { ms: { count: 2, average: 1.5 }, usd: { count: 1, sum: null, overflow: true } } },
      { start: 10, results: { ms: { count: 1 } } },
      { start: 20, results: { tokens: { count: 9 } } },
    ]);
    expect(store.columns.all.map(({ name }) => name)).toEqual([
      'ms.count',
      'ms.average',
      'usd.count',
      'usd.sum',
      'tokens.count',
    ]);
    const { NaN: none } = Number;
    expect(valuesIn(store)).toEqual([
      [2, 1.5, 1, none, none],
      [1, none, none, none, none],
      [none, none, none, none, 9],
    ]);
  });

  it('take __proto__ and the like as names', () => {
    const results = Object.fromEntries(['__proto__', 'constructor'].map((name) => [name, { count: 1 }]));
    const store = storeOf([{ key: '__proto__', results, windowName: 'toString' }]);
    expect(store.columns.all.map(({ name }) => name)).toEqual(['__proto__.count', 'constructor.count']);
    expect(store.find('toString', 'k=__proto__')?.volume).toBe(1);
  });
});

describe('the bounds of the results that are kept', () => {
  it('let go of what came first, whatever its key', () => {
    const samples = Array.from({ length: 100 }, (_, n) => ({ key: n % 2 === 0 ? 'a' : 'b', start: n * 10 }));
    const perKey = storeOf([samples[0] ?? {}]).sizeBytes;
    const perPoint = storeOf(samples.slice(0, 3)).sizeBytes - storeOf(samples.slice(0, 2)).sizeBytes;
    const store = storeOf(samples, { maxBytes: 2 * perKey + 8 * perPoint });
    expect([kept(store, 'a').length, kept(store, 'b').length]).toEqual([5, 5]);
    expect(kept(store, 'a').at(-1)).toBe('[980,990)#0');
    expect([store.size, store.dropped]).toEqual([10, 90]);
  });

  it('let go of the keys of which nothing has come for longest', () => {
    const keys = ['a', 'b', 'a', 'c', 'd'];
    const store = storeOf(
      keys.map((key, n) => ({ key, start: n * 10 })),
      { maxKeys: 3 },
    );
    expect(Array.from(store.seriesOf('tumbling'), ({ keyText }) => keyText)).toEqual(['k=a', 'k=c', 'k=d']);
  });

  it('hold for any sequence of results, and the books are right', () => {
    const sample = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      start: fc.integer({ min: 0, max: 30 }),
      pane: fc.integer({ min: 0, max: 2 }),
      timing: fc.constantFrom('on_time', 'late', 'retraction'),
    });
    const bounds = { maxBytes: 6000, maxKeys: 4 };
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 200 }), (samples) => {
        const store = new ResultStore(bounds);
        for (const each of samples) {
          store.take([resultOf(each)]);
          const all = [...store.seriesOf('tumbling')];
          expect(store.sizeBytes).toBeLessThanOrEqual(bounds.maxBytes);
          expect(store.keys).toBeLessThanOrEqual(bounds.maxKeys);
          expect(all.length).toBe(store.keys);
          expect(all.every(({ size, volume }) => size > 0 && volume === size)).toBe(true);
          expect(all.reduce((sum, { size }) => sum + size, 0)).toBe(store.size);
        }
      }),
    );
  });

  it('hold for keys that come and go without end, and for windows that are taken back', () => {
    const store = new ResultStore({ ...ROOMY, maxKeys: 10 });
    for (let n = 0; n < 20_000; n += 1) {
      store.take([resultOf({ key: String(n) }), resultOf({ key: 'kept', start: n })]);
      store.take([resultOf({ key: 'kept', start: n, timing: 'retraction' })]);
    }
    expect(store.keys).toBeLessThanOrEqual(10);
    expect(store.arrivals).toBeLessThan(10_000);
  });
});
