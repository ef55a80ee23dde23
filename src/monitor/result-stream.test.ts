import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resultOf } from './monitor-fixtures.contract.ts';
import { ResultStream } from './result-stream.ts';

const some = (count: number, from = 0) => Array.from({ length: count }, (_, n) => resultOf({ start: from + n }));

function sequences(stream: ResultStream, after: number, limit = 100): number[] {
  return stream.after(after, limit).map(({ sequence, windowName, key, text }) => {
    expect(text).toBe(resultOf({ start: sequence - 1 }).toText());
    expect([windowName, String(key)]).toEqual(['tumbling', 'k=a']);
    return sequence;
  });
}

describe('a stream of results', () => {
  it('numbers results in the order of delivery, and gives those after a number', () => {
    const stream = new ResultStream(1e9);
    expect([stream.last, stream.oldest]).toEqual([0, 1]);
    stream.append(some(3));
    stream.append(some(2, 3));
    expect([stream.last, stream.oldest]).toEqual([5, 1]);
    expect(sequences(stream, 0)).toEqual([1, 2, 3, 4, 5]);
    expect(sequences(stream, 1, 2)).toEqual([2, 3]);
    expect(sequences(stream, 5)).toEqual([]);
    expect(sequences(stream, 99)).toEqual([]);
  });

  it('lets go of the oldest at its bound, and says which is the oldest', () => {
    const size = 40 + resultOf({ start: 990 }).toText().length;
    const stream = new ResultStream(10 * size + 20);
    for (let n = 0; n < 1000; n += 1) stream.append(some(1, n));
    expect(stream.last).toBe(1000);
    expect(stream.oldest).toBe(991);
    expect(sequences(stream, 0)).toEqual([991, 992, 993, 994, 995, 996, 997, 998, 999, 1000]);
    expect(sequences(stream, 997)).toEqual([998, 999, 1000]);
    expect(sequences(stream, 0, 2)).toEqual([991, 992]);
  });

  it('keeps nothing where a result alone is more than it may hold', () => {
    const stream = new ResultStream(10_000);
    stream.append(some(1));
    stream.append([resultOf({ key: 'x'.repeat(5000), start: 1 })]);
    expect([stream.last, stream.oldest, stream.after(0, 10)]).toEqual([2, 3, []]);
    // Three bytes a letter.
    stream.append([resultOf({ start: 2 }), resultOf({ key: '語'.repeat(2000), start: 3 })]);
    expect([stream.last, stream.oldest, stream.after(0, 10)]).toEqual([4, 5, []]);
    stream.append(some(1, 4));
    expect(sequences(stream, 0)).toEqual([5]);
  });

  it('keeps texts of any length and alphabet as they are', () => {
    const keys = fc.string({ unit: 'binary', maxLength: 3000 });
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 60 }), fc.integer({ min: 0, max: 100_000 }), (texts, maxBytes) => {
        const stream = new ResultStream(maxBytes);
        const results = texts.map((key) => resultOf({ key }));
        for (const result of results) stream.append([result]);
        const kept = stream.after(0, Infinity);
        const missing = results.length - kept.length;
        expect(stream.oldest).toBe(missing + 1);
        expect(kept).toEqual(
          results.slice(missing).map((result, at) => ({
            sequence: missing + at + 1,
            windowName: 'tumbling',
            key: result.key,
            text: result.toText(),
          })),
        );
        const bytes = kept.reduce((sum, { text }) => sum + 40 + Buffer.byteLength(text), 0);
        expect(bytes).toBeLessThanOrEqual(maxBytes);
        const next = results[missing - 1];
        // It lets go of no more than it must.
        if (next !== undefined) expect(bytes + 40 + Buffer.byteLength(next.toText())).toBeGreaterThan(maxBytes);
      }),
    );
  });

  it('wakes those who wait, once there is something or they no longer want to', async () => {
    const stream = new ResultStream(1e9);
    const leaving = new AbortController();
    const staying = new AbortController();
    const [left, woken] = [stream.changed(0, leaving.signal), stream.changed(0, staying.signal)];
    expect(stream.waiting).toBe(2);
    leaving.abort();
    await left;
    expect(stream.waiting).toBe(1);
    stream.append(some(1));
    await woken;
    expect(stream.waiting).toBe(0);
    await stream.changed(0, staying.signal);
    staying.abort();
    await stream.changed(1, staying.signal);
    expect(stream.waiting).toBe(0);
  });
});
