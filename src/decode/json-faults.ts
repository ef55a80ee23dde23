import { afterUtf8Sequence } from './utf8.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What stands at `at`, as messages name it; null if it is no character of UTF-8. */
export function foundAt(bytes: Uint8Array, at: number, end: number): string | null {
  if (at >= end) return 'the end of the record';
  const byte = bytes[at]!; // at < end
  if (byte < 0x80) return byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : hexOf(byte);
  const next = afterUtf8Sequence(bytes, at, end);
  return next < 0 ? null : `'${decoder.decode(bytes.subarray(at, next))}'`;
}

/** `byte 0x1f`. */
export function hexOf(byte: number): string {
  return `byte 0x${byte.toString(16).padStart(2, '0')}`;
}

/** What kind of JSON value begins with this byte. */
export function nameOfValue(first: number): string {
  switch (String.fromCharCode(first)) {
    case '[':
      return 'an array';
    case '"':
      return 'a string';
    case 'n':
      return 'null';
    case 't':
    case 'f':
      return 'a boolean';
    default:
      return 'a number';
  }
}
