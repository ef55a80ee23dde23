import stringWidth from 'string-width';

/** More than any terminal shows of one cell; bounds text made of characters that take no room. */
const LONGEST = 256;
const PLAIN = /^[\x20-\x7e]*$/;
// Control characters, direction marks and other invisible ones, lone surrogates, line separators. The joiners are kept:
// emoji and some scripts are written with them.
const UNPRINTABLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\x1b': '\\e' };
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Text with everything that a terminal would obey, or not show, spelt out: data must not steer the terminal. */
export function printable(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return PLAIN.test(cut) ? cut : cut.replace(UNPRINTABLE, spellOut);
}

function spellOut(character: string): string {
  return NAMED[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Columns that printable text takes on a terminal. */
export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** Printable text cut to `width` columns, with an ellipsis where something was cut. */
export function truncate(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}

/** Printable text in exactly `width` columns, cut or filled up with spaces. */
export function fit(text: string, width: number, align: 'left' | 'right'): string {
  const cut = truncate(text, width);
  const padding = ' '.repeat(Math.max(0, width - widthOf(cut)));
  return align === 'left' ? cut + padding : padding + cut;
}
