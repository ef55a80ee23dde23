import type { Millis } from './instant.ts';

/** How long to wait before the first retry, and at most. */
export interface RetryDelays {
  readonly initialDelayMs: Millis;
  readonly maxDelayMs: Millis;
}

/**
 * How long to wait before a retry: doubling from the initial delay up to the longest, and of that between a half and
 * the whole, so that many that failed together do not come back together. `seed` decides where between; the clock's
 * milliseconds serve.
 */
export function retryDelay(delays: RetryDelays, attempt: number, seed: number): Millis {
  const full = Math.min(delays.maxDelayMs, delays.initialDelayMs * 2 ** Math.min(attempt, 52));
  // One round of a 32-bit mixer (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
  let mixed = (Math.floor(seed) ^ Math.imul(attempt + 1, 0x9e3779b9)) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 0;
  return Math.round(full * (0.5 + (mixed / 2 ** 32) * 0.5));
}
