const ZERO = 0x30;
const decoder = new TextDecoder();

/** Powers of ten that a double holds exactly. */
const POWERS = new Float64Array(23);
for (let exponent = 0; exponent < POWERS.length; exponent += 1) POWERS[exponent] = Number(`1e${String(exponent)}`);

/** What {@link parseNumber} found. */
export const NumberStatus = {
  EXACT: 0,
  /** A whole number written without fraction and exponent that a double cannot hold: the nearest one was taken. */
  INEXACT_INTEGER: 1,
  /** Beyond the range of a double; the infinity was written. */
  NOT_FINITE: 2,
} as const;

const { EXACT } = NumberStatus;

/**
 * Writes the double that `Number` gives for the decimal text `bytes[start, end)` to `into[at]`. The text is known to
 * be a number. Up to 2^53 times or over a power of ten that is exact, one operation rounds correctly (Clinger, "How to
 * read floating point numbers accurately", 1990); all else is left to `Number`.
 */
export function parseNumber(bytes: Uint8Array, start: number, end: number, into: Float64Array, at: number): number {
  const first = bytes[start] === 0x2d ? start + 1 : start;
  // Nine digits and a point are most numbers there are, and 32 bits hold them.
  if (end - first > 10) return parseLong(bytes, start, end, into, at);
  let mantissa = 0;
  let afterPoint = end;
  let digits = 0;
  for (let next = first; next < end; next += 1) {
    const byte = bytes[next]!; // next < end
    const digit = byte - ZERO;
    if (digit >>> 0 <= 9) {
      mantissa = (Math.imul(mantissa, 10) + digit) | 0;
      digits += 1;
    } else if (byte === 0x2e) {
      afterPoint = next + 1;
    } else {
      return parseLong(bytes, start, end, into, at);
    }
  }
  if (digits > 9) return parseLong(bytes, start, end, into, at);
  const value = afterPoint === end ? mantissa : mantissa / POWERS[end - afterPoint]!; // at most 9
  into[at] = first === start ? value : -value;
  return EXACT;
}

function parseLong(bytes: Uint8Array, start: number, end: number, into: Float64Array, at: number): number {
  const isNegative = bytes[start] === 0x2d;
  let next = isNegative || bytes[start] === 0x2b ? start + 1 : start;
  let mantissa = 0;
  let significant = 0;
  let places = 0;
  let isFraction = false;
  for (; next < end; next += 1) {
    const byte = bytes[next]!; // next < end
    const digit = byte - ZERO;
    if (digit >>> 0 <= 9) {
      if (significant > 0 || digit !== 0) significant += 1;
      mantissa = mantissa * 10 + digit;
      if (isFraction) places += 1;
    } else if (byte === 0x2e) {
      isFraction = true;
    } else {
      break;
    }
  }
  // Sixteen digits can pass 2^53, but then the mantissa, rounded, is above the safe integers too.
  if (significant > 16 || mantissa > Number.MAX_SAFE_INTEGER) return parseSlowly(bytes, start, end, into, at);
  if (next < end) {
    const exponent = smallExponent(bytes, next + 1, end);
    if (exponent > 400) return parseSlowly(bytes, start, end, into, at);
    places -= exponent;
  }
  let value = mantissa;
  if (places > 0) {
    if (places > 22) return parseSlowly(bytes, start, end, into, at);
    value = mantissa / POWERS[places]!; // 1 to 22
  } else if (places < 0) {
    if (places < -22) return parseSlowly(bytes, start, end, into, at);
    value = mantissa * POWERS[-places]!; // 1 to 22
  }
  into[at] = isNegative ? -value : value;
  return EXACT;
}

/** The exponent in `bytes[start, end)`; a number above 400 where it has more than three digits. */
function smallExponent(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === 0x2d;
  const first = isNegative || bytes[start] === 0x2b ? start + 1 : start;
  if (end - first > 3) return 1000;
  let exponent = 0;
  for (let next = first; next < end; next += 1) exponent = exponent * 10 + bytes[next]! - ZERO; // next < end
  return isNegative ? -exponent : exponent;
}

function parseSlowly(bytes: Uint8Array, start: number, end: number, into: Float64Array, at: number): number {
  const text = decoder.decode(bytes.subarray(start, end));
  const value = Number(text);
  into[at] = value;
  if (!Number.isFinite(value)) return NumberStatus.NOT_FINITE;
  const isInteger = /^[-+]?\d+$/.test(text);
  return isInteger && BigInt(text) !== BigInt(value) ? NumberStatus.INEXACT_INTEGER : NumberStatus.EXACT;
}

/** True if `bytes[start, end)` is a decimal number: sign, digits, fraction, exponent. Wider than JSON: `+1`, `007`, `.5`. */
export function isDecimal(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start < end && isSign(bytes[start]) ? start + 1 : start;
  const whole = at;
  at = afterDigits(bytes, at, end);
  let digits = at - whole;
  if (at < end && bytes[at] === 0x2e) {
    const fraction = at + 1;
    at = afterDigits(bytes, fraction, end);
    digits += at - fraction;
  }
  if (digits === 0) return false;
  if (at === end) return true;
  if ((bytes[at]! | 0x20) !== 0x65) return false; // at < end
  const exponent = at + 1 < end && isSign(bytes[at + 1]) ? at + 2 : at + 1;
  return exponent < end && afterDigits(bytes, exponent, end) === end;
}

function isSign(byte: number | undefined): boolean {
  return byte === 0x2b || byte === 0x2d;
}

function afterDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at]! - ZERO) >>> 0 <= 9) at += 1; // at < end
  return at;
}
