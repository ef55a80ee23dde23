import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../accumulator-bytes.ts';
import { DDSketch, MAX_BINS } from './dd-sketch.ts';
import { SketchBins } from './sketch-bins.ts';

const ALPHA = 0.01;
const bins = new SketchBins(ALPHA);

function sketchOf(values: Iterable<number>): DDSketch {
  const sketch = new DDSketch(bins);
  for (const value of values) sketch.add(value);
  return sketch;
}

function bytesOf(sketch: DDSketch): Uint8Array {
  const writer = new ByteWriter();
  sketch.encode(writer);
  return writer.finish();
}

/** Uniform numbers between 0 and 1, both excluded, always the same: a linear congruential generator. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

const DISTRIBUTIONS: readonly (readonly [string, (random: () => number) => number])[] = [
  ['uniform', (random) => random() * 1000],
  ['normal', (random) => 500 + 80 * normal(random)],
  ['log-normal', (random) => Math.exp(5 + 2 * normal(random))],
  ['Pareto', (random) => random() ** (-1 / 1.2)],
  ['constant', () => 42.5],
  ['negative', (random) => -Math.exp(3 * normal(random))],
  ['mixed', (random) => (random() < 0.1 ? 0 : 50 * normal(random))],
];

function expectWithinAccuracy(sketch: DDSketch, values: readonly number[]): void {
  const sorted = Float64Array.from(values).sort();
  for (let rank = 1; rank <= sorted.length; rank += 1) {
    const exact = sorted[rank - 1] ?? Number.NaN;
    if (!(Math.abs(sketch.valueAt(rank) - exact) <= ALPHA * Math.abs(exact))) {
      expect.fail(`rank ${String(rank)}: ${String(sketch.valueAt(rank))} is too far from ${String(exact)}`);
    }
  }
}

describe.each(DISTRIBUTIONS)('a sketch of %s values', (_, draw) => {
  const random = uniform(20_231_116);
  const values = Array.from({ length: 5000 }, () => draw(random));

  it('gives the value at every rank within the accuracy', () => {
    expectWithinAccuracy(sketchOf(values), values);
  });

  it('is the same after merging, and as accurate', () => {
    const parts = [0, 1, 2, 3].map((part) => sketchOf(values.filter((__, index) => index % 4 === part)));
    const merged = new DDSketch(bins);
    for (const part of parts) merged.merge(part);
    expect(bytesOf(merged)).toEqual(bytesOf(sketchOf(values)));
    expectWithinAccuracy(merged, values);
  });

  it('is the same for the values in descending order', () => {
    expect(bytesOf(sketchOf([...values].sort((a, b) => b - a)))).toEqual(bytesOf(sketchOf(values)));
  });
});

describe('a sketch of more bins than it may hold', () => {
  const random = uniform(7);
  const wide = Array.from({ length: 20_000 }, () => (random() < 0.5 ? -1 : 1) * 2 ** (random() * 2000 - 1000));
  const highest = [...new Set(wide.map((value) => bins.keyOf(value)))].sort((a, b) => a - b).slice(-MAX_BINS);

  it('gives up the lowest ones and stays accurate above', () => {
    const sketch = sketchOf(wide);
    expect(sketch.size).toBe(MAX_BINS);
    const sorted = Float64Array.from(wide).sort();
    sorted.forEach((exact, index) => {
      const kept = bins.keyOf(exact) >= (highest[0] ?? 0);
      const expected = kept ? bins.estimateOf(bins.keyOf(exact)) : bins.estimateOf(highest[0] ?? 0);
      if (sketch.valueAt(index + 1) !== expected) expect.fail(`rank ${String(index + 1)}`);
    });
  });

  it.each([
    ['ascending', [...wide].sort((a, b) => a - b)],
    ['descending', [...wide].sort((a, b) => b - a)],
    ['outward from zero', [...wide].sort((a, b) => Math.abs(a) - Math.abs(b))],
  ])('is the same for the values in %s order', (_, values) => {
    expect(bytesOf(sketchOf(values))).toEqual(bytesOf(sketchOf(wide)));
  });

  it('is the same in any split and merge order', () => {
    const expected = bytesOf(sketchOf(wide));
    const split = fc.array(fc.integer({ min: 0, max: wide.length }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(split, fc.boolean(), (cuts, backward) => {
        const ends = [0, ...cuts, wide.length].sort((a, b) => a - b);
        const parts = ends.slice(1).map((end, index) => sketchOf(wide.slice(ends[index], end)));
        if (backward) parts.reverse();
        const merged = parts.reduce((left, right) => {
          left.merge(right);
          return left;
        });
        expect(bytesOf(merged)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});

describe('DDSketch', () => {
  it('doubles when it is merged with itself', () => {
    const sketch = sketchOf([-1, 0, 5, 5]);
    sketch.merge(sketch);
    expect(bytesOf(sketch)).toEqual(bytesOf(sketchOf([-1, 0, 5, 5, -1, 0, 5, 5])));
  });

  it('has a clone that does not change with it', () => {
    const sketch = sketchOf([1, 2, 3]);
    const before = bytesOf(sketch);
    const copy = sketch.clone();
    sketch.add(4);
    copy.add(-5);
    expect(bytesOf(sketch)).toEqual(bytesOf(sketchOf([1, 2, 3, 4])));
    expect(bytesOf(copy)).toEqual(bytesOf(sketchOf([1, 2, 3, -5])));
    expect(bytesOf(sketch)).not.toEqual(before);
  });

  it('goes on from its bytes as if nothing had happened', () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 100 });
    fc.assert(
      fc.property(values, values, (before, after) => {
        const restored = DDSketch.decode(new ByteReader(bytesOf(sketchOf(before))), bins, before.length);
        for (const value of after) restored.add(value);
        expect(bytesOf(restored)).toEqual(bytesOf(sketchOf([...before, ...after])));
      }),
    );
  });
});
