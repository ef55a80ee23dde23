import { compressionsAlgorithms } from '@platformatic/kafka';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompress } from './compression.ts';
import { DecompressionSpace, type Content } from './decompression-space.ts';
import { CorruptRecordsError } from './corrupt-records-error.ts';
import { decompressLz4 } from './lz4.ts';
import { decompressSnappy } from './snappy.ts';

const plain = ({ bytes, start, end }: Content): Uint8Array => bytes.subarray(start, end);
const unpacked = (codec: number, data: Uint8Array, space = new DecompressionSpace()): Uint8Array =>
  plain(decompress(codec, data, space));
const fromLz4 = (data: Uint8Array, limit: number): Uint8Array =>
  plain(decompressLz4(data, limit, new DecompressionSpace()));
const fromSnappy = (data: Uint8Array, limit: number): Uint8Array =>
  plain(decompressSnappy(data, limit, new DecompressionSpace()));

const CODECS = [
  ['gzip', 1],
  ['snappy', 2],
  ['lz4', 3],
  ['zstd', 4],
] as const;

/** Bytes, some at least, as they come in topics: parts that come again, near and far, and some that do not. */
const contents = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ maxLength: 12 }).map((text) => Buffer.from(text)),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .chain((parts) =>
    fc
      .array(fc.tuple(fc.nat(parts.length - 1), fc.integer({ min: 1, max: 300 })), { maxLength: 30 })
      .map((picks) =>
        Buffer.concat(
          picks.flatMap(([part, times]) => Array.from({ length: times }, () => parts[part] ?? Buffer.alloc(0))),
        ),
      ),
  )
  .filter(({ length }) => length > 0);

/** Not of nothing: the compressor of the client fails on that once its memory has grown, and no batch is of nothing. */
function packed(codec: (typeof CODECS)[number][0], content: Buffer): Buffer {
  return compressionsAlgorithms[codec].compressSync(content);
}

describe.each(CODECS)('%s', (codec, number) => {
  it('gives back what was compressed', () => {
    fc.assert(
      fc.property(contents, (content) => {
        expect(Buffer.compare(unpacked(number, packed(codec, content)), content)).toBe(0);
      }),
    );
  });

  it('gives back each of several, one behind the other, and leaves those before as they are', () => {
    fc.assert(
      fc.property(fc.array(contents, { maxLength: 8 }), (several) => {
        const space = new DecompressionSpace();
        const given = several.map((content) => unpacked(number, packed(codec, content), space));
        for (const [index, content] of several.entries())
          expect(Buffer.compare(given[index] ?? Buffer.alloc(1), content)).toBe(0);
      }),
    );
  });

  it('says that bytes are cut short, wherever they are', () => {
    const content = Buffer.from('one two one two three '.repeat(40));
    const whole = packed(codec, content);
    for (let length = 0; length < whole.length; length += 1) {
      const cut = whole.subarray(0, length);
      // A checksum at the very end may be missing: the batch has its own.
      let outcome: unknown;
      try {
        outcome = Buffer.compare(unpacked(number, cut), content);
      } catch (error) {
        outcome = error instanceof CorruptRecordsError ? 0 : error;
      }
      expect(outcome, `${length} of ${whole.length} bytes`).toBe(0);
    }
  });

  it('throws nothing else for bytes that are altered, and always ends', () => {
    const whole = packed(codec, Buffer.from('one two one two three '.repeat(40)));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const altered = Buffer.from(whole);
        altered[at] = byte;
        try {
          unpacked(number, altered);
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptRecordsError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('LZ4', () => {
  const content = Buffer.from('0123456789 and so on, and so on, and so on '.repeat(8000));

  it('takes frames of several blocks', () => {
    expect(content.length).toBeGreaterThan(4 * 65_536);
    expect(Buffer.compare(fromLz4(packed('lz4', content), 1e6), content)).toBe(0);
  });

  /** A frame with the given flags, of blocks that are not compressed. */
  function stored(flags: number, blocks: readonly string[], { size = false, checksums = false } = {}): Buffer {
    const parts = [
      Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, 0x40]),
      ...(size ? [Buffer.alloc(8)] : []),
      Buffer.from([0]),
    ];
    for (const block of blocks) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE((block.length | 0x8000_0000) >>> 0);
      parts.push(length, Buffer.from(block), ...(checksums ? [Buffer.alloc(4)] : []));
    }
    return Buffer.concat([...parts, Buffer.alloc(4)]);
  }

  it.each([
    ['blocks that are not compressed', stored(0x60, ['one ', 'two'])],
    ['with the size of the content', stored(0x68, ['one ', 'two'], { size: true })],
    ['with checksums of the blocks', stored(0x70, ['one ', 'two'], { checksums: true })],
  ])('takes %s', (_, frame) => {
    expect(Buffer.from(fromLz4(frame, 100)).toString()).toBe('one two');
  });

  it.each([
    ['another magic number', Buffer.from('04224d1960400000000000', 'hex'), 'no frame'],
    ['another version', Buffer.from('04224d1820400000000000', 'hex'), 'version 0'],
    ['a dictionary', Buffer.from('04224d1861400000000000', 'hex'), 'dictionary'],
    ['a block size that there is not', Buffer.from('04224d1860100000000000', 'hex'), 'size of the blocks'],
  ])('refuses %s', (_, frame, message) => {
    expect(() => fromLz4(frame, 100)).toThrow(message);
  });

  it('refuses content that is longer than allowed before it makes room for it', () => {
    const bomb = packed('lz4', Buffer.alloc(20_000_000));
    expect(bomb.length).toBeLessThan(200_000);
    expect(() => fromLz4(bomb, 1_000_000)).toThrow('more than 1000000 bytes');
  });
});

describe('Snappy', () => {
  it('takes blocks as the Java client frames them', () => {
    const blocks = ['one one one one ', 'two ', 'two'].map((text) => packed('snappy', Buffer.from(text)));
    const framed = Buffer.concat([
      Buffer.from('82534e415050590000000001 00000001'.replaceAll(' ', ''), 'hex'),
      ...blocks.flatMap((block) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(block.length);
        return [length, block];
      }),
    ]);
    expect(Buffer.from(unpacked(2, framed)).toString()).toBe('one one one one two two');
    expect(() => unpacked(2, framed.subarray(0, -3))).toThrow('cut short');
  });

  it('refuses content that is longer than allowed', () => {
    expect(() => fromSnappy(packed('snappy', Buffer.alloc(2_000_000)), 1_000_000)).toThrow('more than');
  });
});

it.each([
  ['gzip', 1],
  ['zstd', 4],
] as const)('a bomb of %s ends at the bound', (codec, number) => {
  expect(() => unpacked(number, packed(codec, Buffer.alloc(268_435_457)))).toThrow(CorruptRecordsError);
});

it('a codec that there is not is said by its number', () => {
  expect(() => unpacked(5, Buffer.from('x'))).toThrow('compression 5, which is not known');
});
