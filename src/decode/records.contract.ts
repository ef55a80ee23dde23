import { describe, expect, it } from 'vitest';
import { KeyDictionary } from '../event/key-dictionary.ts';
import { MAX_RECORD_BYTES } from '../event/record-block.ts';
import { blockOf, bytesOf, NOW, planOf, run, single, type MakeDecoder } from './decode-fixtures.contract.ts';

/** Which records are taken, and what the others are refused for. */
export function describeRecords(make: MakeDecoder): void {
  describe('records', () => {
    it('become rows in order, each with the index of its record', () => {
      const { rows, rejections, counters } = run(
        make,
        blockOf(['{"t":1,"k":"a","v":1.5}', '{"t":', '{"t":-7,"k":"b","v":-2e3}', '{"k":"a","t":3}']),
      );
      expect(rows).toEqual([
        { t: 1, key: 'k=a', values: [1.5], record: 0 },
        { t: -7, key: 'k=b', values: [-2000], record: 2 },
        { t: 3, key: 'k=a', values: [Number.NaN], record: 3 },
      ]);
      expect(rejections.map(({ record, code }) => [record, code])).toEqual([[1, 'not_json']]);
      expect(counters).toEqual({
        records: 4,
        decoded: 3,
        rejected: 1,
        filtered: 0,
        missingValues: 1,
        inexactIntegers: 0,
      });
    });

    it.each<[string, string | Uint8Array, string, string]>([
      ['nothing', '', 'not_json', 'at byte 0: the record is empty; expected a JSON object'],
      ['blanks only', ' \t', 'not_json', 'at byte 2: the record is empty; expected a JSON object'],
      ['a cut object', '{"t":1', 'not_json', "at byte 6: expected ',' or '}', found the end of the record"],
      ['a missing comma', '{"t":1 "v":2}', 'not_json', "at byte 7: expected ',' or '}', found '\"'"],
      ['a trailing comma', '{"t":1,}', 'not_json', "at byte 7: expected a field name in quotes, found '}'"],
      ['a trailing comma in an array', '{"a":[1,]}', 'not_json', "at byte 8: expected a value, found ']'"],
      ['a missing colon', '{"t" 1}', 'not_json', "at byte 5: expected ':', found '1'"],
      ['two values', '{"t":1}{"t":1}', 'not_json', "at byte 7: expected the end of the record, found '{'"],
      ['a leading zero', '{"t":01}', 'not_json', "at byte 6: expected ',' or '}', found '1'"],
      ['a plus sign', '{"t":+1}', 'not_json', "at byte 5: expected a value, found '+'"],
      ['a bare minus', '{"t":-}', 'not_json', "at byte 6: expected a digit, found '}'"],
      ['a bare point', '{"t":1.}', 'not_json', "at byte 7: expected a digit, found '}'"],
      ['a bare exponent', '{"t":1e+}', 'not_json', "at byte 8: expected a digit, found '}'"],
      ['NaN', '{"v":NaN}', 'not_json', "at byte 5: expected a value, found 'N'"],
      ['a bad literal', '{"v":nul1}', 'not_json', 'at byte 8: expected "null", found \'1\''],
      ['an unknown escape', '{"v":"\\x"}', 'not_json', "at byte 7: expected one of \" \\ / b f n r t u, found 'x'"],
      ['a short \\u', '{"v":"\\u12g4"}', 'not_json', "at byte 10: expected a hexadecimal digit, found 'g'"],
      ['an open string', '{"v":"abc', 'not_json', 'at byte 9: the record ends inside a string'],
      [
        'a raw line break in a string',
        '{"v":"a\nb"}',
        'not_json',
        'at byte 7: a control character (byte 0x0a) inside a string; it must be escaped',
      ],
      ['a no-break space', '{\u00a0}', 'not_json', "at byte 1: expected a field name in quotes, found '\u00a0'"],
      ['an array', '[{"t":1}]', 'not_an_object', 'expected a JSON object, found an array'],
      ['a string', '"t"', 'not_an_object', 'expected a JSON object, found a string'],
      ['null', 'null', 'not_an_object', 'expected a JSON object, found null'],
      ['a number', '-1.5', 'not_an_object', 'expected a JSON object, found a number'],
      ['a boolean', ' true ', 'not_an_object', 'expected a JSON object, found a boolean'],
      ['a broken array', '[1,', 'not_json', 'at byte 3: expected a value, found the end of the record'],
      [
        'a stray continuation byte',
        bytesOf('{"v":"', [0x80], '"}'),
        'invalid_utf8',
        'at byte 6: byte 0x80 begins no valid UTF-8 character',
      ],
      [
        'an overlong slash',
        bytesOf('{"v":"', [0xc0, 0xaf], '"}'),
        'invalid_utf8',
        'at byte 6: byte 0xc0 begins no valid UTF-8 character',
      ],
      [
        'bytes of no encoding between values',
        bytesOf('{"v":1}', [0xff]),
        'invalid_utf8',
        'at byte 7: byte 0xff begins no valid UTF-8 character',
      ],
    ])('are refused when they hold %s', (_, record, code, message) => {
      expect(single(make, record).rejection).toEqual({ record: 0, code, message, path: null });
    });

    it.each([
      ['overlong, three bytes', [0xe0, 0x9f, 0xbf], false],
      ['first of three bytes', [0xe0, 0xa0, 0x80], true],
      ['last before the surrogates', [0xed, 0x9f, 0xbf], true],
      ['a surrogate', [0xed, 0xa0, 0x80], false],
      ['overlong, four bytes', [0xf0, 0x8f, 0xbf, 0xbf], false],
      ['first of four bytes', [0xf0, 0x90, 0x80, 0x80], true],
      ['U+10FFFF', [0xf4, 0x8f, 0xbf, 0xbf], true],
      ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80], false],
      ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80], false],
      ['cut, two of three', [0xe2, 0x82], false],
      ['two bytes', [0xc3, 0xa9], true],
    ])('hold UTF-8 or not: %s', (_, sequence, isValid) => {
      const { row, rejection } = single(make, bytesOf('{"t":1,"k":"', sequence, '"}'));
      expect(rejection?.code).toBe(isValid ? undefined : 'invalid_utf8');
      if (isValid) expect(row?.key).toBe(`k=${Buffer.from(sequence).toString()}`);
    });

    it('may be spaced and ordered differently from the one before', () => {
      const records = [
        '{"t":1,"k":"a","v":1}',
        '{"t": 2, "k" : "b","v":\t2}',
        '{"v":3,"t":3,"k":"c"}',
        '{"v":4,"t":4,"k":"d","k":"e"}',
        '{"vv":0,"t":5,"k":"f","v":5,"more":{}}',
        '{"t":6}',
        '{"t":7,"k":"g","\\u0076":7}',
        '{"t":8,"k":"h","\\u0076":8,"v":9}',
      ];
      const { rows } = run(make, blockOf(records));
      expect(rows.map(({ t, key, values }) => [t, key, values[0]])).toEqual([
        [1, 'k=a', 1],
        [2, 'k=b', 2],
        [3, 'k=c', 3],
        [4, 'k=e', 4],
        [5, 'k=f', 5],
        [6, 'k=%00', Number.NaN],
        [7, 'k=g', 7],
        [8, 'k=h', 9],
      ]);
    });

    it('may begin with a byte order mark, once', () => {
      expect(single(make, bytesOf([0xef, 0xbb, 0xbf], ' {"t":1,"k":"a","v":2}')).row?.values).toEqual([2]);
      expect(single(make, bytesOf([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf], '{"t":1}')).rejection?.code).toBe('not_json');
      expect(single(make, '{"t":1,"k":"\ufeffa"}').row?.key).toBe('k=\ufeffa');
    });

    it('may be nested 64 deep and no deeper', () => {
      const nested = (depth: number): string => `{"t":1,"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
      expect(single(make, nested(64)).row?.t).toBe(1);
      expect(single(make, nested(65)).rejection).toEqual({
        record: 0,
        code: 'too_deep',
        message: 'at byte 74: objects and arrays are nested more than 64 deep',
        path: null,
      });
      expect(single(make, `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`).rejection?.code).toBe('too_deep');
      expect(single(make, '['.repeat(100_000)).rejection?.code).toBe('too_deep');
    });

    it('may have 1 MiB and no more', () => {
      const sized = (length: number): string => `{"t":1,"a":"${'x'.repeat(length - 14)}"}`;
      expect(single(make, sized(MAX_RECORD_BYTES)).row?.t).toBe(1);
      const { rejection } = single(make, sized(MAX_RECORD_BYTES + 1));
      expect(rejection?.code).toBe('too_large');
      expect(rejection?.message).toBe('the record has 1048577 bytes; at most 1048576 are taken');
    });

    it('that did not arrive whole are refused for the reason the source gives', () => {
      const block = blockOf(['{"t":1}', '{"t":2}']);
      const faults = new Map([[0, { reason: 'too_large', message: 'longer than 1 MiB' } as const]]);
      const { rows, rejections } = run(make, { ...block, faults });
      expect(rejections).toEqual([{ record: 0, code: 'too_large', message: 'longer than 1 MiB', path: null }]);
      expect(rows.map(({ t }) => t)).toEqual([2]);
    });
  });

  describe('batches', () => {
    it('are used again, with columns that grow', () => {
      const decoder = make(planOf(), new KeyDictionary());
      const first = decoder.decode(blockOf(['{"t":1,"k":"a","v":1}']), NOW).batch;
      const many = Array.from({ length: 100 }, (_, index) => `{"t":${String(index)},"k":"a","v":${String(-index)}}`);
      const { batch } = decoder.decode(blockOf(many), NOW);
      expect(batch).toBe(first);
      expect(batch.count).toBe(100);
      expect(batch.values[0]?.[99]).toBe(-99);
      expect(batch.watermarks.length).toBeGreaterThanOrEqual(100);
      const { values, timestamps } = batch;
      expect(decoder.decode(blockOf(['{"t":5,"k":"a"}']), NOW).batch).toMatchObject({ count: 1, values, timestamps });
      expect(decoder.counters).toMatchObject({ records: 102, decoded: 102, rejected: 0 });
    });
  });
}
