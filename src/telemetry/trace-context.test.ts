import { describe, expect, it } from 'vitest';
import { isSampled, parseTraceContext } from './trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('a trace context', () => {
  it.each([
    [`00-${TRACE}-${SPAN}-01`, 1],
    [` 00-${TRACE}-${SPAN}-00 `, 0],
    [`cc-${TRACE}-${SPAN}-ff-what-the-future-has`, 255],
    [`cc-${TRACE}-${SPAN}-01`, 1],
  ])('%s is read', (traceparent, traceFlags) => {
    expect(parseTraceContext(traceparent)).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags });
  });

  it.each([
    undefined,
    '',
    'x',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
  ])('%s is none', (traceparent) => {
    expect(parseTraceContext(traceparent)).toBeUndefined();
  });

  it('has with it what tracing systems add, within bounds', () => {
    const of = (state: string) => parseTraceContext(`00-${TRACE}-${SPAN}-01`, state)?.traceState;
    expect(of('a=1,b=2')).toBe('a=1,b=2');
    expect(of('')).toBeUndefined();
    expect(of('x'.repeat(513))).toBeUndefined();
  });

  it.each([
    [0, false],
    [1, true],
    [2, false],
    [255, true],
  ])('with the flags %d is sampled or not', (traceFlags, expected) => {
    expect(isSampled({ traceId: TRACE, spanId: SPAN, traceFlags })).toBe(expected);
  });
});
