import type { Instant, Millis } from '../../time/instant.ts';
import type { LateRule } from '../engine-options.ts';

/** What becomes of an event in a window. */
export const Verdict = { dropped: 0, onTime: 1, outOfOrder: 2, acceptedLate: 3 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** How a window definition judges late events. */
export interface LatenessRule {
  readonly allowedLatenessMs: Millis;
  readonly rule: LateRule;
}

/**
 * Judges an event at `at` for a window that ends at `end` and still has its state, by the watermark of the event's
 * own partition, so that the verdict depends on nothing but the order within that partition.
 */
export function judge(at: Instant, end: Instant, partitionWatermark: Instant, lateness: LatenessRule): Verdict {
  if (partitionWatermark < end) return at >= partitionWatermark ? Verdict.onTime : Verdict.outOfOrder;
  const limit = partitionWatermark - lateness.allowedLatenessMs;
  const accepted = lateness.rule === 'event' ? at >= limit : end > limit;
  return accepted ? Verdict.acceptedLate : Verdict.dropped;
}
