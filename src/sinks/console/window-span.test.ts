import { describe, expect, it } from 'vitest';
import { formatDay, formatDays, formatSpan } from './window-span.ts';

const AT = Date.parse('2023-11-16T18:15:00Z');

describe('the times of a window', () => {
  it.each([
    [AT, AT + 5000, '18:15:00 – 18:15:05', '2023-11-16'],
    [AT, AT + 250, '18:15:00.000 – 18:15:00.250', '2023-11-16'],
    [AT + 1, AT + 300_001, '18:15:00 – 18:20:00', '2023-11-16'],
    [Date.parse('2023-11-16T23:55:00Z'), Date.parse('2023-11-17T00:00:00Z'), '23:55:00 – 00:00:00', '2023-11-16'],
    [
      Date.parse('2023-11-16T23:55:00Z'),
      Date.parse('2023-11-17T00:05:00Z'),
      '23:55:00 – 00:05:00',
      '2023-11-16 to 2023-11-17',
    ],
    [-1, 0, '23:59:59.999 – 00:00:00.000', '1969-12-31'],
    [8.64e15, 8.64e15 + 1000, '00:00:00 – 8640000000001000', '+275760-09-13 to 8640000000000999'],
  ])('from %i to %i are %s of %s', (start, end, span, days) => {
    expect(formatSpan(start, end)).toBe(span);
    expect(formatDays(start, end)).toBe(days);
  });

  it('begin on a day in UTC', () => {
    expect(formatDay(AT)).toBe('2023-11-16');
  });
});
