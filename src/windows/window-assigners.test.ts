import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { MAX_DURATION } from '../time/duration.ts';
import { MAX_INSTANT } from '../time/instant.ts';
import { SessionWindowAssigner } from './session-window-assigner.ts';
import { SlidingWindowAssigner } from './sliding-window-assigner.ts';
import { TumblingWindowAssigner } from './tumbling-window-assigner.ts';
import type { WindowAssigner } from './window-assigner.ts';

function spansOf(assigner: WindowAssigner, at: number): (readonly [number, number])[] {
  return assigner.assign(at).map(({ start, end }) => [start, end]);
}

function codeOf(make: () => unknown): string | undefined {
  try {
    make();
  } catch (error) {
    return ProcessorError.is(error) ? error.code : String(error);
  }
  return undefined;
}

const aTime = fc.integer({ min: -200, max: 200 });
const aLength = fc.integer({ min: 1, max: 25 });
const anOffset = fc.integer({ min: -40, max: 40 });

describe('tumbling windows', () => {
  it.each([
    { at: 0, offset: 0, start: 0 },
    { at: 9, offset: 0, start: 0 },
    { at: 10, offset: 0, start: 10 },
    { at: -1, offset: 0, start: -10 },
    { at: -10, offset: 0, start: -10 },
    { at: -11, offset: 0, start: -20 },
    { at: 2, offset: 3, start: -7 },
    { at: 3, offset: 3, start: 3 },
    { at: 6, offset: -3, start: -3 },
    { at: 7, offset: -3, start: 7 },
    { at: 3, offset: 23, start: 3 },
  ])('put $at into [$start, $start + 10) with the offset $offset', ({ at, offset, start }) => {
    expect(spansOf(new TumblingWindowAssigner(10, { offset }), at)).toEqual([[start, start + 10]]);
  });

  it('cover time: every event is in exactly one window, and the next window begins where it ends', () => {
    fc.assert(
      fc.property(aTime, aLength, anOffset, (at, size, offset) => {
        const assigner = new TumblingWindowAssigner(size, { offset });
        const spans = spansOf(assigner, at);
        expect(spans).toHaveLength(1);
        const [start, end] = spans[0] ?? [Number.NaN, Number.NaN];
        expect(start <= at && at < end && end - start === size).toBe(true);
        expect(spansOf(assigner, start)).toEqual(spans);
        expect(spansOf(assigner, end - 1)).toEqual(spans);
        expect(spansOf(assigner, end)).toEqual([[end, end + size]]);
      }),
    );
  });

  it('hold the very first and the very last instant', () => {
    const assigner = new TumblingWindowAssigner(MAX_DURATION);
    for (const at of [-MAX_INSTANT, MAX_INSTANT]) {
      const { start, end } = assigner.assign(at)[0] ?? { start: Number.NaN, end: Number.NaN };
      expect(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start <= at && at < end).toBe(true);
    }
  });
});

describe('sliding windows', () => {
  it.each([
    { size: 10, slide: 5, at: 0, starts: [-5, 0] },
    { size: 10, slide: 3, at: 10, starts: [3, 6, 9] },
    { size: 10, slide: 10, at: -1, starts: [-10] },
    { size: 3, slide: 10, at: 2, starts: [0] },
    { size: 3, slide: 10, at: 3, starts: [] },
    { size: 3, slide: 10, at: 9, starts: [] },
    { size: 3, slide: 10, at: -8, starts: [-10] },
    { size: 3, slide: 10, at: -7, starts: [] },
  ])('of $size by $slide that hold $at start at $starts', ({ size, slide, at, starts }) => {
    expect(spansOf(new SlidingWindowAssigner(size, slide), at)).toEqual(starts.map((start) => [start, start + size]));
  });

  it('hold an event exactly where trying every start says so, earliest first', () => {
    fc.assert(
      fc.property(aTime, aLength, aLength, anOffset, (at, size, slide, offset) => {
        const expected: [number, number][] = [];
        for (let start = at - size + 1; start <= at; start++) {
          if ((start - offset) % slide === 0) expected.push([start + 0, start + size]);
        }
        expect(spansOf(new SlidingWindowAssigner(size, slide, { offset }), at)).toEqual(expected);
      }),
    );
  });
});

describe('session windows', () => {
  it.each([0, 9, 10, -1, -10])('open [t, t + gap) for an event at %i alone', (at) => {
    expect(spansOf(new SessionWindowAssigner(10), at)).toEqual([[at, at + 10]]);
  });
});

describe('window assigners', () => {
  const tumbling = new TumblingWindowAssigner('5m', { offset: -90_000, allowedLateness: '1m' });
  const sliding = new SlidingWindowAssigner('10m', '1m', { offset: '30s', allowedLateness: 0 });
  const session = new SessionWindowAssigner('5m', { allowedLateness: '1m' });

  it('take durations as text and show them in milliseconds', () => {
    expect(tumbling).toMatchObject({ sizeMs: 300_000, offsetMs: -90_000, allowedLateness: 60_000 });
    expect(sliding).toMatchObject({ sizeMs: 600_000, slideMs: 60_000, offsetMs: 30_000, allowedLateness: 0 });
    expect(session).toMatchObject({ gapMs: 300_000, allowedLateness: 60_000 });
  });

  it('leave lateness unset where none was given', () => {
    const unset = [new TumblingWindowAssigner(1), new SlidingWindowAssigner(1, 1), new SessionWindowAssigner(1)];
    expect(unset.map((assigner) => assigner.allowedLateness)).toEqual([undefined, undefined, undefined]);
    expect(new TumblingWindowAssigner(1).withOffset(1).allowedLateness).toBeUndefined();
  });

  it('give a changed copy and stay as they were', () => {
    expect(tumbling.withOffset('1m')).toEqual(
      new TumblingWindowAssigner('5m', { offset: '1m', allowedLateness: '1m' }),
    );
    expect(tumbling.withAllowedLateness('2m')).toEqual(
      new TumblingWindowAssigner('5m', { offset: -90_000, allowedLateness: '2m' }),
    );
    expect(sliding.withOffset(-1)).toEqual(new SlidingWindowAssigner('10m', '1m', { offset: -1, allowedLateness: 0 }));
    expect(sliding.withAllowedLateness('2m')).toEqual(
      new SlidingWindowAssigner('10m', '1m', { offset: '30s', allowedLateness: '2m' }),
    );
    expect(session.withAllowedLateness(0)).toEqual(new SessionWindowAssigner('5m', { allowedLateness: 0 }));
    expect(tumbling.offsetMs).toBe(-90_000);
  });

  it('describe which windows there are, lateness aside', () => {
    expect(tumbling.describe()).toBe('tumbling(size=5m, offset=-1m30s)');
    expect(sliding.describe()).toBe('sliding(size=10m, slide=1m, offset=30s)');
    expect(session.describe()).toBe('session(gap=5m)');
    expect(new TumblingWindowAssigner(300_000, { offset: -0 }).describe()).toBe('tumbling(size=5m)');
  });

  it.each([
    ['a size of 0', () => new TumblingWindowAssigner(0), 'WINDOW_INVALID'],
    ['a slide of 0', () => new SlidingWindowAssigner(10, '0s'), 'WINDOW_INVALID'],
    ['a gap of 0', () => new SessionWindowAssigner(0), 'WINDOW_INVALID'],
    ['a negative size', () => new TumblingWindowAssigner(-1), 'DURATION_INVALID'],
    ['a size beyond the range', () => new TumblingWindowAssigner(MAX_DURATION + 1), 'DURATION_INVALID'],
    ['a fraction of a millisecond', () => new SlidingWindowAssigner(10, 0.5), 'DURATION_INVALID'],
    ['a negative lateness', () => session.withAllowedLateness(-1), 'DURATION_INVALID'],
    ['an offset as negative text', () => tumbling.withOffset('-1m'), 'DURATION_INVALID'],
    ['an offset beyond the range', () => tumbling.withOffset(-MAX_DURATION - 1), 'WINDOW_INVALID'],
    ['an offset that is no number', () => sliding.withOffset(Number.NaN), 'WINDOW_INVALID'],
    ['an instant that is none', () => tumbling.assign(Number.NaN), 'TIMESTAMP_INVALID'],
    ['an instant beyond the calendar', () => sliding.assign(MAX_INSTANT + 1), 'TIMESTAMP_INVALID'],
    ['half a millisecond', () => session.assign(0.5), 'TIMESTAMP_INVALID'],
  ])('refuse %s', (_what, make, code) => {
    expect(codeOf(make)).toBe(code);
  });
});
