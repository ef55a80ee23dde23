import { describe, expect, it } from 'vitest';
import { RateSamples, watermarkLagOf } from './rate-samples.ts';

const sampleAt = (second: number, read: number) => ({
  at: 1_000_000 + second * 1000,
  steadyMs: second * 1000,
  counts: { read, rejected: 0, acceptedLate: 0, droppedLate: 0, delivered: read / 10 },
  watermarkLagMs: null,
});

describe('rates', () => {
  it('are not known before there are two moments to compare', () => {
    const samples = new RateSamples();
    expect(samples.recent(sampleAt(0, 0))).toBeNull();
    samples.note(sampleAt(0, 0));
    expect(samples.recent(sampleAt(0, 0))).toBeNull();
    expect(samples.recent(sampleAt(2, 100))).toMatchObject({ read: 50, delivered: 5 });
    expect(samples.stretches(sampleAt(0, 0))).toEqual([]);
  });

  it('look ten seconds back, and fall to nothing where nothing flows', () => {
    const samples = new RateSamples();
    for (let second = 0; second <= 20; second += 1) samples.note(sampleAt(second, second * 10));
    expect(samples.recent(sampleAt(20, 200))?.read).toBe(10);
    expect(samples.recent(sampleAt(25, 200))?.read).toBe(5);
    expect(samples.recent(sampleAt(40, 200))?.read).toBe(0);
  });

  it('are noted once a second, for the last ten minutes, and go on to now', () => {
    const samples = new RateSamples();
    for (let tenth = 0; tenth < 12_000; tenth += 1) {
      if (samples.isDue(tenth * 100)) samples.note(sampleAt(tenth / 10, tenth));
    }
    const stretches = samples.stretches(sampleAt(1205, 12_000));
    expect(stretches).toHaveLength(600);
    expect(stretches[0]).toMatchObject({ start: 1_600_000, end: 1_601_000, rates: { read: 10 } });
    expect(stretches.at(-1)).toMatchObject({ start: 2_199_000, end: 2_205_000 });
  });

  it('are not below nothing when a run goes back to an earlier epoch', () => {
    const samples = new RateSamples();
    samples.note(sampleAt(0, 100));
    expect(samples.recent(sampleAt(1, 40))?.read).toBe(0);
  });
});

describe('the lag of the watermark', () => {
  it.each([
    [700, 300],
    [-Infinity, null],
    [Infinity, null],
  ])('of %d is %d at 1000', (watermark, lag) => {
    expect(watermarkLagOf({ watermark }, 1000)).toBe(lag);
  });
});
