import { expect, it } from 'vitest';
import { messageOf } from './message-of.ts';

it.each([
  [new RangeError('too far'), 'too far'],
  ['plain text', 'plain text'],
  [undefined, 'undefined'],
  [null, 'null'],
  [404, '404'],
])('the message of %o is "%s"', (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});
