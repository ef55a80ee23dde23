import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AggregationSpec } from './aggregation-spec.ts';
import { MetricAccumulator } from './metric-accumulator.ts';
import { parseAggregationSpec } from './parse-aggregation-spec.ts';

const SPEC: AggregationSpec = parseAggregationSpec({ aggregates: ['average', 'stddev', 'stddev_sample'] });

/** A data set of the NIST StRD collection, with what is certified about it. */
function dataSet(name: string): {
  readonly values: readonly number[];
  readonly mean: number;
  readonly deviation: number;
} {
  const text = readFileSync(new URL(`../../test/data/nist-strd/${name}.dat`, import.meta.url), 'utf8');
  const certified = (label: RegExp): number => Number(label.exec(text)?.[1]);
  const [, data = ''] = text.split(/^Data: Y\s*\n-+\s*$/m);
  return {
    values: data.trim().split(/\s+/).map(Number),
    mean: certified(/Sample Mean.*:\s*(\S+)/),
    deviation: certified(/Sample Standard Deviation.*:\s*(\S+)/),
  };
}

/** Number of digits that agree, at most the 15 that are certified: the log relative error. */
function digits(found: number | null, certified: number): number {
  const error = Math.abs((found ?? Number.NaN) - certified) / Math.abs(certified);
  return Math.min(15, -Math.log10(error));
}

describe.each([
  ['Lew', 14],
  ['Lottery', 14],
  ['Mavro', 12],
  ['Michelso', 12],
  ['NumAcc1', 14],
  ['NumAcc2', 12],
  ['NumAcc3', 9],
  ['NumAcc4', 8],
])('the deviation of %s', (name, leastDigits) => {
  const { values, mean, deviation } = dataSet(name);

  it(`has ${String(leastDigits)} certified digits`, () => {
    const accumulator = new MetricAccumulator(SPEC);
    for (const value of values) accumulator.add(value);
    expect(digits(accumulator.sampleStandardDeviation(), deviation)).toBeGreaterThanOrEqual(leastDigits);
    expect(digits(accumulator.average(), mean)).toBeGreaterThanOrEqual(14);
  });

  it('has them after any split, any order of merging, and being stored in between', () => {
    const assignment = fc.array(fc.nat(7), { minLength: 1, maxLength: 60 });
    const merges = fc.array(fc.record({ from: fc.nat(7), into: fc.nat(7) }), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(assignment, merges, (owners, steps) => {
        const parts = Array.from({ length: 8 }, () => new MetricAccumulator(SPEC));
        values.forEach((value, index) => parts[owners[index % owners.length] ?? 0]?.add(value));
        for (const { from, into } of steps) {
          const [taken] = parts.splice(from % parts.length, 1);
          if (taken === undefined) continue;
          parts[into % parts.length]?.merge(MetricAccumulator.decode(taken.encode(), SPEC));
        }
        expect(parts).toHaveLength(1);
        const merged = parts[0];
        expect(digits(merged?.sampleStandardDeviation() ?? null, deviation)).toBeGreaterThanOrEqual(leastDigits);
      }),
    );
  });
});
