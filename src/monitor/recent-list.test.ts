import { describe, expect, it } from 'vitest';
import { RecentList } from './recent-list.ts';

describe('a list of what was recent', () => {
  it.each([
    [0, []],
    [2, [1, 0]],
    [3, [2, 1, 0]],
    [8, [7, 6, 5]],
  ])('has the newest of %i first', (count, newest) => {
    const list = new RecentList<number>(3);
    for (let n = 0; n < count; n += 1) list.add(n);
    expect(list.newest()).toEqual(newest);
    expect([list.total, list.size]).toEqual([count, newest.length]);
  });

  it('makes of many only those that it keeps, and counts them all', () => {
    const list = new RecentList<string>(3);
    const made: number[] = [];
    list.addAll([1, 2, 3, 4, 5], (n) => {
      made.push(n);
      return `no. ${String(n)}`;
    });
    expect(made).toEqual([3, 4, 5]);
    expect(list.newest(2)).toEqual(['no. 5', 'no. 4']);
    expect(list.total).toBe(5);
  });
});
