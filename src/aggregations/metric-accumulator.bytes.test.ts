import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

describe('encode and decode', () => {
  const specs = [
    ALL,
    parseAggregationSpec({ percentileMethod: 'sketch' }),
    parseAggregationSpec({ percentileMethod: 'exact' }),
    ...NAMES.map((name) => parseAggregationSpec({ aggregates: [name] })),
  ];

  it('restore the state exactly', () => {
    fc.assert(
      fc.property(fc.constantFrom(...specs), fc.array(finite), fc.array(finite), (spec, before, after) => {
        const original = accumulate(before, spec);
        const restored = MetricAccumulator.decode(original.encode(), spec);
        for (const value of after) {
          original.add(value);
          restored.add(value);
        }
        expect(restored.encode()).toEqual(original.encode());
        expect(restored.results()).toEqual(original.results());
      }),
    );
  });

  it('restore a sketch exactly', () => {
    const values = Array.from({ length: 3000 }, (_, index) => Math.sin(index) * index);
    const original = accumulate(values);
    expect(MetricAccumulator.decode(original.encode(), ALL).results()).toEqual(original.results());
  });

  it.each([
    ['exact', [3, 1e300, -5]],
    ['sketched', Array.from({ length: 1100 }, (_, index) => index - 500)],
  ])('refuse bytes of %s values that are cut or too long, at every length', (_, values) => {
    const bytes = accumulate(values).encode();
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => MetricAccumulator.decode(bytes.slice(0, length), ALL)).toThrow(
        expect.objectContaining({ code: 'ACCUMULATOR_CORRUPT' }),
      );
    }
    expect(() => MetricAccumulator.decode(Uint8Array.of(...bytes, 0), ALL)).toThrow(
      expect.objectContaining({ code: 'ACCUMULATOR_CORRUPT' }),
    );
  });

  it('give an accumulator, or ACCUMULATOR_CORRUPT, for any altered byte', () => {
    const bytes = accumulate([3, 1e300, -5]).encode();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const altered = bytes.slice();
        altered[at] = (altered[at] ?? 0) ^ flip;
        try {
          MetricAccumulator.decode(altered, ALL).results();
        } catch (error) {
          expect(error).toMatchObject({ name: 'ProcessorError', code: 'ACCUMULATOR_CORRUPT' });
        }
      }),
    );
  });

  it('know their format by its first byte', () => {
    const bytes = accumulate([1]).encode();
    expect(bytes[0]).toBe(1);
    bytes[0] = 2;
    expect(() => MetricAccumulator.decode(bytes, ALL)).toThrow(/format version 2/);
  });
});
