import { describe, expect, it } from 'vitest';
import { Window } from '../event/window.ts';
import { Watermark } from '../time/watermark.ts';
import { CountTrigger } from './count-trigger.ts';
import { EventTimeTrigger } from './event-time-trigger.ts';
import { ProcessingTimeTrigger } from './processing-time-trigger.ts';

const window = new Window(0, 10);

describe('EventTimeTrigger', () => {
  it.each([
    { at: -Infinity, fires: false },
    { at: 9, fires: false },
    { at: 10, fires: true },
    { at: Infinity, fires: true },
  ])('with the watermark at $at and the end at 10: $fires', ({ at, fires }) => {
    expect(new EventTimeTrigger().shouldFire(window, new Watermark(at))).toBe(fires);
  });
});

describe('ProcessingTimeTrigger', () => {
  it.each([
    { elapsed: 999, elements: 5, fires: false },
    { elapsed: 1000, elements: 1, fires: true },
    { elapsed: 1000, elements: 0, fires: false },
    { elapsed: 5000, elements: 2, fires: true },
    { elapsed: -1, elements: 1, fires: true },
    { elapsed: -1, elements: 0, fires: false },
  ])('of 1 s, $elapsed ms after the last firing, with $elements new: $fires', ({ elapsed, elements, fires }) => {
    const context = { now: 50_000 + elapsed, since: 50_000 };
    expect(new ProcessingTimeTrigger('1s').shouldFire(window, Watermark.MIN, elements, context)).toBe(fires);
  });

  it('refuses an interval of 0', () => {
    expect(() => new ProcessingTimeTrigger(0)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

describe('CountTrigger', () => {
  it.each([
    { elements: 2, fires: false },
    { elements: 3, fires: true },
    { elements: 4, fires: true },
  ])('of 3 with $elements since the last firing: $fires', ({ elements, fires }) => {
    expect(new CountTrigger(3).shouldFire(window, Watermark.MIN, elements)).toBe(fires);
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity])('refuses a count of %d', (count) => {
    expect(() => new CountTrigger(count)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
