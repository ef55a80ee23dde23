export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const BACKSLASH = 0x5c;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const LOWER_T = 0x74;
export const LOWER_F = 0x66;
export const LOWER_N = 0x6e;
export const LOWER_U = 0x75;
export const BOM = [0xef, 0xbb, 0xbf] as const;

/** 1 for the bytes that are themselves inside a string: printable ASCII but for quote and backslash. */
export const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

/** 1 for the bytes that may follow a backslash, `u` apart. */
export const SIMPLE_ESCAPE = new Uint8Array(256);
for (const character of '"\\/bfnrt') SIMPLE_ESCAPE[character.charCodeAt(0)] = 1;

export function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte - ZERO) >>> 0 <= 9 || (lower >= 0x61 && lower <= 0x66);
}

export function hexOf(byte: number): string {
  return `byte 0x${byte.toString(16).padStart(2, '0')}`;
}

export function nameOfValue(first: number): string {
  if (first === OPEN_BRACKET) return 'an array';
  if (first === QUOTE) return 'a string';
  if (first === LOWER_N) return 'null';
  return first === LOWER_T || first === LOWER_F ? 'a boolean' : 'a number';
}
