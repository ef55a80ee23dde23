import { describe, expect, it } from 'vitest';
import { formatInstant, isInstant, MAX_INSTANT, toInstant } from './instant.ts';

describe('an instant', () => {
  it.each([0, 1, -1, 1_700_158_500_000, MAX_INSTANT, -MAX_INSTANT])('%d is one', (at) => {
    expect(isInstant(at)).toBe(true);
    expect(toInstant(at)).toBe(at);
    expect(toInstant(new Date(at))).toBe(at);
  });

  it.each([0.5, MAX_INSTANT + 1, -MAX_INSTANT - 1, Number.NaN, Infinity, -Infinity])('%d is none', (at) => {
    expect(isInstant(at)).toBe(false);
    expect(() => toInstant(at)).toThrow(expect.objectContaining({ code: 'TIMESTAMP_INVALID' }));
  });

  it('is not made of an invalid date', () => {
    expect(() => toInstant(new Date('never'))).toThrow(expect.objectContaining({ code: 'TIMESTAMP_INVALID' }));
  });

  it('is never −0', () => {
    expect(toInstant(-0)).toBe(0);
  });
});

describe('formatInstant', () => {
  it.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [-1, '1969-12-31T23:59:59.999Z'],
    [1_700_158_500_000, '2023-11-16T18:15:00.000Z'],
    [MAX_INSTANT, '+275760-09-13T00:00:00.000Z'],
    [MAX_INSTANT + 1, '8640000000000001'],
    [Infinity, '+infinity'],
    [-Infinity, '-infinity'],
  ])('writes %d as %s', (at, text) => {
    expect(formatInstant(at)).toBe(text);
  });
});
