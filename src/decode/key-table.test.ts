import { describe, expect, it } from 'vitest';
import { KeyDictionary } from '../event/key-dictionary.ts';
import { bytesOf } from './decode-fixtures.contract.ts';
import { FieldKind, FieldSlots } from './field-slots.ts';
import { KeyTable } from './key-table.ts';

interface TestTable {
  readonly keys: KeyDictionary;
  readonly table: KeyTable;
  readonly idOf: (text: string) => number;
}

function tableOf(): TestTable {
  const keys = new KeyDictionary();
  const slots = new FieldSlots(1);
  const table = new KeyTable([{ name: 'k', slot: 0 }], slots, keys);
  const idOf = (text: string): number => {
    const bytes = bytesOf(text);
    slots.set(0, FieldKind.STRING, 0, bytes.length);
    return table.idOf(bytes);
  };
  return { keys, table, idOf };
}

describe('KeyTable', () => {
  it('gives every key the id of the dictionary, however many there are', () => {
    const { keys, table, idOf } = tableOf();
    const ids = Array.from({ length: 20_000 }, (_, index) => idOf(`key-${String(index)}`));
    expect(ids.every((id, index) => keys.keyOf(id)?.get('k') === `key-${String(index)}`)).toBe(true);
    expect(ids.every((id, index) => idOf(`key-${String(index)}`) === id)).toBe(true);
    expect(keys.size).toBe(20_000);
    expect(table.size).toBeLessThanOrEqual(20_000);
  });

  it('does not grow with keys that it has seen', () => {
    const { table, idOf } = tableOf();
    for (let round = 0; round < 3; round += 1) idOf('a');
    expect(table.size).toBe(1);
  });

  it('stays within its bound, and right', () => {
    const { keys, table, idOf } = tableOf();
    for (let index = 0; index < 300_000; index += 1) idOf(String(index));
    expect(table.size).toBeLessThanOrEqual(1 << 18);
    expect(keys.keyOf(idOf('7'))?.get('k')).toBe('7');
  });

  it('remembers no key above 1 KiB, and gives its id all the same', () => {
    const { keys, table, idOf } = tableOf();
    const long = 'x'.repeat(1025);
    expect(idOf(long)).toBe(idOf(long));
    expect(keys.size).toBe(1);
    expect(table.size).toBe(0);
  });
});
