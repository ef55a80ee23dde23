import { describe, expect, it } from 'vitest';
import { isAggregateName, parseAggregationSpec, type AggregationOptions } from './parse-aggregation-spec.ts';

describe('parseAggregationSpec', () => {
  it('fills in the defaults', () => {
    expect(parseAggregationSpec()).toEqual({
      aggregates: new Set(['count', 'sum', 'average', 'min', 'max', 'percentile', 'stddev']),
      percentiles: [50, 95, 99],
      percentileMethod: 'auto',
      relativeAccuracy: 0.01,
    });
  });

  it('keeps what is given, and shares nothing with it', () => {
    const percentiles = [99.9, 7];
    const spec = parseAggregationSpec({
      aggregates: ['stddev_sample', 'percentile'],
      percentiles,
      percentileMethod: 'sketch',
      relativeAccuracy: 0.02,
    });
    percentiles.push(1);
    expect(spec).toEqual({
      aggregates: new Set(['stddev_sample', 'percentile']),
      percentiles: [99.9, 7],
      percentileMethod: 'sketch',
      relativeAccuracy: 0.02,
    });
    expect([Object.isFrozen(spec), Object.isFrozen(spec.percentiles)]).toEqual([true, true]);
  });

  it('needs no percentiles where none are computed', () => {
    expect(parseAggregationSpec({ aggregates: ['count'], percentiles: [] }).percentiles).toEqual([]);
  });

  it.each<[object, string, RegExp]>([
    [{ percentiles: [0] }, 'PERCENTILE_INVALID', /^0 is not a percentile; .* 0 < p ≤ 100/],
    [{ percentiles: [50, 100.5] }, 'PERCENTILE_INVALID', /^100.5 is not/],
    [{ percentiles: ['95'] }, 'PERCENTILE_INVALID', /^"95" is not/],
    [{ percentiles: [Number.NaN] }, 'PERCENTILE_INVALID', /^NaN is not/],
    [{ percentiles: [50, 50] }, 'PERCENTILE_INVALID', /50 is there twice/],
    [{ percentiles: [] }, 'PERCENTILE_INVALID', /no percentile is given/],
    [{ relativeAccuracy: 0 }, 'PERCENTILE_INVALID', /accuracy 0 is out of range; use 0.00001 ≤ α < 1/],
    [{ relativeAccuracy: 1 }, 'PERCENTILE_INVALID', /accuracy 1 is/],
    [{ relativeAccuracy: 1e-6 }, 'PERCENTILE_INVALID', /accuracy 0.000001 is/],
    [{ relativeAccuracy: Number.NaN }, 'PERCENTILE_INVALID', /accuracy NaN is/],
    [{ relativeAccuracy: '0.01' }, 'PERCENTILE_INVALID', /accuracy "0.01" is/],
    [{ percentileMethod: 'tdigest' }, 'CONFIG_INVALID', /^"tdigest" .* exact, sketch, auto$/],
    [{ aggregates: ['count', 'median'] }, 'CONFIG_INVALID', /^"median" .* count, sum, .*, stddev_sample$/],
    [{ aggregates: ['__proto__'] }, 'CONFIG_INVALID', /^"__proto__" is not an aggregate/],
    [{ aggregates: [] }, 'CONFIG_INVALID', /no aggregate is enabled/],
  ])('refuses %j and says what is allowed', (options, code, message) => {
    const error = expect.objectContaining({ kind: 'configuration', code, message: expect.stringMatching(message) });
    // Callers without types can pass anything.
    expect(() => parseAggregationSpec(options as AggregationOptions)).toThrow(error);
  });
});

describe('isAggregateName', () => {
  it.each([
    ['count', true],
    ['stddev_sample', true],
    ['p50', false],
    ['constructor', false],
    [undefined, false],
  ])('of %s is %s', (name, expected) => {
    expect(isAggregateName(name)).toBe(expected);
  });
});
