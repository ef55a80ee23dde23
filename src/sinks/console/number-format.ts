/** What stands where there is no number. */
export const NO_NUMBER = '–';

const LARGEST = 1e12;
const SMALLEST = 1e-4;
/** Where a separator stands: before each three digits of the whole part. */
const THOUSANDS = /(?<!\..*)\B(?=(?:\d{3})+(?!\d))/g;

/**
 * How many decimals a column of numbers gets, so that their points stand below each other: four significant digits
 * for the largest, three for the others, none that are only zeros, and never more than six digits in all. `previous`
 * is what the column had before, kept where it does no harm, so that a column does not change from window to window.
 */
export function decimalsFor(values: readonly (number | null | undefined)[], previous: number | undefined): number {
  let largest = 0;
  let needed = 0;
  for (const value of values) {
    const size = Math.abs(value ?? 0);
    if (!(size >= SMALLEST && size < LARGEST)) continue;
    needed = Math.max(needed, decimalsOf(size, 3));
    largest = Math.max(largest, size);
  }
  if (largest === 0) return previous ?? 0;
  const most = Math.max(0, 5 - exponentOf(largest));
  if (previous !== undefined && previous >= needed) return Math.min(most, previous);
  return Math.min(most, Math.max(needed, decimalsOf(largest, 4)));
}

function exponentOf(size: number): number {
  return Math.floor(Math.log10(size));
}

/** Decimals that show `digits` significant digits of a number, less those that would be zeros. */
function decimalsOf(size: number, digits: number): number {
  let decimals = Math.max(0, digits - 1 - exponentOf(size));
  while (decimals > 0 && Number(size.toFixed(decimals)) === Number(size.toFixed(decimals - 1))) decimals -= 1;
  return decimals;
}

/** A number with `decimals` and thousands separators; with more digits, or an exponent, where those would misstate it. */
export function formatNumber(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NO_NUMBER;
  const size = Math.abs(value);
  if (size >= LARGEST || (size < SMALLEST && size > 0)) return value.toExponential(2).replace('e+', 'e');
  let digits = size.toFixed(decimals);
  if (Math.abs(Number(digits) - size) > 0.05 * size) digits = size.toFixed(decimalsOf(size, 3));
  if (size >= 999.5) digits = digits.replace(THOUSANDS, ',');
  return value < 0 ? `-${digits}` : digits;
}
