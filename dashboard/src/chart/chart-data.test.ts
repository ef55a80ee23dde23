import { describe, expect, it } from 'vitest';
import { align, aloneIn, sumOf } from './chart-data.ts';

const point = (end: number, value: number | null, isRevised = false) => [end, end - 10, 0, Number(isRevised), value, 7];

describe('numbers on one scale of times', () => {
  const series = [
    { key: 'a', points: [point(1000, 1), point(2000, 2, true), point(4000, null)] },
    { key: 'b', points: [point(2000, 5), point(3000, 6)] },
  ];

  it('have a place for every window that one of them has', () => {
    const { times, lines, revised } = align(series, [0]);
    expect(times).toEqual([1, 2, 3, 4]);
    expect(lines).toEqual([
      [1, 2, null, null],
      [null, 5, 6, null],
    ]);
    expect(revised).toEqual([new Set([1]), new Set()]);
    expect(align([], [0])).toEqual({ times: [], lines: [], revised: [] });
  });

  it('make a line of each number that is asked for', () => {
    expect(align(series.slice(1), [1, 0]).lines).toEqual([
      [7, 7],
      [5, 6],
    ]);
  });

  it('are added up where there are any', () => {
    expect(sumOf(align(series, [0]).lines)).toEqual([1, 7, 6, null]);
    expect(sumOf([])).toEqual([]);
  });

  it('are alone where no line leads to them, and late events have not marked them', () => {
    expect(aloneIn([1, 2, null, 3, null, null, 4, 5], new Set([1]))).toEqual([3]);
    expect(aloneIn([null, 1], new Set())).toEqual([1]);
    expect(aloneIn([null, 1], new Set([1]))).toEqual([]);
  });
});
