import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PointTable, type ResultPoint } from './point-table.ts';

const point: fc.Arbitrary<ResultPoint> = fc.record({
  start: fc.double({ noNaN: true }),
  end: fc.double({ noNaN: true }),
  emittedAt: fc.integer(),
  pane: fc.record({
    index: fc.nat(),
    timing: fc.constantFrom('early', 'on_time', 'late', 'retraction'),
    final: fc.boolean(),
  }),
  values: fc.array(fc.double(), { maxLength: 12 }),
});

/** The numbers of a row, without those at its end that are none. */
function trimmed({ values, ...rest }: ResultPoint): object {
  const numbers = Array.from(values);
  const last = numbers.findLastIndex((value) => !Number.isNaN(value));
  return { ...rest, values: numbers.slice(0, last + 1) };
}

describe('a table of points', () => {
  it('gives back what was put into a row, however many values others have', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ type: fc.constant('add' as const), point }) },
      fc.record({ type: fc.constantFrom('set' as const, 'free' as const), point, which: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new PointTable();
        const rows = new Map<number, ResultPoint>();
        for (const one of steps) {
          if (one.type === 'add') {
            const row = table.add(one.point);
            expect(rows.has(row)).toBe(false);
            rows.set(row, one.point);
            continue;
          }
          const row = [...rows.keys()][one.which % rows.size];
          if (row === undefined) continue;
          if (one.type === 'set') {
            table.set(row, one.point);
            rows.set(row, one.point);
          } else {
            table.free(row);
            rows.delete(row);
          }
        }
        for (const [row, expected] of rows) {
          expect(trimmed(table.point(row))).toEqual(trimmed(expected));
          expect([table.startOf(row), table.endOf(row)]).toEqual([expected.start, expected.end]);
          expect(table.paneIndexOf(row)).toBe(expected.pane.index);
          for (let place = 0; place < 14; place += 1) {
            expect(table.valueOf(row, place)).toBe(expected.values[place] ?? Number.NaN);
          }
        }
      }),
    );
  });

  it('gives rows out again that were freed, also beyond its first chunk', () => {
    const table = new PointTable();
    const rows = Array.from({ length: 3000 }, (_, n) => table.add(numbered(n)));
    expect(new Set(rows).size).toBe(3000);
    for (const row of rows.slice(0, 2000)) table.free(row);
    const again = Array.from({ length: 2000 }, (_, n) => table.add({ ...numbered(n), values: [1, 2, 3] }));
    expect(new Set([...rows, ...again]).size).toBe(3000);
    expect(rows.slice(2000).every((row, n) => table.valueOf(row, 0) === 2000 + n)).toBe(true);
  });
});

function numbered(n: number): ResultPoint {
  return { start: n, end: n, emittedAt: n, pane: { index: 0, timing: 'on_time', final: false }, values: [n] };
}
