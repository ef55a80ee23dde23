import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, MAX_DURATION, parseDuration, type Duration } from './duration.ts';

describe('parseDuration', () => {
  it.each<[Duration, number]>([
    [0, 0],
    [300_000, 300_000],
    ['100ms', 100],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1h30m', 5_400_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['1.5s', 1500],
    ['1.001s', 1001],
    ['0.1s', 100],
    ['1.0ms', 1],
    ['100.001d', 8_640_086_400],
    ['0s', 0],
    [' 5m ', 300_000],
    [MAX_DURATION, MAX_DURATION],
    ['100000000000000ms', MAX_DURATION],
  ])('reads %j as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each<[Duration]>([
    [''],
    [' '],
    ['5'],
    ['m'],
    ['5 m'],
    ['1h 30m'],
    ['-5m'],
    ['+5m'],
    ['.5s'],
    ['5.s'],
    ['1e3ms'],
    ['5M'],
    ['5min'],
    ['5mm'],
    ['1h30'],
    ['0.3ms'],
    ['1.0005s'],
    ['1.0000000001s'],
    ['Infinity'],
    ['٥m'],
    ['__proto__'],
    ['1constructor'],
    ['100000000000001ms'],
    ['99999999999999999999d'],
    [-1],
    [0.5],
    [Number.NaN],
    [Infinity],
    [MAX_DURATION + 1],
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  });

  it('says what is wrong, and where', () => {
    expect(() => parseDuration('5 minutes', 'window size')).toThrow(/^window size: "5 minutes" is not a duration/);
    expect(() => parseDuration(Number.NaN)).toThrow(/^duration: NaN is not a duration/);
  });

  it.each([null, undefined, {}, 5n, ['5m']])('refuses what is neither text nor a number: %s', (value) => {
    expect(() => parseDuration(value as Duration)).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  });

  it('never gives −0', () => {
    expect(parseDuration(-0)).toBe(0);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [1, '1ms'],
    [300_000, '5m'],
    [5_400_000, '1h30m'],
    [90_061_001, '1d1h1m1s1ms'],
    [1500, '1s500ms'],
  ])('writes %d as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('is read back as what it was', () => {
    const aDuration = fc.oneof(
      fc.nat(),
      fc.maxSafeNat().filter((ms) => ms <= MAX_DURATION),
      fc.constant(MAX_DURATION),
    );
    fc.assert(
      fc.property(aDuration, (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});
