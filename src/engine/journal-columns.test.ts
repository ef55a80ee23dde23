import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../aggregations/accumulator-bytes.ts';
import { readFloats, readNear, readRuns, writeFloats, writeNear, writeRuns } from './journal-columns.ts';

const ends = [0, -0, 1, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 8.64e15];
const number = fc.oneof(
  fc.integer({ min: -300, max: 70_000 }),
  fc.double(),
  fc.constantFrom(...ends, ...ends.map((end) => -end), Infinity, -Infinity, Number.NaN, 0.5),
);
/** Of one kind each, for one that is not whole decides on the form of all. */
const columns = fc.oneof(
  fc.array(number, { minLength: 1, maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 40 }),
  fc.array(fc.constantFrom(...ends), { minLength: 1, maxLength: 5 }),
  fc.tuple(fc.constantFrom(...ends), fc.constantFrom(...ends)).map(([a, b]) => [a, b]),
);

describe('a column of a journal', () => {
  it.each([
    ['as it is', writeFloats, readFloats],
    ['of numbers near each other', writeNear, readNear],
    ['that seldom changes', writeRuns, readRuns],
  ] as const)('comes back as it was, up to its count, wherever it lies: %s', (_, write, read) => {
    fc.assert(
      fc.property(columns, fc.nat(3), fc.array(number, { maxLength: 3 }), (values, before, behind) => {
        const writer = new ByteWriter();
        for (let n = 0; n < before; n += 1) writer.byte(7);
        write(writer, Float64Array.of(...values, ...behind), values.length);
        writer.byte(9);
        const reader: ByteReader = new ByteReader(writer.finish());
        reader.raw(before);
        expect([...read(reader, values.length)]).toEqual(values);
        expect(reader.byte()).toBe(9);
        reader.end();
      }),
      { numRuns: 2000 },
    );
  });

  it('of times of a minute takes two bytes a number, and of few keys one', () => {
    const times = Float64Array.from({ length: 100 }, (_, i) => 1.7e12 + 600 * i);
    const keys = Int32Array.from({ length: 100 }, (_, i) => 1000 + i);
    const writer = new ByteWriter();
    writeNear(writer, times, 100);
    expect(writer.length).toBe(9 + 200);
    writeNear(writer, keys, 100);
    expect(writer.length).toBe(9 + 200 + 9 + 100);
    const reader: ByteReader = new ByteReader(writer.finish());
    expect([...readNear(reader, 100)]).toEqual([...times]);
    expect([...readNear(reader, 100)]).toEqual([...keys]);
  });

  it('is refused where a run is longer than the column, or its form is unknown', () => {
    const runs = new ByteWriter();
    writeRuns(runs, Float64Array.of(1, 1, 1), 3);
    const bytes = runs.finish();
    expect(() => readRuns(new ByteReader(bytes), 2)).toThrow('another length');
    expect(() => readNear(new ByteReader(Uint8Array.of(3, 0)), 1)).toThrow('unknown form');
  });
});
