import { describe, expect, it } from 'vitest';
import { MAX_INSTANT } from '../time/instant.ts';
import { GroupingKey } from './grouping-key.ts';
import { Window } from './window.ts';

describe('Window', () => {
  it.each([
    { at: -11, inside: false },
    { at: -10, inside: true },
    { at: -1, inside: true },
    { at: 0, inside: false },
  ])('[-10, 0) contains $at: $inside', ({ at, inside }) => {
    expect(new Window(-10, 0).contains(at)).toBe(inside);
  });

  it.each([
    [10, 10],
    [10, 9],
    [Number.NaN, 10],
    [0, Number.NaN],
  ])('cannot be [%d, %d)', (start, end) => {
    expect(() => new Window(start, end)).toThrow(
      expect.objectContaining({ kind: 'window-assignment', code: 'WINDOW_INVALID' }),
    );
  });

  it('as JSON has its instants as text and its key as text or null', () => {
    const key = GroupingKey.fromFields([['model', 'gpt-4']]);
    expect(JSON.stringify(new Window(0, 60_000, key))).toBe(
      '{"start":"1970-01-01T00:00:00.000Z","end":"1970-01-01T00:01:00.000Z","key":"model=gpt-4"}',
    );
    expect(new Window(0, 60_000).toJSON().key).toBeNull();
  });

  it('around the last instant can be written although no calendar holds its end', () => {
    expect(new Window(MAX_INSTANT, MAX_INSTANT + 10).toJSON().end).toBe('8640000000000010');
  });
});
