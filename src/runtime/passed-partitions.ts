import type { Instant, Millis } from '../time/instant.ts';
import { instantFromJson, type InstantJson } from '../time/snapshot-json.ts';

/**
 * What the windows of some partitions went through in the state of another instance, which held them before this one.
 * Plain JSON, part of the record of the plan.
 */
export interface PassedPartitions {
  /** Their numbers, rising. */
  readonly partitions: readonly number[];
  /** The watermark of that instance: it had closed what ends by then, and let go what its lateness did not hold. */
  readonly watermark: InstantJson;
  /** By name of the window definition: windows that end by then are gone, whatever the lateness. */
  readonly goneUntil: readonly (readonly [windowName: string, until: Instant])[];
}

/** The lateness of a window definition, and what it was at the last start. */
export interface LatenessChange {
  readonly name: string;
  readonly beforeMs: Millis;
  readonly nowMs: Millis;
}

/**
 * What of `passed` still matters at a start, once the pipeline's watermark is `watermark`. Where a lateness has grown,
 * windows are noted that were let go under the shorter one.
 */
export function stillPassed(
  passed: readonly PassedPartitions[],
  windows: readonly LatenessChange[],
  watermark: Instant,
): readonly PassedPartitions[] {
  return passed
    .map((one): PassedPartitions => {
      const before = new Map(one.goneUntil);
      const reached = instantFromJson(one.watermark);
      const goneUntil = windows.flatMap(({ name, beforeMs, nowMs }): [string, Instant][] => {
        // Where nothing follows any more, every window is gone by that.
        const letGo = nowMs > beforeMs && Number.isFinite(reached) ? reached - beforeMs : -Infinity;
        const until = Math.max(letGo, before.get(name) ?? -Infinity);
        // What the pipeline's own watermark takes away need not be noted.
        return until > watermark - nowMs ? [[name, until]] : [];
      });
      return { ...one, goneUntil };
    })
    .filter((one) => instantFromJson(one.watermark) > watermark || one.goneUntil.length > 0);
}
