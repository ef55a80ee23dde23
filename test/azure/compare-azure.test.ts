import { describe, expect, it } from 'vitest';
import type { MetricJson } from '../oracle/aggregates.ts';
import { compareAzure } from './compare-azure.ts';
import { toNdjson, type ExpectedResult } from './expected.ts';

const metric: MetricJson = { count: 3, sum: 60, average: 20, min: 10, max: 30, stddev: 8.16496580927726, p50: 200 };

function line(percentiles: 'exact' | 'approximate', n = 0): ExpectedResult {
  return {
    id: `azure/tumbling//0/60000/${String(n)}`,
    pipeline: 'azure',
    window: { type: 'tumbling', start: '1970-01-01T00:00:00.000Z', end: '1970-01-01T00:01:00.000Z', key: null },
    key: null,
    results: { ContextTokens: metric, GeneratedTokens: metric },
    pane: { index: n, timing: 'on_time', final: true },
    percentiles,
  };
}

/** A run's result for a line, with some aggregates of one metric changed. */
function found(expected: ExpectedResult, changes: MetricJson = {}): object {
  const { percentiles: _, results, ...rest } = expected;
  return {
    ...rest,
    results: { GeneratedTokens: results['GeneratedTokens'], ContextTokens: { ...metric, ...changes } },
    timestamp: '2026-11-22T00:00:00.000Z',
  };
}

const differences = (results: readonly object[], expected: readonly object[]): readonly string[] =>
  compareAzure(toNdjson(results), toNdjson(expected));

describe('comparing results of the trace', () => {
  const [exact, approximate] = [line('exact'), line('approximate', 1)];

  it('finds nothing where all agree, in any order', () => {
    expect(differences([found(approximate), found(exact)], [exact, approximate])).toEqual([]);
  });

  it.each([
    ['a result is missing', [found(exact)], 'missing'],
    ['a result is there twice', [found(exact), found(exact), found(approximate)], 'twice'],
    ['a result is too much', [found(exact), found(approximate), found(line('exact', 2))], 'should not exist'],
    ['a pane differs', [{ ...found(exact), pane: approximate.pane }, found(approximate)], 'pane: expected'],
    ['a field is too much', [{ ...found(exact), extra: 1 }, found(approximate)], 'extra: expected'],
  ])('says so where %s', (_, results, message) => {
    expect(differences(results, [exact, approximate])).toEqual([expect.stringContaining(message)]);
  });

  it.each<[MetricJson, boolean, boolean]>([
    [{ sum: 61 }, false, false],
    [{ average: 20.000000000000004 }, false, false],
    [{ stddev: 8.16496580927 }, true, true],
    [{ stddev: 8.1649 }, false, false],
    [{ p50: 200 }, true, true],
    [{ p50: 202 }, false, true],
    [{ p50: 198 }, false, true],
    [{ p50: 202.01 }, false, false],
    [{ p50: null }, false, false],
    [{ p95: 1 }, false, false],
  ])('takes %j for right: %s with exact percentiles, %s with approximate ones', (changes, ifExact, ifApproximate) => {
    expect(differences([found(exact, changes)], [exact]).length === 0).toBe(ifExact);
    expect(differences([found(approximate, changes)], [approximate]).length === 0).toBe(ifApproximate);
  });
});
