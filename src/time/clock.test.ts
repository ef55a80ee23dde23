import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemClock } from './clock.ts';
import { isInstant } from './instant.ts';

describe('SystemClock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Whether a sleep of `delay` has ended after `elapsed`. */
  async function awakeAfter(delay: number, elapsed: number): Promise<boolean> {
    let awake = false;
    const asleep = new SystemClock().sleep(delay).then(() => (awake = true));
    await vi.advanceTimersByTimeAsync(elapsed);
    const seen = awake;
    await vi.runAllTimersAsync();
    await asleep;
    return seen;
  }

  const MONTH_MS = 30 * 86_400_000;

  it.each([
    { delay: 0, elapsed: 1, awake: true },
    { delay: 1000, elapsed: 999, awake: false },
    { delay: 1000, elapsed: 1000, awake: true },
    // Longer than a timer can hold.
    { delay: MONTH_MS, elapsed: MONTH_MS - 1, awake: false },
    { delay: MONTH_MS, elapsed: MONTH_MS, awake: true },
  ])('asleep for $delay ms, is awake after $elapsed ms: $awake', async ({ delay, elapsed, awake }) => {
    expect(await awakeAfter(delay, elapsed)).toBe(awake);
  });

  it.each([1000, MONTH_MS])('wakes from %d ms when the signal aborts, and leaves no timer behind', async (delay) => {
    const controller = new AbortController();
    const asleep = new SystemClock().sleep(delay, controller.signal);
    await vi.advanceTimersByTimeAsync(delay - 1);
    controller.abort();
    await asleep;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not fall asleep when the signal has aborted', async () => {
    await new SystemClock().sleep(1000, AbortSignal.abort());
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reads the wall clock in whole milliseconds, and a clock that does not fall', () => {
    const clock = new SystemClock();
    expect(isInstant(clock.now())).toBe(true);
    const before = clock.monotonic();
    expect(clock.monotonic()).toBeGreaterThanOrEqual(before);
  });
});
