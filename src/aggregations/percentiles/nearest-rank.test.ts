import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestRank, parsePercentile } from './nearest-rank.ts';

describe('nearestRank', () => {
  it.each([
    [7, 100, 7],
    [50, 4, 2],
    [50, 5, 3],
    [95, 5, 5],
    [99, 5, 5],
    [100, 5, 5],
    [99.9, 1000, 999],
    [99.9, 1001, 1000],
    [0.1, 1000, 1],
    [29, 100, 29],
    [57, 100, 57],
    [58, 100, 58],
    [1e-7, 1e9, 1],
    [1e-7, 1_000_000_001, 2],
    [5e-324, 1, 1],
    [99.99999999999999, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [33.3, Number.MAX_SAFE_INTEGER, 2_999_397_351_828_751],
  ])('gives p%d of %d values the rank %d', (p, count, rank) => {
    expect(nearestRank(parsePercentile(p), count)).toBe(rank);
  });

  it('is the least rank that at least p percent of the values do not exceed', () => {
    const thousandths = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(thousandths, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (parts, count) => {
        const rank = BigInt(nearestRank(parsePercentile(parts / 1000), count));
        const share = BigInt(parts) * BigInt(count);
        expect(rank * 100_000n >= share && (rank - 1n) * 100_000n < share).toBe(true);
      }),
    );
  });
});

describe('parsePercentile', () => {
  it.each([
    [50, 'p50'],
    [99.9, 'p99.9'],
    [1e-7, 'p1e-7'],
  ])('names %d as it is written', (p, name) => {
    expect(parsePercentile(p).name).toBe(name);
  });

  it.each([0, -1, 100.1, Number.NaN, Infinity, '50', null, undefined])('refuses %s', (p: unknown) => {
    // Callers without types can pass anything.
    expect(() => parsePercentile(p as number)).toThrow(expect.objectContaining({ code: 'PERCENTILE_INVALID' }));
  });
});
