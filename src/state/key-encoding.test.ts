import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyReader, KeyWriter } from './key-encoding.ts';

const doubleBytes = (value: number): Uint8Array => new KeyWriter().double(value).finish();
const textBytes = (value: string): Uint8Array => new KeyWriter().text(value).finish();
const compare = (left: Uint8Array, right: Uint8Array): number => Math.sign(Buffer.compare(left, right));

/** As JavaScript compares strings, by UTF-16 code units: the order in which windows fire. */
function compareText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

const aDouble = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.constantFrom(0, 1, -1, Infinity, -Infinity, 8.64e15, -8.64e15, 5e-324, -5e-324),
);
const aText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('\0', '\u0001', '\u00ff', 'a', '\ud800', '\udfff', '\ufeff', '\uffff', '😀'))
    .map((parts) => parts.join('')),
);

describe('numbers in a state key', () => {
  it('stand in the order of their values', () => {
    const values = [-Infinity, -8.64e15, -1e10, -2, -1.5, -1, -5e-324, 0, 5e-324, 1, 1.5, 2, 1e10, 8.64e15, Infinity];
    const keys = values.map(doubleBytes);
    expect(keys.toSorted(compare)).toEqual(keys);
    expect(doubleBytes(-0)).toEqual(doubleBytes(0));
  });

  it('sort as they do and read back, whatever they are', () => {
    fc.assert(
      fc.property(aDouble, aDouble, (left, right) => {
        expect(compare(doubleBytes(left), doubleBytes(right))).toBe(left < right ? -1 : left > right ? 1 : 0);
        expect(new KeyReader(doubleBytes(left)).double()).toBe(left + 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('are not NaN', () => {
    expect(() => doubleBytes(Number.NaN)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});

describe('text in a state key', () => {
  it.each(['', 'a', '\0', '\0\0', 'a\0', '\u0001', '\ufeffbom', 'é😀', '\ud800', 'a\udc00b', '\udc00\ud800', '퟿'])(
    '%j reads back',
    (text) => {
      expect(new KeyReader(textBytes(text)).text()).toBe(text);
    },
  );

  it('sorts as strings do and reads back, whatever it is', () => {
    fc.assert(
      fc.property(aText, aText, (left, right) => {
        expect(compare(textBytes(left), textBytes(right))).toBe(compareText(left, right));
        expect(new KeyReader(textBytes(left)).text()).toBe(left);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a state key of several parts', () => {
  const parts = fc.tuple(fc.nat({ max: 255 }), aText, aDouble, aText);
  const write = ([tag, first, number, second]: [number, string, number, string]): Uint8Array =>
    new KeyWriter()
      .byte(tag)
      .text(first)
      .double(number)
      .text(second)
      .rest(Uint8Array.of(tag, 0, 255))
      .finish();

  it('sorts part by part', () => {
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        const expected =
          Math.sign(left[0] - right[0]) ||
          compareText(left[1], right[1]) ||
          (left[2] < right[2] ? -1 : left[2] > right[2] ? 1 : 0) ||
          compareText(left[3], right[3]);
        expect(compare(write(left), write(right))).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads back part by part', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const reader = new KeyReader(write(given));
        expect([reader.byte(), reader.text(), reader.double(), reader.text()]).toEqual([
          given[0],
          given[1],
          given[2] + 0,
          given[3],
        ]);
        expect([...reader.rest()]).toEqual([given[0], 0, 255]);
        expect([...reader.rest()]).toEqual([]);
      }),
    );
  });

  it('reads from a part of a larger array', () => {
    const whole = Uint8Array.of(9, ...doubleBytes(-5), 9);
    expect(new KeyReader(whole.subarray(1, 9)).double()).toBe(-5);
  });
});

describe('bytes that are no state key', () => {
  it.each<[string, (reader: KeyReader) => unknown, number[]]>([
    ['nothing, read as a byte', (reader) => reader.byte(), []],
    ['seven bytes, read as a number', (reader) => reader.double(), [1, 2, 3, 4, 5, 6, 7]],
    ['the bytes of NaN', (reader) => reader.double(), [255, 248, 0, 0, 0, 0, 0, 0]],
    ['text without an end', (reader) => reader.text(), [97, 98]],
    ['text cut inside its end', (reader) => reader.text(), [97, 0]],
    ['text with a bare zero', (reader) => reader.text(), [97, 0, 97, 0, 1]],
    ['text that is not UTF-8', (reader) => reader.text(), [0xc3, 0x28, 0, 1]],
    ['a surrogate cut short', (reader) => reader.text(), [0xed, 0xa0, 0, 1]],
  ])('are refused: %s', (_what, read, bytes) => {
    expect(() => read(new KeyReader(Uint8Array.from(bytes)))).toThrow(
      expect.objectContaining({ code: 'STATE_CORRUPT' }),
    );
  });

  it.each([-1, 256, 1.5, Number.NaN])('%d is not written as a byte', (value) => {
    expect(() => new KeyWriter().byte(value)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});
