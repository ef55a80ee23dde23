const ZERO = 0x30;
const MAX_INSTANT = 8.64e15;
/** No exponent beyond this changes the outcome: the instant is then 0, −1 or out of range. */
const FAR = 2_000_000;
/** Powers of ten that a double holds exactly, as far as an instant reaches. */
const POWERS = new Float64Array([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
]);

/**
 * Reads the decimal number `bytes[start, end)` (sign, digits, fraction, exponent; already known to be one), moves its
 * point `shift` places right, and writes the floor of that to `into[at]`: an instant in ms. False, and nothing
 * written, where it is out of range. Exact whatever the number of digits: the value never passes through a double
 * that could not hold it.
 */
export function readDecimalInstant(
  bytes: Uint8Array,
  start: number,
  end: number,
  shift: number,
  into: Float64Array,
  at: number,
): boolean {
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
  const point = shift - places + (next < end ? exponentOf(bytes, next + 1, end) : 0);
  // Sixteen digits can pass 2^53, but then the mantissa, rounded, is above the safe integers too.
  const isExact = significant <= 16 && mantissa <= Number.MAX_SAFE_INTEGER;
  if (!isExact || mantissa === 0 || point < -16 || point > 16) {
    return readLongDecimal(bytes, start, end, significant, point, into, at);
  }
  let whole = mantissa;
  let isCut = false;
  if (point >= 0) {
    whole = mantissa * POWERS[point]!; // 0 ≤ point ≤ 16
  } else {
    const divisor = POWERS[-point]!; // 1 ≤ −point ≤ 16
    const rest = mantissa % divisor;
    whole = (mantissa - rest) / divisor;
    isCut = rest !== 0;
  }
  return store(whole, isCut, isNegative, into, at);
}

function store(whole: number, isCut: boolean, isNegative: boolean, into: Float64Array, at: number): boolean {
  // Toward −∞, and never −0.
  const instant = isNegative ? 0 - whole - (isCut ? 1 : 0) : whole;
  if (instant < -MAX_INSTANT || instant > MAX_INSTANT) return false;
  into[at] = instant;
  return true;
}

function exponentOf(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === 0x2d;
  let exponent = 0;
  for (let next = isNegative || bytes[start] === 0x2b ? start + 1 : start; next < end; next += 1) {
    exponent = Math.min(FAR, exponent * 10 + bytes[next]! - ZERO); // next < end
  }
  return isNegative ? -exponent : exponent;
}

/** The same digit by digit, for numbers of any length: `significant` digits, the last of which stands at 10^`point`. */
function readLongDecimal(
  bytes: Uint8Array,
  start: number,
  end: number,
  significant: number,
  point: number,
  into: Float64Array,
  at: number,
): boolean {
  const isNegative = bytes[start] === 0x2d;
  if (significant === 0) return store(0, false, isNegative, into, at);
  const wholeDigits = significant + point;
  if (wholeDigits > 16) return false;
  let whole = 0;
  let isCut = false;
  let seen = 0;
  for (let next = start; next < end && seen < significant; next += 1) {
    const digit = bytes[next]! - ZERO; // next < end
    if (digit >>> 0 > 9 || (seen === 0 && digit === 0)) continue;
    seen += 1;
    if (seen <= wholeDigits) whole = whole * 10 + digit;
    else if (digit !== 0) isCut = true;
  }
  if (wholeDigits > significant) whole *= POWERS[wholeDigits - significant]!; // at most 16 − 1
  return store(whole, isCut, isNegative, into, at);
}
