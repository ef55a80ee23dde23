import type { Instant } from './instant.ts';
import type { PartitionState } from './progress-snapshot.ts';

/** What a pipeline's watermark is derived from. */
export interface WatermarkShare {
  readonly state: PartitionState;
  readonly watermark: Instant;
}

/**
 * The watermark of a pipeline whose watermark was `reached`, by its partitions alone; −∞ where they say nothing. The minimum
 * over the active ones, of which those behind `reached` have not joined yet; without one the maximum over the idle ones;
 * +∞ when all are finished.
 */
export function combinedWatermark(partitions: readonly WatermarkShare[], reached: Instant): Instant {
  let lowestJoined = Infinity;
  let highestIdle = -Infinity;
  let [active, joined, idle] = [0, 0, 0];
  for (const { state, watermark } of partitions) {
    if (state === 'finished') continue;
    if (state === 'idle') {
      idle += 1;
      highestIdle = Math.max(highestIdle, watermark);
      continue;
    }
    active += 1;
    // W is never above a partition that has joined, so this holds exactly for those and the ones that now join.
    if (watermark < reached) continue;
    joined += 1;
    lowestJoined = Math.min(lowestJoined, watermark);
  }
  if (joined > 0) return lowestJoined;
  if (active > 0 || partitions.length === 0) return -Infinity;
  return idle > 0 ? highestIdle : Infinity;
}
