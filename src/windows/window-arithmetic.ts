import type { Instant, Millis } from '../time/instant.ts';

/**
 * Start of the tumbling window that holds `at`: the greatest `n·size + offset ≤ at`. Exact for every instant, for
 * 0 < size ≤ MAX_DURATION and |offset| ≤ MAX_DURATION. Never −0.
 */
export function tumblingStart(at: Instant, size: Millis, offset: Millis): Instant {
  const past = at - offset;
  // Whole numbers whose sum of magnitudes is below 2^53: their quotient is further from the next whole number
  // than rounding can carry it, so floor is right, and the product is exact. `%` would do, but takes far longer.
  return at - (past - Math.floor(past / size) * size) + 0;
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
