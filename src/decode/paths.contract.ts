import { describe, expect, it } from 'vitest';
import { at, blockOf, keysAt, metricsAt, planOf, run, single, type MakeDecoder } from './decode-fixtures.contract.ts';

/** What a path finds in a record. */
export function describePaths(make: MakeDecoder): void {
  describe('paths', () => {
    it.each<[string, string, number]>([
      ['a.b[0].c', '{"a":{"b":[{"c":5}]}}', 5],
      ['a[2]', '{"a":[1,[9],3]}', 3],
      ['a[1][0]', '{"a":[1,[9],3]}', 9],
      ['a.b', '{"a":{"b":1,"c":{"b":2}},"b":3}', 1],
      ['a.b', '{"a":{"b":1},"a":{"b":2}}', 2],
      ['a.b', '{"a":{"b":1},"a":{}}', Number.NaN],
      ['a.b', '{"a":{"b":1},"a":5}', Number.NaN],
      ['a', '{"a":{"a":1},"\\u0061":7}', 7],
      ['é', '{"\\u00e9":1,"e":2}', 1],
      ['é', '{"é":4}', 4],
      ['a.0', '{"a":[1]}', Number.NaN],
      ['a.length', '{"a":[1]}', Number.NaN],
      ['a[0]', '{"a":{"0":1}}', Number.NaN],
      ['__proto__', '{"__proto__":6}', 6],
      ['constructor', '{"constructor":6}', 6],
      ['toString', '{}', Number.NaN],
      ['__proto__.toString', '{"__proto__":{"toString":3}}', 3],
    ])('%s of %s', (path, record, expected) => {
      const plan = planOf({ time: 'processing', key: [], metrics: metricsAt(path) });
      expect(single(make, record, plan).row?.values).toEqual([expected]);
    });

    it('may be the beginning of another, and may be shared', () => {
      const plan = planOf({ key: keysAt('a.k'), metrics: metricsAt('a.v', ['a', 'w.x'], 't') });
      const { rows } = run(make, blockOf(['{"a":{"v":1,"w.x":2,"k":"z"},"t":3}', '{"a":4,"t":5}']), plan);
      expect(rows).toEqual([
        { t: 3, key: 'a.k=z', values: [1, 2, 3], record: 0 },
        { t: 5, key: 'a.k=%00', values: [Number.NaN, Number.NaN, 5], record: 1 },
      ]);
      const both = planOf({ metrics: metricsAt('a.v'), key: keysAt('a') });
      expect(run(make, blockOf(['{"t":1,"a":null}', '{"t":1,"a":{"v":1}}']), both).rejections).toMatchObject([
        { record: 1, code: 'invalid_key' },
      ]);
    });

    it.each(['__proto__', 'constructor', 'toString', ''])('take "%s" for a name like any other', (field) => {
      const name = JSON.stringify(field);
      const named = (text: string) => ({ type: 'path', path: [text], text }) as const;
      const plan = planOf({
        timestamp: named(field),
        key: [{ name: field, selector: named(field) }],
        metrics: [{ name: field, selector: named(field) }],
      });
      const { row } = single(make, `{${name}:17}`, plan);
      expect(row).toEqual({ t: 17, key: `${field}=17`, values: [17], record: 0 });
      expect(single(make, '{"a":1}', plan).rejection?.code).toBe('missing_timestamp');
    });

    it('find names of all lengths among many others', () => {
      const names = Array.from({ length: 200 }, (_, index) => 'x'.repeat(index % 7) + String(index));
      const record = JSON.stringify(Object.fromEntries(names.map((field, index) => [field, index])));
      const plan = planOf({
        time: 'processing',
        key: [],
        metrics: names.map((text) => ({ name: text, selector: at(text) })),
      });
      expect(single(make, record, plan).row?.values).toEqual(names.map((_, index) => index));
    });
  });
}
