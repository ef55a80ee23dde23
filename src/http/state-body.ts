import type { StateStatus } from '../runtime/status.ts';
import type { Millis } from '../time/instant.ts';

/** What pages say of the state of a run. */
export interface StateBody {
  readonly last_commit: {
    readonly epoch: number;
    readonly age_seconds: number;
    readonly duration_seconds: number;
  } | null;
  readonly last_checkpoint: {
    readonly id: string;
    readonly age_seconds: number;
    readonly size_bytes: number;
    readonly duration_seconds: number | null;
  } | null;
  readonly checkpoint_failures: number;
}

/** The last commit and the last checkpoint, as pages say it. */
export function stateBody({ lastCommit, lastCheckpoint, checkpointFailures }: StateStatus): StateBody {
  return {
    last_commit:
      lastCommit === null
        ? null
        : {
            epoch: lastCommit.epoch,
            age_seconds: secondsOf(lastCommit.ageMs),
            duration_seconds: secondsOf(lastCommit.durationMs),
          },
    last_checkpoint:
      lastCheckpoint === null
        ? null
        : {
            id: lastCheckpoint.id,
            age_seconds: secondsOf(lastCheckpoint.ageMs),
            size_bytes: lastCheckpoint.sizeBytes,
            duration_seconds: secondsOrNull(lastCheckpoint.durationMs),
          },
    checkpoint_failures: checkpointFailures,
  };
}

/** Seconds, to the millisecond. */
export function secondsOf(millis: Millis): number {
  return Math.round(millis) / 1000;
}

/** Seconds, to the millisecond; null where there is no such length. */
export function secondsOrNull(millis: Millis | null): number | null {
  return millis === null || !Number.isFinite(millis) ? null : secondsOf(millis);
}
