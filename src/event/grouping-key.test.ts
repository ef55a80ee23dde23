import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupingKey, type KeyField } from './grouping-key.ts';

/** Any text, with what the canonical form treats in its own way more often than chance would. */
const aText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('%', '=', ':', '::', '%00', '%25', '%3A', '%3d', '\0', 'a', '\ud800', '\udc00', '😀'))
    .map((parts) => parts.join('')),
  fc.constantFrom('__proto__', 'constructor', 'toString', ''),
);
const someFields: fc.Arbitrary<KeyField[]> = fc.uniqueArray(fc.tuple(aText, fc.option(aText, { nil: null })), {
  selector: ([name]) => name,
  minLength: 1,
  maxLength: 4,
});

describe('the text of a grouping key', () => {
  it.each<{ fields: KeyField[]; text: string }>([
    {
      fields: [
        ['model', 'gpt-4'],
        ['region', 'us-west-2'],
      ],
      text: 'model=gpt-4::region=us-west-2',
    },
    { fields: [['model', null]], text: 'model=%00' },
    { fields: [['model', '\0']], text: 'model=\0' },
    { fields: [['model', '%00']], text: 'model=%2500' },
    { fields: [['model', '']], text: 'model=' },
    { fields: [['', '']], text: '=' },
    { fields: [['a=b', 'c::d']], text: 'a%3Db=c%3A%3Ad' },
    { fields: [['url', 'http://x/?y=100%']], text: 'url=http%3A//x/?y%3D100%25' },
    { fields: [['__proto__', 'constructor']], text: '__proto__=constructor' },
  ])('of $fields is $text, and reads back', ({ fields, text }) => {
    expect(GroupingKey.fromFields(fields).toString()).toBe(text);
    expect(GroupingKey.parse(text).fields).toEqual(fields);
  });

  it('reads back as the same fields, whatever they are', () => {
    fc.assert(
      fc.property(someFields, (fields) => {
        const key = GroupingKey.parse(GroupingKey.fromFields(fields).toString());
        expect(key.fields).toEqual(fields);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    '',
    'model',
    '=a=b',
    'a=b:',
    'a=b::',
    '::a=b',
    'a=b:::c=d',
    'a=100%',
    'a=%41',
    'a=%3d',
    'a=%00b',
    '%00=a',
    'a=b::a=c',
  ])('is not %j', (text) => {
    expect(() => GroupingKey.parse(text)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });
});

describe('a grouping key', () => {
  const key = GroupingKey.fromFields([
    ['region', null],
    ['__proto__', 'x'],
    ['model', 'a'],
  ]);

  it('has its fields as JSON in their order, with names that objects are born with', () => {
    expect(JSON.stringify(key)).toBe('{"region":null,"__proto__":"x","model":"a"}');
    expect(JSON.stringify({ key })).toBe('{"key":{"region":null,"__proto__":"x","model":"a"}}');
  });

  it.each([
    ['model', 'a'],
    ['region', null],
    ['__proto__', 'x'],
    ['constructor', undefined],
    ['toString', undefined],
  ])('gives the field %s as %j', (name, value) => {
    expect(key.get(name)).toBe(value);
  });

  it('does not change with the array it was made of', () => {
    const field: [string, string | null] = ['model', 'a'];
    const made = GroupingKey.fromFields([field]);
    field[1] = 'b';
    expect(made.get('model')).toBe('a');
  });

  it.each([
    ['no fields', []],
    [
      'a name given twice',
      [
        ['a', 'x'],
        ['a', 'y'],
      ],
    ],
    ['a number', [['a', 1]]],
    ['an absent value', [['a', undefined]]],
    ['a name that is no text', [[1, 'a']]],
    ['a symbol for a name', [[Symbol('a'), 'a']]],
  ])('cannot be made of %s', (_what, fields) => {
    expect(() => GroupingKey.fromFields(fields as unknown as KeyField[])).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
  });
});
