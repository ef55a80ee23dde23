import { describe, expect, it } from 'vitest';
import { KeyDictionary } from '../event/key-dictionary.ts';
import {
  at,
  blockOf,
  bytesOf,
  csvOf,
  keysAt,
  metricsAt,
  NOW,
  planOf,
  run,
  type MakeDecoder,
} from './decode-fixtures.contract.ts';

/** Rows of CSV files. */
export function describeCsv(make: MakeDecoder): void {
  describe('CSV', () => {
    const HEADER = ['t', 'k', 'v', 'a.b'];
    const plan = planOf({ metrics: metricsAt('v', 'a.b') });

    it('rows become events by the names in the header', () => {
      const block = csvOf(
        HEADER,
        '2023-11-16 18:17:03.9799600,gpt-4, 12.5 ,',
        '1700158503979,"a ""quoted"", name",1e2,7\r\n',
        ' 2023-11-16T18:17:03Z\t,"line\nbreak",+.5,007',
        '"5",,,""',
      );
      const { rows, rejections, counters } = run(make, block, plan);
      expect(rejections).toEqual([]);
      expect(rows).toEqual([
        { t: Date.parse('2023-11-16T18:17:03.979Z'), key: 'k=gpt-4', values: [12.5, Number.NaN], record: 0 },
        { t: 1_700_158_503_979, key: 'k=a "quoted", name', values: [100, 7], record: 1 },
        { t: Date.parse('2023-11-16T18:17:03Z'), key: 'k=line\nbreak', values: [0.5, 7], record: 2 },
        { t: 5, key: 'k=%00', values: [Number.NaN, Number.NaN], record: 3 },
      ]);
      expect(counters.missingValues).toBe(3);
    });

    it.each<[string, string | Uint8Array, string, string, string | null]>([
      ['too few cells', '1,a', 'malformed', 'the row has 2 cells, the header 4 cells', null],
      ['too many cells', '1,a,1,1,', 'malformed', 'the row has 5 cells, the header 4 cells', null],
      ['nothing', '', 'malformed', 'the row has 1 cell, the header 4 cells', null],
      ['an open quote', '1,"a,1,1', 'malformed', 'cell 2, at byte 2: the quote is not closed', null],
      ['text after a quote', '1,"a"b,1,1', 'malformed', 'cell 2, at byte 5: text after the closing quote', null],
      ['a quote inside', '1,a"b,1,1', 'malformed', 'cell 2, at byte 3: a quote inside a cell without quotes', null],
      [
        'bytes that are no UTF-8',
        bytesOf('1,', [0xff], ',1,1'),
        'invalid_utf8',
        'at byte 2: byte 0xff begins no valid UTF-8 character',
        null,
      ],
      ['text in a metric', '1,a,12ms,1', 'invalid_value', 'at v: expected a number, found the text "12ms"', 'v'],
      ['hexadecimal', '1,a,0x10,1', 'invalid_value', 'at v: expected a number, found the text "0x10"', 'v'],
      ['a bare point', '1,a,.,1', 'invalid_value', 'at v: expected a number, found the text "."', 'v'],
      ['a bare exponent', '1,a,1e,1', 'invalid_value', 'at v: expected a number, found the text "1e"', 'v'],
      [
        'NaN',
        '1,a,1,NaN',
        'not_finite',
        'at a.b: expected a number within the range of a double, found the text "NaN"',
        'a.b',
      ],
      [
        '-Infinity',
        '1,a,-Infinity,1',
        'not_finite',
        'at v: expected a number within the range of a double, found the text "-Infinity"',
        'v',
      ],
      [
        '1e309',
        '1,a,1e309,1',
        'not_finite',
        'at v: expected a number within the range of a double, found the text "1e309"',
        'v',
      ],
      [
        'no time',
        ' ,a,1,1',
        'missing_timestamp',
        'at t: expected an RFC 3339 time or a number of milliseconds since 1970, found the text " "',
        't',
      ],
      [
        'a bad time',
        'soon,a,1,1',
        'invalid_timestamp',
        'at t: expected an RFC 3339 time or a number of milliseconds since 1970, found the text "soon"',
        't',
      ],
    ])('rows are refused when they hold %s', (_, row, code, message, path) => {
      expect(run(make, csvOf(HEADER, row), plan).rejections).toEqual([{ record: 0, code, message, path }]);
    });

    it('integers that no double holds are counted', () => {
      const { rows, counters } = run(make, csvOf(HEADER, '1,a,9007199254740993,1'), plan);
      expect(rows[0]?.values).toEqual([9007199254740992, 1]);
      expect(counters.inexactIntegers).toBe(1);
    });

    it('numeric timestamps count in the unit of the plan, exactly', () => {
      const { rows } = run(make, csvOf(HEADER, '1700158503.979,a,1,1'), { ...plan, timestampUnit: 's' });
      expect(rows[0]?.t).toBe(1_700_158_503_979);
    });

    it('columns may have the names of what objects inherit, and a file may lack a column', () => {
      const header = ['__proto__', 'constructor', 'toString'];
      const odd = planOf({
        timestamp: at('__proto__'),
        key: keysAt('constructor', 'valueOf'),
        metrics: metricsAt('toString', 'x.y'),
      });
      expect(run(make, csvOf(header, '1,a,2'), odd).rows).toEqual([
        { t: 1, key: 'constructor=a::valueOf=%00', values: [2, Number.NaN], record: 0 },
      ]);
    });

    it('the last of two columns of one name counts', () => {
      const twice = csvOf(['t', 'v', 'v', 'k'], '1,2,3,a', '1,2,,a');
      expect(run(make, twice, planOf()).rows.map(({ values }) => values)).toEqual([[3], [Number.NaN]]);
    });

    it('the columns of another file take over with its block', () => {
      const decoder = make(planOf(), new KeyDictionary());
      expect(decoder.decode(csvOf(['t', 'k', 'v'], '1,a,2'), NOW).batch.values[0]?.[0]).toBe(2);
      expect(decoder.decode(csvOf(['v', 'k', 't'], '1,a,2'), NOW).batch.values[0]?.[0]).toBe(1);
      expect(decoder.decode(blockOf(['{"t":1,"v":9}']), NOW).batch.values[0]?.[0]).toBe(9);
      expect(decoder.decode(csvOf(['t'], '1'), NOW).batch.values[0]?.[0]).toBeNaN();
    });
  });
}
