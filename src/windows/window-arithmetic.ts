import type { Instant, Millis } from '../time/instant.ts';

/**
 * Start of the tumbling window that holds `at`: the greatest `n·size + offset ≤ at`. Exact for every instant, for
 * 0 < size ≤ MAX_DURATION and |offset| ≤ MAX_DURATION, which keep all that is computed here below 2^53. Never −0.
 */
export function tumblingStart(at: Instant, size: Millis, offset: Millis): Instant {
  const past = at - offset;
  let remainder = past - Math.floor(past / size) * size;
  // The quotient is rounded, so it can come out as the next whole number, never as a lower one.
  if (remainder < 0) remainder += size;
  return at - remainder + 0;
}

/** Start of the last sliding window that can hold `at`: the greatest `n·slide + offset ≤ at`. */
export function lastSlidingStart(at: Instant, slide: Millis, offset: Millis): Instant {
  return tumblingStart(at, slide, offset);
}

/**
 * Start of the first sliding window that ends after `at`: the least `n·slide + offset > at − size`. It is after
 * {@link lastSlidingStart} when `at` falls in a gap between windows.
 */
export function firstSlidingStart(at: Instant, size: Millis, slide: Millis, offset: Millis): Instant {
  return tumblingStart(at - size, slide, offset) + slide;
}
