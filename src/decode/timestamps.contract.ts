import { describe, expect, it } from 'vitest';
import type { DecodePlan } from './decode-plan.ts';
import { at, blockOf, NOW, planOf, run, single, type MakeDecoder } from './decode-fixtures.contract.ts';

/** Event time: RFC 3339 and numbers, exact to the millisecond. */
export function describeTimestamps(make: MakeDecoder): void {
  describe('timestamps', () => {
    const ISO = Date.parse('2023-11-16T18:17:03Z');
    it.each<[string, number]>([
      ['"2023-11-16T18:17:03Z"', ISO],
      ['"2023-11-16t18:17:03z"', ISO],
      ['"2023-11-16 18:17:03"', ISO],
      ['"2023-11-16 18:17:03.9799600"', ISO + 979],
      ['"2023-11-16T18:17:03.9Z"', ISO + 900],
      ['"2023-11-16T18:17:03.999999999999999999+05:30"', ISO + 999 - 330 * 60_000],
      ['"2023-11-16T18:17:03-23:59"', ISO + (23 * 60 + 59) * 60_000],
      ['"2023-11-16T18:17:03-00:00"', ISO],
      ['"2023-11-16T18:17:03\\u005a"', ISO],
      ['"1969-12-31T23:59:59.9999Z"', -1],
      ['"0000-01-01T00:00:00Z"', Date.UTC(2000, 0, 1) - 730_485 * 86_400_000],
      ['"9999-12-31T23:59:59.999Z"', 253_402_300_799_999],
      ['"2000-02-29T00:00:00Z"', Date.UTC(2000, 1, 29)],
      ['"2016-12-31T23:59:60Z"', Date.UTC(2017, 0, 1)],
      ['"2017-01-01T05:29:60.5+05:30"', Date.UTC(2017, 0, 1) + 500],
      ['0', 0],
      ['-0', 0],
      ['-0.5', -1],
      ['1700158503979', 1_700_158_503_979],
      ['1.700158503979e12', 1_700_158_503_979],
      ['8.64e15', 8.64e15],
      ['-8.64e15', -8.64e15],
      ['0e999999999999', 0],
      ['-1e-999999999999', -1],
    ])('%s is read as %d', (json, expected) => {
      expect(single(make, `{"t":${json}}`).row?.t).toBe(expected);
    });

    it.each<[DecodePlan['timestampUnit'], string, number]>([
      ['s', '1.5', 1500],
      ['s', '1700158503.979', 1_700_158_503_979],
      ['s', '1700158503.9799999999999999999', 1_700_158_503_979],
      ['s', '-0.0001', -1],
      ['s', '1700158503', 1_700_158_503_000],
      ['s', '17001585.03979e2', 1_700_158_503_979],
      ['us', '1700158503979999', 1_700_158_503_979],
      ['us', '-1', -1],
      ['us', '-1000', -1],
      ['ns', '1700158503979999999', 1_700_158_503_979],
      ['ns', '1700158503980000000', 1_700_158_503_980],
      ['ns', '-1700158503979999999', -1_700_158_503_980],
      ['ns', '1700158503979999999.99999', 1_700_158_503_979],
      ['ns', '999999', 0],
      ['ns', '-1', -1],
    ])('in %s, %s is exact to the millisecond', (timestampUnit, json, expected) => {
      expect(single(make, `{"t":${json}}`, planOf({ timestampUnit })).row?.t).toBe(expected);
    });

    it.each([
      ['"2023-02-29T00:00:00Z"'],
      ['"1900-02-29T00:00:00Z"'],
      ['"2023-04-31T00:00:00Z"'],
      ['"2023-13-01T00:00:00Z"'],
      ['"2023-00-01T00:00:00Z"'],
      ['"2023-01-00T00:00:00Z"'],
      ['"2023-11-16T24:00:00Z"'],
      ['"2023-11-16T18:60:00Z"'],
      ['"2023-11-16T18:17:61Z"'],
      ['"2023-11-16T23:59:60Z"'],
      ['"2016-12-31T22:59:60Z"'],
      ['"2023-11-16T18:17:03."'],
      ['"2023-11-16T18:17:03.Z"'],
      ['"2023-11-16T18:17:03+5:30"'],
      ['"2023-11-16T18:17:03+0530"'],
      ['"2023-11-16T18:17:03+24:00"'],
      ['"2023-11-16T18:17:03ZZ"'],
      ['"2023-11-16T18:17:03 Z"'],
      ['" 2023-11-16T18:17:03Z"'],
      ['"2023-11-16T18:17Z"'],
      ['"2023-11-16"'],
      ['"2023/11/16T18:17:03Z"'],
      ['"+02023-11-16T18:17:03Z"'],
      ['"1700158503979"'],
      ['"٢٠٢٣-11-16T18:17:03Z"'],
      ['""'],
      ['true'],
      ['{}'],
      ['[1]'],
      ['8640000000000001'],
      ['1e300'],
      ['1e309'],
      ['-8.640000000000001e15'],
    ])('%s is invalid', (json) => {
      expect(single(make, `{"t":${json}}`).rejection).toMatchObject({ code: 'invalid_timestamp', path: 't' });
    });

    it('say what was expected and found', () => {
      const plan = planOf({ timestamp: at('meta.at'), timestampUnit: 's' });
      const expected = 'at meta.at: expected an RFC 3339 time or a number of seconds since 1970, found';
      const message = (meta: string): string | undefined => single(make, `{"meta":${meta}}`, plan).rejection?.message;
      expect(message('{"at":"yesterday"}')).toBe(`${expected} the text "yesterday"`);
      expect(message('{"at":1e309}')).toBe(`${expected} the number 1e309`);
      expect(message('{"at":false}')).toBe(`${expected} false`);
      expect(message('{"at":[ 1, "a" ]}')).toBe(`${expected} the array [1,"a"]`);
      expect(message('{"at":null}')).toBe(`${expected} null`);
      expect(message('{}')).toBe(`${expected} nothing`);
      expect(message(`{"at":"${'x'.repeat(5000)}"}`)?.length).toBeLessThan(expected.length + 80);
    });

    it.each(['{}', '{"t":null}', '{"x":{"t":1}}', '{"t":1,"t":null}'])('%s has none', (record) => {
      expect(single(make, record).rejection).toMatchObject({ code: 'missing_timestamp', path: 't' });
    });

    it('further ahead of the clock than allowed are refused, also in the year 9999', () => {
      const plan = planOf({ maxFutureMs: 3_600_000 });
      const block = blockOf([
        `{"t":${String(NOW + 3_600_000)}}`,
        `{"t":${String(NOW + 3_600_001)}}`,
        '{"t":"9999-12-31T23:59:59Z"}',
        '{"t":1}',
      ]);
      const { rows, rejections } = run(make, block, plan);
      expect(rows.map(({ record }) => record)).toEqual([0, 3]);
      expect(rejections.map(({ record, code, path }) => [record, code, path])).toEqual([
        [1, 'timestamp_in_future', 't'],
        [2, 'timestamp_in_future', 't'],
      ]);
      expect(rejections[1]?.message).toBe(
        'at t: 9999-12-31T23:59:59.000Z is more than 1h ahead of the clock (2023-11-16T18:15:03.000Z)',
      );
    });

    it('are the clock’s or the source’s where the plan says so, whatever the event holds', () => {
      const record = '{"t":"nonsense","k":"a","v":1}';
      expect(single(make, record, planOf({ time: 'processing', maxFutureMs: 0 })).row?.t).toBe(NOW);
      expect(single(make, record, planOf({ time: 'ingestion', maxFutureMs: 0 })).row?.t).toBe(NOW - 5);
    });
  });
}
