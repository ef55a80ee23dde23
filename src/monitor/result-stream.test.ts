import { describe, expect, it } from 'vitest';
import { resultOf } from './monitor-fixtures.contract.ts';
import { ResultStream } from './result-stream.ts';

const some = (count: number, from = 0) => Array.from({ length: count }, (_, n) => resultOf({ start: from + n }));

function sequences(stream: ResultStream, after: number, limit = 100): number[] {
  return stream.after(after, limit).map(({ sequence, result }) => {
    expect(result.window.start).toBe(sequence - 1);
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
    const stream = new ResultStream(16_000);
    for (let n = 0; n < 1000; n += 1) stream.append(some(1, n));
    expect(stream.last).toBe(1000);
    expect(stream.oldest).toBe(991);
    expect(sequences(stream, 0)).toEqual([991, 992, 993, 994, 995, 996, 997, 998, 999, 1000]);
    expect(sequences(stream, 997)).toEqual([998, 999, 1000]);
  });

  it('keeps nothing where a result alone is more than it may hold', () => {
    const stream = new ResultStream(10_000);
    stream.append(some(1));
    stream.append([resultOf({ key: 'x'.repeat(2000), start: 1 })]);
    expect([stream.last, stream.oldest, stream.after(0, 10)]).toEqual([2, 3, []]);
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
