import { describe, expect, it } from 'vitest';
import { KeyDictionary } from '../event/key-dictionary.ts';
import type { ByteBlock } from '../event/record-block.ts';
import { blockOf, keysAt, NOW, planOf, run, single, type MakeDecoder } from './decode-fixtures.contract.ts';

/** Grouping keys and their ids. */
export function describeKeys(make: MakeDecoder): void {
  describe('keys', () => {
    it.each<[string, string]>([
      ['"a"', 'k=a'],
      ['"\\u0061"', 'k=a'],
      ['""', 'k='],
      ['"%=:"', 'k=%25%3D%3A'],
      ['"\\ud83d\\ude00"', 'k=\u{1f600}'],
      ['1', 'k=1'],
      ['1.0', 'k=1'],
      ['10e-1', 'k=1'],
      ['-0', 'k=0'],
      ['1e21', 'k=1e+21'],
      ['true', 'k=true'],
      ['false', 'k=false'],
      ['null', 'k=%00'],
    ])('%s gives %s', (json, expected) => {
      expect(single(make, `{"t":1,"k":${json}}`).row?.key).toBe(expected);
    });

    it('have one id for all spellings, met before or not', () => {
      const spellings = ['"A"', '"\\u0041"', '"A"', '"\\u0041"'];
      const numbers = ['1', '1.0', '"1"', '1', '1.0', '100e-2'];
      const records = [...spellings, ...numbers].map((json) => `{"t":1,"k":${json}}`);
      const { batch } = run(make, blockOf(records));
      expect([...batch.keys.subarray(0, batch.count)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    });

    it('tell fields apart that read the same when joined', () => {
      const plan = planOf({ key: keysAt('a', 'b') });
      const records = ['"x","b":"yz"', '"xy","b":"z"', '"xyz"', 'null,"b":"xyz"', '"","b":"xyz"'];
      const { batch } = run(make, blockOf(records.map((fields) => `{"t":1,"a":${fields}}`)), plan);
      expect(new Set(batch.keys.subarray(0, batch.count)).size).toBe(5);
    });

    it.each<[string, string]>([
      ['{"a":1}', 'the object {"a":1}'],
      ['[]', 'the array []'],
      ['1e309', 'the number 1e309'],
    ])('cannot be made of %s', (json, found) => {
      expect(single(make, `{"t":1,"k":${json}}`).rejection).toEqual({
        record: 0,
        code: 'invalid_key',
        message: `at k: expected text, a finite number, a boolean or null, found ${found}`,
        path: 'k',
      });
    });

    it('are one group where there are no fields', () => {
      const { rows, batch } = run(make, blockOf(['{"t":1}', '{"t":2,"k":[]}']), planOf({ key: [] }));
      expect(rows.map(({ key }) => key)).toEqual([null, null]);
      expect(batch.keys[0]).toBe(batch.keys[1]);
    });

    it('are right again after the dictionary has dropped ids', () => {
      const keys = new KeyDictionary();
      const decoder = make(planOf(), keys);
      const block = (key: string): ByteBlock => blockOf([`{"t":1,"k":"${key}"}`]);
      const textOf = (key: string): string | undefined => {
        const { batch } = decoder.decode(block(key), NOW);
        return keys.keyOf(batch.keys[0] ?? -1)?.toString();
      };
      expect([textOf('a'), textOf('b')]).toEqual(['k=a', 'k=b']);
      keys.retain((id) => id === 1);
      expect([textOf('c'), textOf('a'), textOf('b'), textOf('c')]).toEqual(['k=c', 'k=a', 'k=b', 'k=c']);
    });
  });
}
