import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { fit, printable, truncate, widthOf } from './printable.ts';

describe('printable', () => {
  it.each([
    ['gpt-4', 'gpt-4'],
    ['模型', '模型'],
    ['👨‍👩‍👧', '👨‍👩‍👧'],
    ['a\nb\tc\rd', 'a\\nb\\tc\\rd'],
    ['\x1b[31mred\x1b]0;title\x07', '\\e[31mred\\e]0;title\\u{7}'],
    ['\u009b31m', '\\u{9b}31m'],
    ['abc\u202efdp.exe', 'abc\\u{202e}fdp.exe'],
    ['\u2028\ufeff\u200b\x7f\0', '\\u{2028}\\u{feff}\\u{200b}\\u{7f}\\u{0}'],
    ['\ud800x', '\\u{d800}x'],
  ])('shows %j as %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('is bounded, whatever takes no room on the screen', () => {
    expect(printable('a'.padEnd(10_000, '\u0301')).length).toBeLessThan(300);
  });

  it('leaves no control character of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        // oxlint-disable-next-line no-control-regex -- control characters are what it is about
        expect(printable(text)).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});

describe('fit', () => {
  it.each([
    ['abc', 5, 'left', 'abc  '],
    ['abc', 5, 'right', '  abc'],
    ['abcdef', 5, 'left', 'abcd…'],
    ['模型模型', 5, 'left', '模型…'],
    ['模型模型', 6, 'left', '模型… '],
    ['e\u0301e\u0301e\u0301', 2, 'left', 'e\u0301…'],
  ] as const)('puts %j in %i columns, %s', (text, width, align, shown) => {
    expect(fit(text, width, align)).toBe(shown);
    expect(stringWidth(shown)).toBe(width);
  });

  it('takes exactly the width for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 1, max: 30 }), (text, width) => {
        const clean = printable(text);
        expect(widthOf(truncate(clean, width))).toBeLessThanOrEqual(width);
        expect(stringWidth(fit(clean, width, 'right'))).toBe(width);
      }),
    );
  });
});
