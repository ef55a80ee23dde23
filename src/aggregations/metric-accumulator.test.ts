import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricResults } from '../results/aggregation-result.ts';
import type { AggregateName } from './aggregation-spec.ts';
import { MetricAccumulator } from './metric-accumulator.ts';
import { parseAggregationSpec } from './parse-aggregation-spec.ts';

const NAMES: readonly AggregateName[] = [
  'count',
  'sum',
  'average',
  'min',
  'max',
  'stddev',
  'stddev_sample',
  'percentile',
];
const ALL = parseAggregationSpec({ aggregates: NAMES, percentiles: [50, 99.9, 7] });

function accumulate(values: readonly number[], spec = ALL): MetricAccumulator {
  const accumulator = new MetricAccumulator(spec);
  for (const value of values) accumulator.add(value);
  return accumulator;
}

function merged(...parts: readonly (readonly number[])[]): MetricAccumulator {
  const into = accumulate([]);
  for (const part of parts) into.merge(accumulate(part));
  return into;
}

/** What must not differ at all, whatever the order; deviations and sums may, in their last digits. */
function exactPart({ count, min, max, p50, p7, 'p99.9': p999 }: MetricResults): unknown {
  return { count, min, max, p50, p7, p999 };
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const ordinary = fc.double({ noNaN: true, min: -1e6, max: 1e6 });
const dyadic = fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map((parts) => parts / 1024);

describe('results', () => {
  it('are all aggregates, in one order', () => {
    const results = accumulate([10, 20, 30]).results();
    expect(results).toEqual({
      count: 3,
      sum: 60,
      average: 20,
      min: 10,
      max: 30,
      stddev: 8.16496580927726,
      stddev_sample: 10,
      p50: 20,
      'p99.9': 30,
      p7: 10,
    });
    expect(Object.keys(results).join()).toBe('count,sum,average,min,max,stddev,stddev_sample,p50,p99.9,p7');
  });

  it('of no values are a count and a sum of 0, and nothing else', () => {
    expect(accumulate([]).results()).toEqual({
      count: 0,
      sum: 0,
      average: null,
      min: null,
      max: null,
      stddev: null,
      stddev_sample: null,
      p50: null,
      'p99.9': null,
      p7: null,
    });
  });

  it('of one value have no sample deviation', () => {
    expect(accumulate([-3.5]).results()).toMatchObject({ average: -3.5, stddev: 0, stddev_sample: null, p50: -3.5 });
  });

  it.each(NAMES)('of %s alone are as those among the others', (name) => {
    const values = [3, -1, 4, -1, 5, 1e300];
    const alone = accumulate(
      values,
      parseAggregationSpec({ aggregates: [name], percentiles: [50, 99.9, 7] }),
    ).results();
    expect(accumulate(values).results()).toMatchObject(alone);
    expect(Object.keys(alone)).toHaveLength(name === 'percentile' ? 3 : 1);
  });

  it('have no percentile beyond the extremes, estimated as it may be', () => {
    const sketched = parseAggregationSpec({ aggregates: ['percentile'], percentileMethod: 'sketch' });
    expect(accumulate([42.5, 42.5, 42.5], sketched).results()).toEqual({ p50: 42.5, p95: 42.5, p99: 42.5 });
    expect(accumulate([-42.5], sketched).p50()).toBe(-42.5);
  });

  it('do not change the accumulator', () => {
    const accumulator = accumulate([3, 1, 2]);
    const before = accumulator.encode();
    accumulator.results();
    expect(accumulator.encode()).toEqual(before);
  });

  it('hold no negative zero', () => {
    const { sum, min, max, p50 } = accumulate([-0, 0, -0]).results();
    expect([sum, min, max, p50]).toEqual([0, 0, 0, 0]);
  });
});

describe('a sum', () => {
  it('has what rounding would take away', () => {
    expect(accumulate([1, 1e100, 1, -1e100]).sum).toBe(2);
  });

  it('of multiples of 1/1024 is exact in any split and merge order', () => {
    fc.assert(
      fc.property(fc.array(dyadic), fc.array(dyadic), fc.array(dyadic), (a, b, c) => {
        const exact = [...a, ...b, ...c].reduce((total, value) => total + value, 0);
        const inner = merged(b, c);
        inner.merge(accumulate(a));
        expect([merged(a, b, c).sum, merged(c, a, b).sum, inner.sum]).toEqual([exact, exact, exact]);
      }),
    );
  });
});

describe('merge', () => {
  it('gives what adding in one go gives: exactly for count, extremes and percentiles, nearly for the rest', () => {
    fc.assert(
      fc.property(fc.array(ordinary), fc.array(ordinary), (a, b) => {
        const straight = accumulate([...a, ...b]).results();
        const [forth, back] = [merged(a, b).results(), merged(b, a).results()];
        expect(exactPart(forth)).toEqual(exactPart(straight));
        expect(exactPart(back)).toEqual(exactPart(straight));
        for (const name of ['sum', 'average', 'stddev', 'stddev_sample'] as const) {
          expect(forth[name] ?? -1).toBeCloseTo(straight[name] ?? -1, 6);
          expect(back[name] ?? -1).toBeCloseTo(straight[name] ?? -1, 6);
        }
      }),
    );
  });

  it('associates and commutes exactly for count, extremes and percentiles of any values', () => {
    fc.assert(
      fc.property(fc.array(finite), fc.array(finite), fc.array(finite), (a, b, c) => {
        const right = merged(b, c);
        const left = accumulate(a);
        left.merge(right);
        expect(exactPart(left.results())).toEqual(exactPart(merged(c, b, a).results()));
      }),
    );
  });

  it('has an empty accumulator as its neutral element', () => {
    fc.assert(
      fc.property(fc.array(finite), (values) => {
        const expected = accumulate(values).encode();
        const left = accumulate(values);
        left.merge(accumulate([]));
        expect(left.encode()).toEqual(expected);
        expect(merged(values).results()).toEqual(accumulate(values).results());
      }),
    );
  });

  it('leaves the other accumulator as it was, of whatever magnitude its values are', () => {
    fc.assert(
      fc.property(fc.array(finite), fc.array(finite), (a, b) => {
        const other = accumulate(b);
        const before = other.encode();
        const into = accumulate(a);
        into.merge(other);
        into.add(1);
        expect(other.encode()).toEqual(before);
      }),
    );
  });

  it.each([
    { percentiles: [50] },
    { percentileMethod: 'exact' },
    { relativeAccuracy: 0.02 },
    { aggregates: ['count'] },
  ] as const)('refuses an accumulator of other settings: %j', (options) => {
    const other = new MetricAccumulator(parseAggregationSpec(options));
    expect(() => accumulate([1]).merge(other)).toThrow(expect.objectContaining({ code: 'ACCUMULATOR_MISMATCH' }));
  });

  it('accepts an accumulator of an equal spec', () => {
    const spec = parseAggregationSpec({ aggregates: NAMES.toReversed(), percentiles: [50, 99.9, 7] });
    const into = accumulate([1]);
    into.merge(accumulate([2], spec));
    expect(into.count).toBe(2);
  });
});

describe('clone', () => {
  it('is equal, and independent of the original both ways', () => {
    fc.assert(
      fc.property(fc.array(finite), finite, (values, more) => {
        const original = accumulate(values);
        const before = original.encode();
        const copy = original.clone();
        expect(copy.encode()).toEqual(before);
        copy.add(more);
        expect(original.encode()).toEqual(before);
        original.add(more);
        expect(original.encode()).toEqual(copy.encode());
      }),
    );
  });
});

describe('memory', () => {
  it('of one key with very many values is bounded', () => {
    const accumulator = new MetricAccumulator(ALL);
    for (let index = 0; index < 200_000; index += 1) accumulator.add((-1) ** index * 2 ** ((index * 0.618) % 900));
    expect(accumulator.sizeBytes()).toBeLessThan(32_768);
  });

  it('of a key with few values is small', () => {
    expect(accumulate([1, 2, 3]).sizeBytes()).toBeLessThan(500);
  });
});
