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

describe('a snapshot', () => {
  it('is taken up by partitions as they are added again', () => {
    const model = new PeriodicWatermarkGenerator(100, new BoundedOutOfOrdernessWatermark(5));
    const before = trackerOf(['p0', 'p1', 'p2'], model);
    observe(before, 0, [100, 150], 10);
    observe(before, 1, [40], 20);
    before.setCaughtUp(1, true);
    before.tick(1020);
    before.finish(2);
    const stored: unknown = JSON.parse(JSON.stringify(before.snapshot()));

    const after = new ProgressTracker(model, { idleTimeoutMs: IDLE_MS });
    after.restore(stored);
    expect(after.watermark()).toBe(before.watermark());
    for (const id of ['p0', 'p1', 'p2']) after.add(id, 99_000);
    expect(after.watermark()).toBe(before.watermark());
    expect(after.states().map(({ id, state, watermark }) => ({ id, state, watermark }))).toEqual(
      before.states().map(({ id, state, watermark }) => ({ id, state, watermark })),
    );
    expect(JSON.parse(JSON.stringify(after.snapshot()))).toEqual(stored);
    expect(observe(after, 0, [160], 99_000)).toEqual(observe(before, 0, [160], 99_000));
    expect(after.watermark()).toBe(before.watermark());
  });

  it('survives JSON with both infinities', () => {
    const finished = trackerOf(['p0', 'p1']);
    finished.finish(0);
    finished.finish(1);
    const tracker = new ProgressTracker(new BoundedOutOfOrdernessWatermark(0), { idleTimeoutMs: IDLE_MS });
    expect(finished.watermark()).toBe(Infinity);
    tracker.restore(JSON.parse(JSON.stringify(finished.snapshot())));
    expect(tracker.watermark()).toBe(Infinity);
    expect(tracker.partitionWatermark(tracker.add('p0', 0))).toBe(-Infinity);
  });

  it('keeps partitions that have not come back, which hold nothing back meanwhile', () => {
    const before = trackerOf(['gone', 'here']);
    observe(before, 0, [10]);
    observe(before, 1, [20]);
    const after = new ProgressTracker(new BoundedOutOfOrdernessWatermark(0), { idleTimeoutMs: IDLE_MS });
    after.restore(before.snapshot());
    after.add('here', 0);
    expect(after.watermark()).toBe(20);
    expect(after.snapshot().partitions.map(({ id }) => id)).toEqual(['here', 'gone']);
    expect(after.partitionWatermark(after.add('gone', 0))).toBe(10);
  });

  const bounded = new BoundedOutOfOrdernessWatermark(5);
  const periodic = new PeriodicWatermarkGenerator(100, bounded);
  it.each<[string, WatermarkGenerator, WatermarkGenerator]>([
    ['the tolerated disorder', bounded, new BoundedOutOfOrdernessWatermark(50)],
    ['an interval that is new', bounded, periodic],
    ['an interval that is gone', periodic, bounded],
  ])('holds under a changed generator, and is not fallen behind: %s', (_, earlier, later) => {
    const before = trackerOf(['p0'], earlier);
    observe(before, 0, [100]);
    const after = new ProgressTracker(later, { idleTimeoutMs: IDLE_MS });
    after.restore(JSON.parse(JSON.stringify(before.snapshot())));
    after.add('p0', 0);
    expect(observe(after, 0, [40, 90, 99])).toEqual([95, 95, 95]);
    expect(after.watermark()).toBe(95);
    observe(after, 0, [200], 1000);
    expect(after.watermark()).toBeGreaterThan(95);
  });

  it('does not count the time between two runs as silence', () => {
    const before = trackerOf(['p0']);
    observe(before, 0, [10], 50);
    const after = new ProgressTracker(new BoundedOutOfOrdernessWatermark(0), { idleTimeoutMs: IDLE_MS });
    after.restore(before.snapshot());
    after.setCaughtUp(after.add('p0', 1_000_000), true);
    after.tick(1_000_999);
    expect(statesOf(after)).toEqual(['active']);
  });

  it.each([
    null,
    {},
    { watermark: null },
    { watermark: 'soon', partitions: [] },
    { watermark: 1, partitions: [{ id: 'p0' }] },
    { watermark: 1, partitions: [{ id: 'p0', state: 'asleep', watermark: 1 }] },
    { watermark: 1, partitions: [{ id: 'p0', state: 'idle', watermark: 0.5 }] },
    { watermark: 1, partitions: [{ id: 'p0', state: 'idle', watermark: 1, generatorKind: 5 }] },
  ])('that is none is refused: %j', (snapshot) => {
    expect(() => trackerOf([]).restore(snapshot)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
  });
});
