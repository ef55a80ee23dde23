import fc from 'fast-check';
import { CountTrigger } from '../windows/count-trigger.ts';
import { SessionWindowAssigner } from '../windows/session-window-assigner.ts';
import { SlidingWindowAssigner } from '../windows/sliding-window-assigner.ts';
import { TumblingWindowAssigner } from '../windows/tumbling-window-assigner.ts';
import type { WindowTrigger } from '../windows/window-trigger.ts';
import type { BenchEvent } from './engine-bench.contract.ts';
import type { WindowDefinition } from './engine-options.ts';

/** Tumbling windows called `t`. */
export function tumbling(sizeMs: number, allowedLatenessMs = 0, trigger?: WindowTrigger): WindowDefinition {
  const base = { name: 't', assigner: new TumblingWindowAssigner(sizeMs), allowedLatenessMs };
  return trigger === undefined ? base : { ...base, trigger };
}

/** Sliding windows called `s`. */
export function sliding(
  sizeMs: number,
  slideMs: number,
  allowedLatenessMs = 0,
  trigger?: WindowTrigger,
): WindowDefinition {
  const base = { name: 's', assigner: new SlidingWindowAssigner(sizeMs, slideMs), allowedLatenessMs };
  return trigger === undefined ? base : { ...base, trigger };
}

/** Sessions called `g`. */
export function session(gapMs: number, allowedLatenessMs = 0, trigger?: WindowTrigger): WindowDefinition {
  const base = { name: 'g', assigner: new SessionWindowAssigner(gapMs), allowedLatenessMs };
  return trigger === undefined ? base : { ...base, trigger };
}

/** Events of one partition in disorder, in batches; each event has the watermark that those before it have made. */
export const batches = fc
  .array(
    fc.array(
      fc.record({
        step: fc.nat(8),
        behind: fc.nat(20),
        key: fc.constantFrom('a', 'b', '__proto__', 'c', '\u{1f600}', '\uffff'),
        value: fc.integer(),
      }),
      { maxLength: 8 },
    ),
    { maxLength: 12, size: 'max' },
  )
  .map((drawn) => {
    let [time, watermark] = [0, -Infinity];
    return drawn.map((batch) => {
      const events = batch.map(({ step, behind, key, value }): BenchEvent => {
        time += step;
        const event = { at: time - behind, key, value, watermark };
        watermark = Math.max(watermark, event.at - 3);
        return event;
      });
      return { events, watermark };
    });
  });

/** Allowed lateness in ms. */
export const lateness = fc.nat(12);
/** Any windows. */
export const definition = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 12 }), lateness).map(([size, late]) => tumbling(size, late)),
  fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), lateness).map((args) => sliding(...args)),
  fc.tuple(fc.integer({ min: 1, max: 9 }), lateness).map(([gap, late]) => session(gap, late)),
  fc.tuple(fc.integer({ min: 1, max: 9 }), lateness).map(([gap, late]) => session(gap, late, new CountTrigger(2))),
  fc.tuple(fc.integer({ min: 1, max: 12 }), lateness).map(([size, late]) => tumbling(size, late, new CountTrigger(3))),
);
