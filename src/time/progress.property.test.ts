import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedOutOfOrdernessWatermark } from './bounded-out-of-orderness-watermark.ts';
import { PeriodicWatermarkGenerator } from './periodic-watermark-generator.ts';
import { ProgressTracker } from './progress.ts';
import type { WatermarkGenerator } from './watermark.ts';

type Step =
  | { readonly do: 'observe'; readonly partition: number; readonly timestamps: readonly number[] }
  | { readonly do: 'caughtUp'; readonly partition: number; readonly value: boolean }
  | { readonly do: 'finish'; readonly partition: number }
  | { readonly do: 'tick' }
  | { readonly do: 'add' }
  | { readonly do: 'restart' };

const aPartition = fc.nat({ max: 3 });
const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('observe' as const),
      partition: aPartition,
      timestamps: fc.array(fc.integer({ min: -50, max: 200 }), { maxLength: 4 }),
    }),
  },
  fc.record({ do: fc.constant('caughtUp' as const), partition: aPartition, value: fc.boolean() }),
  fc.record({ do: fc.constant('finish' as const), partition: aPartition }),
  fc.record({ do: fc.constant('tick' as const) }),
  fc.record({ do: fc.constant('add' as const) }),
  fc.record({ do: fc.constant('restart' as const) }),
);

function trackerOf(model: WatermarkGenerator, ids: readonly string[], now: number): ProgressTracker {
  const tracker = new ProgressTracker(model, { idleTimeoutMs: 1000 });
  for (const id of ids) tracker.add(id, now);
  return tracker;
}

/** Does a step on a tracker; returns the tracker to go on with. */
function take(tracker: ProgressTracker, model: WatermarkGenerator, step: Step, now: number): ProgressTracker {
  const ids = tracker.states().map(({ id }) => id);
  switch (step.do) {
    case 'tick':
      tracker.tick(now);
      return tracker;
    case 'add':
      tracker.add(`p${String(ids.length)}`, now);
      return tracker;
    case 'restart': {
      const restarted = trackerOf(model, [], now);
      restarted.restore(JSON.parse(JSON.stringify(tracker.snapshot())));
      for (const id of ids) restarted.add(id, now);
      return restarted;
    }
    case 'observe': {
      const { partition, timestamps } = step;
      const before = new Float64Array(timestamps.length);
      if (partition < ids.length) {
        tracker.observe(partition, Float64Array.from(timestamps), timestamps.length, before, now);
      }
      return tracker;
    }
    case 'finish':
      if (step.partition < ids.length) tracker.finish(step.partition);
      return tracker;
    case 'caughtUp':
      if (step.partition < ids.length) tracker.setCaughtUp(step.partition, step.value);
      return tracker;
  }
}

/** A generator written by a user: no bulk method, and it falls when events do. */
const falling: WatermarkGenerator = {
  forPartition: () => falling,
  onEvent: (timestamp) => timestamp,
  onTick: () => -Infinity,
  snapshot: () => null,
  restore: () => undefined,
};

describe('whatever happens, in any order', () => {
  it.each([
    ['bounded', new BoundedOutOfOrdernessWatermark(10)],
    ['periodic', new PeriodicWatermarkGenerator(700, new BoundedOutOfOrdernessWatermark(10))],
    ['falling', falling],
  ])('W never falls, and never passes an active partition that it had not passed: %s', (_name, model) => {
    // The clock moves either way.
    const steps = fc.array(fc.tuple(aStep, fc.integer({ min: -300, max: 900 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (taken) => {
        let now = 0;
        let tracker = trackerOf(model, ['p0', 'p1'], now);
        let last = tracker.watermark();
        for (const [step, elapsed] of taken) {
          now += elapsed;
          tracker = take(tracker, model, step, now);
          const held = tracker.states().filter(({ state, watermark }) => state === 'active' && watermark >= last);
          const watermark = tracker.watermark();
          expect(watermark).toBeGreaterThanOrEqual(last);
          for (const partition of held) expect(watermark).toBeLessThanOrEqual(partition.watermark);
          last = watermark;
        }
      }),
      { numRuns: 300 },
    );
  });
});
