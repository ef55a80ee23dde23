import { expect, it } from 'vitest';
import { quoteIdentifier } from './identifier.ts';

it.each([
  ['results', '"results"'],
  ['Results', '"Results"'],
  ['a"b', '"a""b"'],
  ['"; DROP TABLE x; --', '"""; DROP TABLE x; --"'],
  ['\\', '"\\"'],
  ['ü'.repeat(31), `"${'ü'.repeat(31)}"`],
])('the name %s is written %s', (name, quoted) => {
  expect(quoteIdentifier(name)).toBe(quoted);
});

it.each([
  ['', /is empty/],
  ['a\0b', /NUL/],
  ['a\ud800', /half a character/],
  ['ü'.repeat(32), /has 64 bytes, and Postgres takes 63/],
])('the name %j is refused', (name, message) => {
  expect(() => quoteIdentifier(name, 'table')).toThrow(message);
});
