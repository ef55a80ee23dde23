import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedOutOfOrdernessWatermark } from './bounded-out-of-orderness-watermark.ts';
import { PeriodicWatermarkGenerator } from './periodic-watermark-generator.ts';

describe('BoundedOutOfOrdernessWatermark', () => {
  it('follows the latest event at its distance and never falls', () => {
    const generator = new BoundedOutOfOrdernessWatermark('30s');
    expect(generator.onTick()).toBe(-Infinity);
    expect([10, 70, 95, 20, 200].map((s) => generator.onEvent(s * 1000))).toEqual([
      -20_000, 40_000, 65_000, 65_000, 170_000,
    ]);
    expect(generator.onTick()).toBe(170_000);
  });

  it('gives the same for a batch as for its events one by one', () => {
    const batches = fc.array(fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1 }));
    fc.assert(
      fc.property(fc.nat({ max: 50 }), batches, (distance, given) => {
        const whole = new BoundedOutOfOrdernessWatermark(distance);
        const single = new BoundedOutOfOrdernessWatermark(distance);
        for (const timestamps of given) {
          const before = new Float64Array(timestamps.length);
          const expected: number[] = [];
          for (const timestamp of timestamps) {
            expected.push(single.onTick());
            single.onEvent(timestamp);
          }
          const after = whole.observeAll(Float64Array.from(timestamps), timestamps.length, before);
          expect([...before]).toEqual(expected);
          expect(after).toBe(single.onTick());
        }
      }),
    );
  });

  it('leaves what is beyond the count alone', () => {
    const before = new Float64Array([7, 7]);
    new BoundedOutOfOrdernessWatermark(0).observeAll(new Float64Array([1, 2]), 1, before);
    expect([...before]).toEqual([-Infinity, 7]);
  });

  it.each([[[]], [[5, 3]]])('goes on from its snapshot after %j, by way of JSON', (timestamps) => {
    const generator = new BoundedOutOfOrdernessWatermark(10);
    for (const timestamp of timestamps) generator.onEvent(timestamp);
    const restored = generator.forPartition();
    restored.restore(JSON.parse(JSON.stringify(generator.snapshot())));
    expect(restored.onTick()).toBe(generator.onTick());
    expect(restored.onEvent(4)).toBe(generator.onEvent(4));
  });

  it('does not fall when restored with a greater distance', () => {
    const generator = new BoundedOutOfOrdernessWatermark(10);
    generator.onEvent(100);
    const restored = new BoundedOutOfOrdernessWatermark(50);
    restored.restore(generator.snapshot());
    expect(restored.onEvent(101)).toBe(90);
  });

  it.each([undefined, {}, { watermark: 'x' }, { watermark: 0.5 }])('refuses the snapshot %j', (snapshot) => {
    expect(() => new BoundedOutOfOrdernessWatermark(0).restore(snapshot)).toThrow(
      expect.objectContaining({ code: 'STATE_CORRUPT' }),
    );
  });

  it('gives partitions a generator that has seen nothing', () => {
    const model = new BoundedOutOfOrdernessWatermark(5);
    model.onEvent(100);
    expect(model.forPartition().onTick()).toBe(-Infinity);
    expect(model.forPartition().onEvent(7)).toBe(2);
  });
});

describe('PeriodicWatermarkGenerator', () => {
  const periodic = (): PeriodicWatermarkGenerator =>
    new PeriodicWatermarkGenerator('10s', new BoundedOutOfOrdernessWatermark(0));

  it('hands on the first watermark at once, and then the newest at most once an interval', () => {
    const generator = periodic();
    const steps = [
      { now: 0, tick: true, handedOn: -Infinity },
      { now: 5000, at: 1, handedOn: 1 },
      { now: 5000, at: 2, handedOn: 1 },
      { now: 14_999, at: 3, handedOn: 1 },
      { now: 15_000, at: 2, handedOn: 3 },
      { now: 16_000, at: 9, handedOn: 3 },
      { now: 24_999, tick: true, handedOn: 3 },
      { now: 25_000, tick: true, handedOn: 9 },
    ];
    for (const { now, at, handedOn } of steps) {
      expect(at === undefined ? generator.onTick(now) : generator.onEvent(at, now)).toBe(handedOn);
    }
  });

  it('begins no interval while there is nothing new to hand on', () => {
    const generator = periodic();
    generator.onEvent(1, 0);
    expect(generator.onTick(10_000)).toBe(1);
    expect(generator.onEvent(2, 10_001)).toBe(2);
  });

  it('is not held up by a clock that was set back, and hands on once for it', () => {
    const generator = periodic();
    generator.onEvent(1, 1_000_000);
    expect(generator.onEvent(2, 500)).toBe(2);
    expect(generator.onEvent(3, 501)).toBe(2);
    expect(generator.onTick(10_500)).toBe(3);
  });

  it('hands everything on at once with an interval of 0', () => {
    const generator = new PeriodicWatermarkGenerator(0, new BoundedOutOfOrdernessWatermark(0));
    expect([1, 5, 3].map((at) => generator.onEvent(at, 0))).toEqual([1, 5, 5]);
  });

  it('goes on from its snapshot, by way of JSON', () => {
    for (const events of [
      [],
      [[1, 0]],
      [
        [1, 0],
        [9, 5],
      ],
    ] as const) {
      const generator = periodic();
      for (const [at, now] of events) generator.onEvent(at, now);
      const restored = generator.forPartition();
      restored.restore(JSON.parse(JSON.stringify(generator.snapshot())));
      for (const now of [100, 9_999, 10_000]) expect(restored.onTick(now)).toBe(generator.onTick(now));
    }
  });

  it('goes on from the snapshot of another process, whose clock began elsewhere and has fractions', () => {
    for (const then of [0.25, 7490.149734, 86_400_000.5]) {
      const generator = periodic();
      generator.onEvent(1, then);
      generator.onEvent(9, then);
      const restored = periodic();
      restored.restore(JSON.parse(JSON.stringify(generator.snapshot())));
      expect(restored.onTick(then)).toBe(1);
      // However the two clocks stand to each other, an interval later at the latest.
      const now = 3.75;
      expect(Math.max(restored.onTick(now), restored.onTick(Math.max(now, then) + 10_000))).toBe(9);
    }
  });

  it.each(['soon', Number.NaN, {}, undefined])('refuses a snapshot with the time %j', (handedOnAt) => {
    const snapshot = { base: { watermark: null }, newest: null, handedOn: null, handedOnAt };
    expect(() => periodic().restore(snapshot)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
  });

  it('gives each partition a base of its own', () => {
    const model = periodic();
    const [left, right] = [model.forPartition(), model.forPartition()];
    left.onEvent(100, 0);
    expect(right.onTick(0)).toBe(-Infinity);
    expect(right.intervalMs).toBe(10_000);
  });

  it('refuses a base that returns NaN', () => {
    const base = new BoundedOutOfOrdernessWatermark(0);
    expect(() => new PeriodicWatermarkGenerator(0, base).onEvent(Number.NaN, 0)).toThrow(
      expect.objectContaining({ code: 'WATERMARK_INVALID' }),
    );
  });
});
