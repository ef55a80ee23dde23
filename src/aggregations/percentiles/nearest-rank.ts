import { ProcessorError } from '../../errors/processor-error.ts';

/** A percentile as the share of values it stands for, an exact ratio: 99.9 is 999/1000. */
export interface Percentile {
  /** Name of its field in results: `p50`, `p99.9`. */
  readonly name: `p${number}`;
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const DECIMAL = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/**
 * Reads a percentile, 0 < p ≤ 100, as the decimal it is written as: no double is exactly 99.9, but 99.9 is meant.
 * @throws ProcessorError PERCENTILE_INVALID.
 */
export function parsePercentile(p: number): Percentile {
  const [, whole, fraction = '', exponent = '0'] = DECIMAL.exec(String(p)) ?? [];
  if (typeof p !== 'number' || whole === undefined || !(p > 0 && p <= 100)) {
    throw new ProcessorError(
      'configuration',
      'PERCENTILE_INVALID',
      `${describe(p)} is not a percentile; use a number p with 0 < p ≤ 100, such as 50 or 99.9`,
    );
  }
  const decimals = fraction.length - Number(exponent);
  const numerator = BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, -decimals));
  const denominator = 100n * 10n ** BigInt(Math.max(0, decimals));
  const divisor = greatestCommonDivisor(numerator, denominator);
  return { name: `p${p}`, numerator: numerator / divisor, denominator: denominator / divisor };
}

function describe(found: unknown): string {
  return typeof found === 'number' ? String(found) : (JSON.stringify(found) ?? typeof found);
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}

/** The nearest rank, ⌈p/100 · count⌉ without rounding on the way: 1 ≤ rank ≤ count, for count ≥ 1. */
export function nearestRank({ numerator, denominator }: Percentile, count: number): number {
  const product = Number(numerator) * count;
  const divisor = Number(denominator);
  if (product <= Number.MAX_SAFE_INTEGER && divisor <= Number.MAX_SAFE_INTEGER) {
    const rest = product % divisor;
    return (product - rest) / divisor + (rest > 0 ? 1 : 0);
  }
  return Number((numerator * BigInt(count) + denominator - 1n) / denominator);
}
