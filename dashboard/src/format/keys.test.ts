import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupingKey } from '../../../src/event/grouping-key.ts';
import { fieldsOfKey, formatKey } from './keys.ts';

describe('a key', () => {
  it('has the fields that the processor wrote it from, whatever is in them', () => {
    const field = fc.tuple(fc.string(), fc.option(fc.string()));
    fc.assert(
      fc.property(fc.uniqueArray(field, { minLength: 1, maxLength: 4, selector: ([name]) => name }), (fields) => {
        const found = fieldsOfKey(GroupingKey.fromFields(fields).toString());
        expect(new Map(Object.entries(found))).toEqual(new Map(fields));
      }),
    );
  });

  it.each([
    ['', 'all events'],
    ['model=gpt-4o::region=us', 'gpt-4o · us'],
    ['model=%00::region=', '(none) · (empty)'],
    ['a=1%3A%3D%25', '1:=%'],
  ])('%j is shown as %s', (key, text) => {
    expect(formatKey(fieldsOfKey(key))).toBe(text);
  });
});
