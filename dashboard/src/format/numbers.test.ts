import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatExact,
  formatRate,
  formatSeconds,
  formatShare,
  formatTick,
  formatValue,
  unitOf,
} from './numbers.ts';

describe('the unit of a number', () => {
  it.each([
    ['latency_ms', 'p95', 'ms'],
    ['latency_ms', 'count', 'count'],
    ['duration_seconds', 'average', 's'],
    ['wait-s', 'max', 's'],
    ['cost_usd', 'sum', 'usd'],
    ['payload_bytes', 'p50', 'bytes'],
    ['cpu_percent', 'max', 'percent'],
    ['tokens', 'average', 'plain'],
    ['items', 'average', 'plain'],
    ['class', 'average', 'plain'],
    [null, 'average', 'plain'],
  ] as const)('of %s is, for its %s, %s', (metric, aggregate, unit) => {
    expect(unitOf(metric, aggregate)).toBe(unit);
  });
});

describe('numbers', () => {
  it.each([
    [null, 'ms', '–'],
    [0, 'ms', '0 ms'],
    [812.44, 'ms', '812 ms'],
    [1130, 'ms', '1.13 s'],
    [11_000, 'ms', '11.0 s'],
    [125_000, 'ms', '2 m 05 s'],
    [12_000_000, 'ms', '3 h 20 m'],
    [400_000_000, 'ms', '4 d 15 h'],
    [-5, 'ms', '-5 ms'],
    [0.5, 's', '500 ms'],
    [0.006378, 'usd', '$0.00638'],
    [-2, 'usd', '−$2'],
    [1234.5, 'plain', '1,235'],
    [12_345_678, 'plain', '12.3M'],
    [1e-9, 'plain', '0.000000001'],
    [12_345, 'count', '12,345'],
    [98_765_432, 'count', '98.8M'],
    [1_234_567, 'bytes', '1.23 MB'],
    [99.5, 'percent', '99.5 %'],
  ] as const)('%d %s is written %s', (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });

  it.each([
    [formatRate(null), '–'],
    [formatRate(0), '0 /s'],
    [formatRate(0.01), '< 0.1 /s'],
    [formatRate(1.62), '1.6 /s'],
    [formatRate(331.4), '331 /s'],
    [formatRate(1_234_567), '1.23M /s'],
    [formatSeconds(2.06), '2.1 s'],
    [formatSeconds(59.7), '1 m 00 s'],
    [formatShare(0, 0), '0 %'],
    [formatShare(1, 1e6), '< 0.01 %'],
    [formatShare(39, 10_000), '0.39 %'],
    [formatTick(0, 'ms'), '0'],
    [formatTick(5000, 'ms'), '5 s'],
    [formatTick(2.5, 's'), '2.5 s'],
    [formatBytes(999), '999 B'],
    [formatBytes(999.6), '1 kB'],
    [formatCount(10_000), '10,000'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
  });
});

it('a number that has to be found again has all of its digits, others not', () => {
  expect(formatExact(26_214_400)).toBe('26,214,400');
  expect(formatCount(26_214_400)).toBe('26.2M');
});
