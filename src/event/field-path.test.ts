import { describe, expect, it } from 'vitest';
import { nameOfPath, parseFieldPath, valueAt, type FieldPath, type PathStep } from './field-path.ts';

describe('parseFieldPath', () => {
  it.each<{ path: FieldPath; steps: PathStep[] }>([
    { path: 'timestamp', steps: ['timestamp'] },
    { path: 'a.b.c', steps: ['a', 'b', 'c'] },
    { path: 'a.b[0].c', steps: ['a', 'b', 0, 'c'] },
    { path: '[0][12]', steps: [0, 12] },
    { path: '[0].a', steps: [0, 'a'] },
    { path: 'a.0', steps: ['a', '0'] },
    { path: 'with space.ümläut-1', steps: ['with space', 'ümläut-1'] },
    { path: '__proto__.constructor', steps: ['__proto__', 'constructor'] },
    { path: ['a', 'b.c', 0], steps: ['a', 'b.c', 0] },
    { path: ['', '[x]'], steps: ['', '[x]'] },
  ])('reads $path as $steps', ({ path, steps }) => {
    expect(parseFieldPath(path)).toEqual(steps);
  });

  it.each<[FieldPath]>([
    [''],
    [[]],
    ['.'],
    ['.a'],
    ['a.'],
    ['a..b'],
    ['a[]'],
    ['a[-1]'],
    ['a[x]'],
    ['a[0'],
    ['a]0['],
    ['a[0]b'],
    ['a.[0]'],
    [['a', -1]],
    [['a', 1.5]],
    [['a', Number.NaN]],
  ])('refuses %j', (path) => {
    expect(() => parseFieldPath(path)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('gives steps that do not change with the array given', () => {
    const given = ['a', 'b'];
    const steps = parseFieldPath(given);
    given[0] = 'x';
    expect(steps).toEqual(['a', 'b']);
  });
});

describe('nameOfPath', () => {
  it.each<[FieldPath, string]>([
    ['a.b[0].c', 'a.b[0].c'],
    [['a', 'b.c', 0], 'a.b.c.0'],
  ])('of %j is %s', (path, name) => {
    expect(nameOfPath(path)).toBe(name);
  });
});

describe('valueAt', () => {
  const event: unknown = JSON.parse('{"a":{"b":[{"c":1},null]},"n":null,"s":"text","__proto__":{"x":2},"0":"zero"}');

  it.each<{ path: FieldPath; value: unknown }>([
    { path: 'a.b[0].c', value: 1 },
    { path: 'a.b[1]', value: null },
    { path: 'n', value: null },
    { path: '__proto__.x', value: 2 },
    { path: '0', value: 'zero' },
    { path: 'missing', value: undefined },
    { path: 'a.missing.c', value: undefined },
    { path: 'n.x', value: undefined },
    { path: 'a.b[2]', value: undefined },
    { path: 'a.b[1].c', value: undefined },
    { path: 'constructor', value: undefined },
    { path: 'a.toString', value: undefined },
    { path: 's.length', value: undefined },
    { path: 's[0]', value: undefined },
    { path: 'a.b.length', value: undefined },
    { path: 'a.b.0', value: undefined },
    { path: '[0]', value: undefined },
    { path: 'a[0]', value: undefined },
  ])('$path is $value', ({ path, value }) => {
    expect(valueAt(event, parseFieldPath(path))).toBe(value);
  });

  it.each([null, undefined, 5, 'text'])('of %j is nothing', (value) => {
    expect(valueAt(value, ['a'])).toBeUndefined();
  });
});
