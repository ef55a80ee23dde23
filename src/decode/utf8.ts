/**
 * The position after the UTF-8 sequence of two to four bytes that begins at `at`; −1 where there is none: a stray or
 * missing continuation byte, an overlong form, a surrogate, or a character above U+10FFFF (RFC 3629, section 4).
 */
export function afterUtf8Sequence(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!; // the caller has at < end
  const second = at + 1 < end ? bytes[at + 1]! : 0; // within bounds, as just checked
  if (first < 0xe0) return first >= 0xc2 && isContinuation(second) ? at + 2 : -1;
  const third = at + 2 < end ? bytes[at + 2]! : 0; // likewise
  if (first < 0xf0) {
    if (!isContinuation(second) || !isContinuation(third)) return -1;
    const isOverlong = first === 0xe0 && second < 0xa0;
    const isSurrogate = first === 0xed && second >= 0xa0;
    return isOverlong || isSurrogate ? -1 : at + 3;
  }
  const fourth = at + 3 < end ? bytes[at + 3]! : 0; // likewise
  if (!isContinuation(second) || !isContinuation(third) || !isContinuation(fourth)) return -1;
  const isOverlong = first === 0xf0 && second < 0x90;
  const isTooLarge = first > 0xf4 || (first === 0xf4 && second >= 0x90);
  return isOverlong || isTooLarge ? -1 : at + 4;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
