import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberBytes } from './member-bytes.ts';

function memberText(json: string): string | undefined {
  const bytes = memberBytes(Buffer.from(json), 'data');
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

describe('the bytes of a member of a JSON object', () => {
  it('are those of its value, for any JSON around it', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
    fc.assert(
      fc.property(object, fc.jsonValue(), fc.constantFrom(0, 1, '\t'), (others, value, space) => {
        const json = JSON.stringify({ ...others, data: value }, null, space);
        expect(JSON.parse(memberText(json) ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([
    ['numbers that no double holds', '{"data":1e309,"x":2}', '1e309'],
    ['a name with escapes', '{"d\\u0061ta" : true}', 'true'],
    ['a name that is there twice', '{"data":1,"data":2}', '2'],
    ['a name further in', '{"a":{"data":1}}', undefined],
    ['an empty object', ' { } ', undefined],
  ])('are found with %s', (_, json, expected) => {
    expect(memberText(json)).toBe(expected);
  });
});
