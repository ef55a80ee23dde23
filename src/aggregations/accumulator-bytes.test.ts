import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from './accumulator-bytes.ts';

describe('ByteWriter and ByteReader', () => {
  it('give back whole numbers up to 2^53', () => {
    const whole = fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
    fc.assert(
      fc.property(fc.array(whole), (numbers) => {
        const writer = new ByteWriter(1);
        for (const number of numbers) writer.whole(number);
        const reader: ByteReader = new ByteReader(writer.finish());
        expect(numbers.map(() => reader.whole())).toEqual(numbers);
        reader.end();
      }),
    );
  });

  it.each([0, 127, 128, 16_383, 16_384, 2 ** 49 - 1, 2 ** 49, Number.MAX_SAFE_INTEGER])('give back %d', (number) => {
    const writer = new ByteWriter(1);
    writer.whole(number);
    expect(new ByteReader(writer.finish()).whole()).toBe(number);
  });

  it('give back everything in the order it was written, from bytes within a larger array', () => {
    const writer = new ByteWriter(1);
    writer.byte(7);
    writer.float(-0.1);
    writer.raw(Uint8Array.of(1, 2, 3));
    writer.float(Infinity);
    const reader: ByteReader = new ByteReader(Uint8Array.of(9, ...writer.finish(), 9).subarray(1, -1));
    expect([reader.byte(), reader.float(), [...reader.raw(3)], reader.float()]).toEqual([7, -0.1, [1, 2, 3], Infinity]);
    reader.end();
  });
});

describe('ByteWriter', () => {
  it('begins anew once it has given its bytes away, and leaves those alone', () => {
    const writer = new ByteWriter();
    writer.byte(1);
    const first = writer.finish();
    writer.byte(2);
    expect([[...writer.finish()], [...first]]).toEqual([[2], [1]]);
  });
});

describe('ByteReader', () => {
  it.each<[string, Uint8Array, (reader: ByteReader) => void]>([
    ['a byte of nothing', Uint8Array.of(), (reader) => reader.byte()],
    ['a number of seven bytes', new Uint8Array(7), (reader) => reader.float()],
    ['more bytes than there are', new Uint8Array(2), (reader) => reader.raw(3)],
    ['NaN as a finite number', new Uint8Array(8).fill(0xff), (reader) => reader.finite()],
    ['a whole number that does not end', new Uint8Array(20).fill(0x80), (reader) => reader.whole()],
    ['a whole number beyond 2^53', new Uint8Array(8).fill(0xff).with(7, 0x7f), (reader) => reader.whole()],
    ['an end that is none', new Uint8Array(1), (reader) => reader.end()],
  ])('refuses %s', (_, bytes, read) => {
    expect(() => read(new ByteReader(bytes))).toThrow(expect.objectContaining({ code: 'ACCUMULATOR_CORRUPT' }));
  });
});
