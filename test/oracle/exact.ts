/** Rational arithmetic over doubles, without rounding until the end. Every finite double is mantissa · 2^exponent. */

const view = new DataView(new ArrayBuffer(8));

function decompose(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const magnitude = biased === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: value < 0 ? -magnitude : magnitude, exponent: Math.max(biased, 1) - 1075 };
}

/** All values as whole multiples of the same power of two. */
export interface ExactValues {
  readonly units: readonly bigint[];
  /** A unit is 2^exponent. */
  readonly exponent: number;
}

/** Finite doubles, exactly. */
export function exactly(values: readonly number[]): ExactValues {
  const parts = values.map(decompose);
  const exponent = parts.reduce((least, part) => Math.min(least, part.exponent), 0);
  return { units: parts.map((part) => part.mantissa << BigInt(part.exponent - exponent)), exponent };
}

/** The double nearest to numerator / denominator · 2^exponent; ±Infinity beyond the range. The denominator is > 0. */
export function nearestDouble(numerator: bigint, denominator: bigint, exponent: number): number {
  if (numerator === 0n) return 0;
  const magnitude = numerator < 0n ? -numerator : numerator;
  // 128 bits more than the denominator has: the quotient then holds far more than the 53 bits of a double.
  const shift = BigInt(denominator.toString(2).length + 128);
  const quotient = (magnitude << shift) / denominator;
  const exact = quotient * denominator === magnitude << shift;
  // The lowest bit stands for everything cut off, so that a tie is taken for one only where it is one.
  const rounded = leadingBits(exact ? quotient : quotient | 1n);
  const power = exponent - Number(shift) + rounded.dropped;
  const half = Math.trunc(power / 2);
  const result = rounded.value * 2 ** half * 2 ** (power - half);
  return numerator < 0n ? -result : result;
}

/** At most 64 bits of an integer, the lowest one set if anything was dropped, as the nearest double. */
function leadingBits(integer: bigint): { readonly value: number; readonly dropped: number } {
  const dropped = Math.max(0, integer.toString(2).length - 64);
  const kept = integer >> BigInt(dropped);
  const lossless = kept << BigInt(dropped) === integer;
  return { value: Number(lossless ? kept : kept | 1n), dropped };
}

export function total(units: readonly bigint[]): bigint {
  return units.reduce((sum, unit) => sum + unit, 0n);
}
