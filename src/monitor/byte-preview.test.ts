import { describe, expect, it } from 'vitest';
import { previewOf } from './byte-preview.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const binary = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('the preview of bytes', () => {
  it.each([
    ['plain text', bytes('{"a": 1}'), '{"a": 1}'],
    ['letters of all scripts', bytes('größe 日本 🙂'), 'größe 日本 🙂'],
    ['control characters', bytes('a\n\t\r\0\x1b[2J\x7f'), 'a\\n\\t\\r\\x00\\x1b[2J\\x7f'],
    ['what steers the direction of text', bytes('\u202eabc\u2028'), '\\u{202e}abc\\u{2028}'],
    ['a backslash', bytes('C:\\n'), 'C:\\\\n'],
    ['a mark of the byte order', bytes('\ufeffa'), '\\u{feff}a'],
    ['what is not UTF-8, byte by byte', binary(0x61, 0xff, 0xc3, 0x28, 0x0a), 'a\\xff\\xc3(\\n'],
    ['nothing', binary(), ''],
  ])('spells out %s', (_, raw, text) => {
    expect(previewOf(raw, 100)).toEqual({ text, sizeBytes: raw.length, isCut: false });
  });

  it('is cut at a number of bytes, and says so', () => {
    expect(previewOf(bytes('abcdef'), 4)).toEqual({ text: 'abcd', sizeBytes: 6, isCut: true });
  });

  it('leaves out a character that the cut goes through', () => {
    expect(previewOf(bytes('ab🙂'), 4)).toEqual({ text: 'ab', sizeBytes: 6, isCut: true });
  });
});
