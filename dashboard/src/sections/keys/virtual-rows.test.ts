import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsInSight } from './virtual-rows.ts';

const [ROW, BOX] = [38, 418];

describe('the rows in sight', () => {
  it('are all drawn and fetched, and not many more, wherever it is scrolled to', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, noNaN: true }), (total, share) => {
        const scrollTop = share * Math.max(0, total * ROW - BOX);
        const { first, count, offset, limit } = rowsInSight(scrollTop, BOX, ROW, total);
        const from = Math.floor(scrollTop / ROW);
        const to = Math.min(total, Math.ceil((scrollTop + BOX) / ROW));
        expect(first).toBeLessThanOrEqual(from);
        expect(first + count).toBeGreaterThanOrEqual(to);
        expect(count).toBeLessThanOrEqual(30);
        expect(offset).toBeLessThanOrEqual(first);
        expect(offset + limit).toBeGreaterThanOrEqual(first + count);
        expect(limit).toBeLessThanOrEqual(100);
      }),
    );
  });

  it('are those at the end where it is scrolled beyond it, as when there are suddenly fewer', () => {
    expect(rowsInSight(1e6, BOX, ROW, 100)).toMatchObject({ first: 82, count: 18, offset: 50, limit: 50 });
    expect(rowsInSight(-50, BOX, ROW, 3)).toEqual({ first: 0, count: 3, offset: 0, limit: 50 });
    expect(rowsInSight(0, BOX, ROW, 0)).toEqual({ first: 0, count: 0, offset: 0, limit: 50 });
  });
});
