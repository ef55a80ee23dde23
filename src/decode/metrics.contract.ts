import { describe, expect, it } from 'vitest';
import { blockOf, metricsAt, planOf, run, single, type MakeDecoder } from './decode-fixtures.contract.ts';

/** Numbers, missing ones, and those that a double cannot hold. */
export function describeMetrics(make: MakeDecoder): void {
  describe('metrics', () => {
    it.each<[string, number]>([
      ['0', 0],
      ['-0', -0],
      ['-0.0e5', -0],
      ['123456789012345', 123456789012345],
      ['9007199254740991', 9007199254740991],
      ['0.1', 0.1],
      ['5e-324', 5e-324],
      ['2.2250738585072011e-308', Number('2.2250738585072011e-308')],
      ['1.7976931348623157e308', 1.7976931348623157e308],
      ['179769313486231580793e288', Number('1.79769313486231580793e308')],
      ['1e-400', 0],
      ['0.30000000000000004', 0.30000000000000004],
      ['1E+2', 100],
    ])('%s is read as %d', (json, expected) => {
      const { row, counters } = single(make, `{"t":1,"v":${json}}`);
      expect(row?.values[0]).toBe(expected);
      expect(counters.inexactIntegers).toBe(0);
    });

    it.each<[string, number, number]>([
      ['9007199254740992', 9007199254740992, 0],
      ['9007199254740993', 9007199254740992, 1],
      ['-9007199254740993', -9007199254740992, 1],
      ['100000000000000000000000', 1e23, 1],
      ['10000000000000000000000', 1e22, 0],
      ['9007199254740993.0', 9007199254740992, 0],
    ])('%s is the nearest double, and counted if that is another number', (json, expected, inexact) => {
      const { row, counters } = single(make, `{"t":1,"v":${json}}`);
      expect(row?.values).toEqual([expected]);
      expect(counters.inexactIntegers).toBe(inexact);
    });

    it.each<[string, string, string]>([
      ['"12"', 'invalid_value', 'at v: expected a number, found the text "12"'],
      ['true', 'invalid_value', 'at v: expected a number, found true'],
      ['{ "a" : 1 }', 'invalid_value', 'at v: expected a number, found the object {"a":1}'],
      ['[]', 'invalid_value', 'at v: expected a number, found the array []'],
      ['1e309', 'not_finite', 'at v: expected a number within the range of a double, found the number 1e309'],
      ['-1e999', 'not_finite', 'at v: expected a number within the range of a double, found the number -1e999'],
      ['"NaN"', 'invalid_value', 'at v: expected a number, found the text "NaN"'],
    ])('%s is refused', (json, code, message) => {
      expect(single(make, `{"t":1,"v":${json}}`).rejection).toEqual({ record: 0, code, message, path: 'v' });
    });

    it('that are missing or null are NaN, and counted for the events that are taken only', () => {
      const plan = planOf({ metrics: metricsAt('v', 'w') });
      const { rows, counters } = run(make, blockOf(['{"t":1,"v":null}', '{"t":1,"w":7}', '{"t":1,"w":"x"}']), plan);
      expect(rows.map(({ values }) => values)).toEqual([
        [Number.NaN, Number.NaN],
        [Number.NaN, 7],
      ]);
      expect(counters.missingValues).toBe(3);
    });
  });
}
