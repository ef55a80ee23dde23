import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupingKey } from './grouping-key.ts';
import { KeyDictionary } from './key-dictionary.ts';

const keyOf = (value: string | null): GroupingKey => GroupingKey.fromFields([['model', value]]);

describe('KeyDictionary', () => {
  it('gives equal keys the same id, counted from 0', () => {
    const keys = new KeyDictionary();
    expect([keyOf('a'), keyOf('b'), keyOf('a'), null, null].map((key) => keys.idOf(key))).toEqual([0, 1, 0, 2, 2]);
    expect(keys.size).toBe(3);
    expect(keys.keyOf(1)?.toString()).toBe('model=b');
    expect(keys.keyOf(2)).toBeNull();
  });

  it('does not take one key for another', () => {
    const keys = new KeyDictionary();
    const different = [
      null,
      GroupingKey.fromFields([['', '']]),
      keyOf(null),
      keyOf('\0'),
      keyOf(''),
      keyOf('__proto__'),
      keyOf('constructor'),
    ];
    expect(new Set(different.map((key) => keys.idOf(key))).size).toBe(different.length);
  });

  it('drops the keys that are not live, and gives their ids out again', () => {
    const keys = new KeyDictionary();
    for (const value of ['a', 'b', 'c']) keys.idOf(keyOf(value));
    const { generation } = keys;
    keys.retain((id) => id === 1);
    expect(keys.size).toBe(1);
    expect(keys.generation).toBeGreaterThan(generation);
    expect(keys.idOf(keyOf('b'))).toBe(1);
    expect(() => keys.keyOf(0)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    const again = [keys.idOf(keyOf('d')), keys.idOf(keyOf('a')), keys.idOf(keyOf('e'))];
    expect(again.toSorted((a, b) => a - b)).toEqual([0, 2, 3]);
    expect(again.map((id) => keys.keyOf(id)?.get('model'))).toEqual(['d', 'a', 'e']);
  });

  it('has no key for an id it never gave', () => {
    expect(() => new KeyDictionary().keyOf(0)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('gives every key that is held its own id, through any drops', () => {
    const aStep = fc.oneof(
      fc.constantFrom(...Array.from('abcdef')),
      fc.uniqueArray(fc.constantFrom(...Array.from('abcdef'))),
    );
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 40 }), (steps) => {
        const keys = new KeyDictionary();
        const held = new Map<string, number>();
        for (const step of steps) {
          if (typeof step === 'string') held.set(step, keys.idOf(keyOf(step)));
          else {
            keys.retain((id) => step.includes(keys.keyOf(id)?.get('model') ?? ''));
            for (const value of held.keys()) if (!step.includes(value)) held.delete(value);
          }
          expect(keys.size).toBe(held.size);
          expect(new Set(held.values()).size).toBe(held.size);
          for (const [value, id] of held) expect(keys.keyOf(id)?.get('model')).toBe(value);
        }
      }),
    );
  });
});
