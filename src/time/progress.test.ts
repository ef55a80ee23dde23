import { describe, expect, it } from 'vitest';
import { BoundedOutOfOrdernessWatermark } from './bounded-out-of-orderness-watermark.ts';
import { PeriodicWatermarkGenerator } from './periodic-watermark-generator.ts';
import { ProgressTracker } from './progress.ts';
import type { WatermarkGenerator } from './watermark.ts';

const IDLE_MS = 1000;

function trackerOf(ids: readonly string[], model: WatermarkGenerator = new BoundedOutOfOrdernessWatermark(0)) {
  const tracker = new ProgressTracker(model, { idleTimeoutMs: IDLE_MS });
  for (const id of ids) tracker.add(id, 0);
  return tracker;
}

/** Hands events to a partition; returns the watermark each of them is judged by. */
function observe(tracker: ProgressTracker, index: number, timestamps: readonly number[], now = 0): number[] {
  const before = new Float64Array(timestamps.length);
  tracker.observe(index, Float64Array.from(timestamps), timestamps.length, before, now);
  return [...before];
}

function statesOf(tracker: ProgressTracker): string[] {
  return tracker.states().map(({ state }) => state);
}

/** A generator written by a user: no bulk method, and it may fall. */
function custom(onEvent: (timestamp: number) => number): WatermarkGenerator {
  return {
    forPartition: () => custom(onEvent),
    onEvent,
    onTick: () => -Infinity,
    snapshot: () => null,
    restore: () => undefined,
  };
}

describe('the watermark of a pipeline', () => {
  it('is −∞ without partitions, and before every partition has had an event', () => {
    expect(trackerOf([]).watermark()).toBe(-Infinity);
    const tracker = trackerOf(['p0', 'p1']);
    observe(tracker, 0, [100]);
    expect(tracker.watermark()).toBe(-Infinity);
  });

  it('goes on without an idle partition, and does not fall when that comes back behind it', () => {
    const tracker = trackerOf(['p0', 'p1']);
    observe(tracker, 0, [100]);
    observe(tracker, 1, [40]);
    expect(tracker.watermark()).toBe(40);

    tracker.setCaughtUp(1, true);
    observe(tracker, 0, [100], 500);
    tracker.tick(1000);
    expect(statesOf(tracker)).toEqual(['active', 'idle']);
    expect(tracker.watermark()).toBe(100);

    expect(observe(tracker, 1, [60, 50, 70], 1100)).toEqual([40, 60, 60]);
    expect(statesOf(tracker)).toEqual(['active', 'active']);
    expect(tracker.watermark()).toBe(100);

    // Behind W it does not hold W back; from W on it does.
    observe(tracker, 0, [120], 1200);
    expect(tracker.watermark()).toBe(120);
    observe(tracker, 1, [130], 1200);
    observe(tracker, 0, [200], 1200);
    expect(tracker.watermark()).toBe(130);
  });

  it('is held back at once by a partition that comes back ahead of it', () => {
    const tracker = trackerOf(['p0', 'p1']);
    observe(tracker, 0, [100]);
    observe(tracker, 1, [150]);
    tracker.setCaughtUp(1, true);
    tracker.tick(IDLE_MS);
    observe(tracker, 1, [151], 1100);
    observe(tracker, 0, [300], 1100);
    expect(tracker.watermark()).toBe(151);
  });

  it('does not wait for a partition that appears later until that has caught up', () => {
    const tracker = trackerOf(['p0']);
    observe(tracker, 0, [100]);
    expect(tracker.watermark()).toBe(100);
    const late = tracker.add('p1', 0);
    expect(observe(tracker, late, [10, 20])).toEqual([-Infinity, 10]);
    observe(tracker, 0, [110]);
    expect(tracker.watermark()).toBe(110);
    observe(tracker, late, [110]);
    observe(tracker, 0, [500]);
    expect(tracker.watermark()).toBe(110);
  });

  it('is the highest of the idle partitions when all are idle', () => {
    const tracker = trackerOf(['p0', 'p1', 'p2']);
    observe(tracker, 0, [100]);
    observe(tracker, 1, [40]);
    for (const index of [0, 1, 2]) tracker.setCaughtUp(index, true);
    tracker.tick(IDLE_MS);
    expect(statesOf(tracker)).toEqual(['idle', 'idle', 'idle']);
    expect(tracker.watermark()).toBe(100);
  });

  it('is that of the idle partitions when the others have finished, and +∞ when all have', () => {
    const tracker = trackerOf(['p0', 'p1']);
    observe(tracker, 0, [100]);
    observe(tracker, 1, [40]);
    tracker.finish(0);
    expect(tracker.watermark()).toBe(40);
    tracker.setCaughtUp(1, true);
    tracker.tick(IDLE_MS);
    expect(tracker.watermark()).toBe(40);
    tracker.finish(1);
    expect(statesOf(tracker)).toEqual(['finished', 'finished']);
    expect(tracker.watermark()).toBe(Infinity);
  });

  it('is what each event is judged by for its own partition: the watermark before the event', () => {
    const tracker = trackerOf(['p0'], new BoundedOutOfOrdernessWatermark(30));
    expect(observe(tracker, 0, [10, 70, 95])).toEqual([-Infinity, -20, 40]);
    expect(observe(tracker, 0, [20, 200])).toEqual([65, 65]);
    expect(observe(tracker, 0, [30])).toEqual([170]);
    expect(tracker.partitionWatermark(0)).toBe(170);
  });
});

describe('idleness', () => {
  it.each([
    { caughtUp: true, silentMs: 999, idle: false },
    { caughtUp: true, silentMs: 1000, idle: true },
    { caughtUp: false, silentMs: 100_000, idle: false },
  ])('after $silentMs ms of silence, caught up: $caughtUp → $idle', ({ caughtUp, silentMs, idle }) => {
    const tracker = trackerOf(['p0']);
    observe(tracker, 0, [1], 5000);
    tracker.setCaughtUp(0, caughtUp);
    tracker.tick(5000 + silentMs);
    expect(statesOf(tracker)).toEqual([idle ? 'idle' : 'active']);
  });

  it('is counted from when a partition was added, where it never had an event', () => {
    const tracker = new ProgressTracker(new BoundedOutOfOrdernessWatermark(0), { idleTimeoutMs: IDLE_MS });
    const index = tracker.add('p0', 7000);
    tracker.setCaughtUp(index, true);
    tracker.tick(7999);
    expect(statesOf(tracker)).toEqual(['active']);
    tracker.tick(8000);
    expect(statesOf(tracker)).toEqual(['idle']);
  });

  it('ends as soon as there is something left to read', () => {
    const tracker = trackerOf(['p0', 'p1']);
    observe(tracker, 0, [100]);
    observe(tracker, 1, [150]);
    tracker.setCaughtUp(1, true);
    tracker.tick(IDLE_MS);
    expect(statesOf(tracker)).toEqual(['active', 'idle']);
    tracker.setCaughtUp(1, false);
    expect(statesOf(tracker)).toEqual(['active', 'active']);
    observe(tracker, 0, [300]);
    expect(tracker.watermark()).toBe(150);
  });

  it('is counted anew after the clock was set back', () => {
    const tracker = trackerOf(['p0']);
    observe(tracker, 0, [1], 1_000_000);
    tracker.setCaughtUp(0, true);
    tracker.tick(5000);
    tracker.tick(5999);
    expect(statesOf(tracker)).toEqual(['active']);
    tracker.tick(6000);
    expect(statesOf(tracker)).toEqual(['idle']);
  });

  it('never comes with an infinite timeout', () => {
    const tracker = new ProgressTracker(new BoundedOutOfOrdernessWatermark(0), { idleTimeoutMs: Infinity });
    tracker.setCaughtUp(tracker.add('p0', 0), true);
    tracker.tick(Number.MAX_SAFE_INTEGER);
    expect(statesOf(tracker)).toEqual(['active']);
  });

  it('is not ended by a batch without events', () => {
    const tracker = trackerOf(['p0']);
    tracker.setCaughtUp(0, true);
    observe(tracker, 0, [], 999);
    tracker.tick(IDLE_MS);
    expect(statesOf(tracker)).toEqual(['idle']);
  });
});

describe('generators', () => {
  it('that fall do not let the watermark fall', () => {
    const tracker = trackerOf(
      ['p0'],
      custom((timestamp) => timestamp),
    );
    expect(observe(tracker, 0, [10, 5, 7, 20])).toEqual([-Infinity, 10, 10, 10]);
    expect(tracker.watermark()).toBe(20);
  });

  it('hand on by the clock without an event', () => {
    const periodic = new PeriodicWatermarkGenerator(100, new BoundedOutOfOrdernessWatermark(0));
    const tracker = trackerOf(['p0'], periodic);
    expect(observe(tracker, 0, [10, 20, 30], 1000)).toEqual([-Infinity, 10, 10]);
    expect(tracker.watermark()).toBe(10);
    tracker.tick(1099);
    expect(tracker.watermark()).toBe(10);
    tracker.tick(1100);
    expect(tracker.watermark()).toBe(30);
  });

  it.each([
    ['return NaN', () => Number.NaN],
    ['return half a millisecond', () => 0.5],
    [
      'throw',
      () => {
        throw new TypeError('broken');
      },
    ],
  ])('that %s are refused', (_what, onEvent) => {
    const tracker = trackerOf(['p0'], custom(onEvent));
    expect(() => observe(tracker, 0, [1])).toThrow(
      expect.objectContaining({ kind: 'watermark', code: 'WATERMARK_INVALID' }),
    );
  });

  it('are one for each partition', () => {
    const tracker = trackerOf(['__proto__', 'constructor']);
    observe(tracker, 0, [100]);
    expect(observe(tracker, 1, [5])).toEqual([-Infinity]);
    expect(tracker.states().map(({ id, watermark }) => [id, watermark])).toEqual([
      ['__proto__', 100],
      ['constructor', 5],
    ]);
  });
});

it('refuses two partitions of one id', () => {
  expect(() => trackerOf(['p0', 'p0'])).toThrow(expect.objectContaining({ code: 'SOURCE_FAILED' }));
});
