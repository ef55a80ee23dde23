import { describe, expect, it } from 'vitest';
import { OPERATIONS, type OperationName } from './operations.ts';
import { readQuery } from './query.ts';

function messageOf(name: OperationName, query: string): string | null {
  const read = readQuery(OPERATIONS[name].query, new URLSearchParams(query));
  return read.ok ? null : read.message;
}

describe('a query', () => {
  it.each<[OperationName, string, string]>([
    ['keys', 'limit=1e3', 'limit takes a whole number from 1 to 500, found "1e3"'],
    ['keys', 'limit=0', 'limit takes a whole number from 1 to 500, found "0"'],
    ['keys', 'limit=', 'limit takes a whole number from 1 to 500, found ""'],
    ['keys', 'limit=0x10', 'limit takes a whole number from 1 to 500, found "0x10"'],
    ['keys', 'limit=%201', 'limit takes a whole number from 1 to 500, found " 1"'],
    ['keys', 'limit=99999999999999999999', 'limit takes a whole number from 1 to 500, found "99999999999999999999"'],
    ['keys', 'limit=1&limit=2', 'limit takes a whole number from 1 to 500, found 2 of them'],
    ['keys', 'sort=__proto__', 'sort takes one of volume, key, value, updated, found "__proto__"'],
    ['windows', 'window=a&window=b', 'window takes text, once, found 2 of them'],
    ['windows', `search=${'a'.repeat(201)}`, `search takes text of 200 characters at most, found "${'a'.repeat(40)}…"`],
    [
      'results',
      'from=NaN',
      'from takes ISO 8601 with its zone such as 2026-01-31T10:00:00Z, or milliseconds since 1970, found "NaN"',
    ],
    ['series', 'key=a', 'value takes one value or more, 20 at most, found none'],
    ['series', `value=v${'&key=a'.repeat(21)}`, 'key takes one value or more, 20 at most, found 21 of them'],
    ['epochs', 'offset=1', 'there is no parameter "offset"; there is limit'],
    ['status', '__proto__=1', 'there is no parameter "__proto__"; there are none here'],
    [
      'explanation',
      'limit=x&offset=y',
      'limit takes a whole number from 1 to 1000, found "x"; offset takes a whole number from 0 to 1000000, found "y"',
    ],
  ])('of %s %s is refused, with what is taken and what was found', (name, query, message) => {
    expect(messageOf(name, query)).toBe(message);
  });

  it.each<[OperationName, string]>([
    ['keys', ''],
    ['keys', 'limit=500&offset=1000000&points=0&sort=key&order=asc'],
    ['results', 'from=-1000&to=2026-01-31T10:00:00%2B02:00'],
    ['series', 'key=&value=count&limit=5000'],
  ])('of %s %s is understood', (name, query) => expect(messageOf(name, query)).toBeNull());
});
