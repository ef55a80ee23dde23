const LOWER_U = 0x75;

/** 1 for the bytes that may follow a backslash, `u` apart. */
const SIMPLE_ESCAPE = new Uint8Array(256);
for (const character of '"\\/bfnrt') SIMPLE_ESCAPE[character.charCodeAt(0)] = 1;

/**
 * The position after the JSON escape whose backslash stands before `start` (RFC 8259, section 7). Where there is none,
 * the complement (`~`, so negative) of the position of the byte that is at fault: `start` itself or a bad digit.
 */
export function afterJsonEscape(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return ~start;
  const byte = bytes[start]!; // start < end
  if (SIMPLE_ESCAPE[byte] === 1) return start + 1;
  if (byte !== LOWER_U) return ~start;
  for (let at = start + 1; at <= start + 4; at += 1) {
    if (at >= end || !isHexDigit(bytes[at]!)) return ~at; // at < end
  }
  return start + 5;
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte - 0x30) >>> 0 <= 9 || (lower >= 0x61 && lower <= 0x66);
}
