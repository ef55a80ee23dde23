import { expect, it } from 'vitest';
import { stableSlots } from './stable-slots.ts';

it.each([
  [[], ['a', 'b'], ['a', 'b']],
  [
    ['a', 'b'],
    ['b', 'a'],
    ['a', 'b'],
  ],
  [
    ['a', 'b', 'c'],
    ['d', 'c', 'a'],
    ['a', 'd', 'c'],
  ],
  [['a', 'b', 'c'], ['c'], ['c']],
  [['a'], [], []],
  [['a'], ['x', 'y'], ['x', 'y']],
])('places %j keep theirs where %j are wanted: %j', (before, wanted, after) => {
  expect(stableSlots(before, wanted)).toEqual(after);
});
