const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const LOWER_E = 0x65;

/**
 * The position after the JSON number that begins at `start` (RFC 8259, section 6). Where there is none, the
 * complement (`~`, so negative) of the position of the byte that is at fault.
 */
export function afterJsonNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = start < end && bytes[start] === MINUS ? start + 1 : start;
  if (at < end && bytes[at] === ZERO) {
    at += 1;
  } else {
    const next = afterDigits(bytes, at, end);
    if (next === at) return ~at;
    at = next;
  }
  if (at < end && bytes[at] === DOT) {
    const next = afterDigits(bytes, at + 1, end);
    if (next === at + 1) return ~next;
    at = next;
  }
  const mark = at < end ? bytes[at] : undefined;
  if (mark !== undefined && (mark | 0x20) === LOWER_E) {
    at += 1;
    if (at < end && (bytes[at] === MINUS || bytes[at] === PLUS)) at += 1;
    const next = afterDigits(bytes, at, end);
    if (next === at) return ~next;
    at = next;
  }
  return at;
}

/** The position after the digits, if any, that begin at `start`. */
function afterDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at]! - ZERO) >>> 0 <= 9) at += 1; // at < end
  return at;
}
