import type { Clock } from '../time/clock.ts';
import type { PipelineRun } from './pipeline-run.ts';
import type { SnapshotBasics } from './snapshot.ts';
import type { ComponentStatus, StateStatus } from './status.ts';

/** How the state of a run is, and what has become of it lately. */
export function stateStatusOf(run: PipelineRun, { plan, state }: SnapshotBasics, clock: Clock): StateStatus {
  const { committer, checkpointer, recovery, writer } = run;
  const { lastCommit } = committer;
  const { last: lastCheckpoint } = checkpointer;
  return {
    backend: plan.state.name,
    recovery: recovery.isOver || state === 'failed' ? null : { percent: recovery.percent },
    isFull: writer.isFull,
    lastCommit:
      lastCommit === null
        ? null
        : {
            epoch: lastCommit.epoch,
            ageMs: clock.monotonic() - lastCommit.committedAtMs,
            durationMs: lastCommit.durationMs,
          },
    lastCheckpoint:
      lastCheckpoint === null
        ? null
        : {
            id: lastCheckpoint.id,
            // By the wall clock, for it may be an earlier process that has made it.
            ageMs: Math.max(0, clock.now() - lastCheckpoint.createdAt),
            sizeBytes: lastCheckpoint.sizeBytes,
            durationMs: lastCheckpoint.durationMs,
          },
    checkpointFailures: checkpointer.failures,
  };
}

/** The component `state`: degraded while something is wrong that may pass. */
export function stateComponentOf({ writer, checkpointer, recovery }: PipelineRun): ComponentStatus {
  const faults = [writer.fault, repairNote(recovery.repair, checkpointer.made), checkpointer.fault];
  const told = faults.filter((fault) => fault !== null);
  return told.length === 0 ? { status: 'ok', message: null } : { status: 'degraded', message: told.join('; ') };
}

/** Until a checkpoint is made that holds the mended state, one more fault would cost all that came since. */
function repairNote(repair: PipelineRun['recovery']['repair'], checkpointsMade: number): string | null {
  if (repair === null || checkpointsMade > 0) return null;
  const { damage, restored, putAside } = repair;
  return `the state was damaged (${damage}); checkpoint ${restored.id} has taken its place, and what was damaged is kept in ${putAside}`;
}
