import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalsFor, formatNumber } from './number-format.ts';

/** A column as it is shown. */
function column(values: readonly (number | null)[], previous?: number): string[] {
  const decimals = decimalsFor(values, previous);
  return values.map((value) => formatNumber(value, decimals));
}

describe('numbers of a column', () => {
  it.each([
    ['whole numbers have no decimals', [1, 20, 1234, 1234567], ['1', '20', '1,234', '1,234,567']],
    ['points stand below each other', [812.44, 98.13, 1930.21], ['812.4', '98.1', '1,930.2']],
    ['small numbers have enough decimals', [0.012034, 0.00441], ['0.01203', '0.00441']],
    ['decimals that are only zeros are left out', [20.5, 7], ['20.5', '7.0']],
    ['six digits are enough', [123456.789, 0.5], ['123,457', '0.5']],
    ['a number that its column would hide has its own', [120000, 0.0123], ['120,000', '0.0123']],
    ['the largest and smallest have exponents', [1.5e15, 2e-7, 3], ['1.50e15', '2.00e-7', '3']],
    ['negative numbers count by their size', [-812.44, 98.13], ['-812.4', '98.1']],
    ['what is no number is a dash', [null, Number.NaN, Infinity, 0], ['–', '–', '–', '0']],
    ['zero has no sign', [-0, 1.5], ['0.0', '1.5']],
  ])('%s', (_rule, values, shown) => {
    expect(column(values)).toEqual(shown);
  });

  it('keep their decimals from before where those do', () => {
    expect(column([812.4], 2)).toEqual(['812.40']);
    expect(column([0.01234], 2)).toEqual(['0.01234']);
    expect(column([123456.7], 2)).toEqual(['123,457']);
  });

  it('are never off by more than a twentieth', () => {
    const value = fc.double({ min: -1e14, max: 1e14, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), fc.option(fc.nat(6), { nil: undefined }), (values, previous) => {
        column(values, previous).forEach((text, index) => {
          const exact = values[index] ?? 0;
          const read = Number(text.replaceAll(',', ''));
          expect(Math.abs(read - exact)).toBeLessThanOrEqual(0.0501 * Math.abs(exact));
        });
      }),
    );
  });
});
