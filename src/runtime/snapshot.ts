import type { OpenWindow } from '../engine/window-engine.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { Clock } from '../time/clock.ts';
import type { PipelineRun } from './pipeline-run.ts';
import { stateComponentOf, stateStatusOf } from './state-status.ts';
import type {
  ComponentStatus,
  Health,
  OpenSpanStatus,
  OpenWindowStatus,
  PartitionStatus,
  StatusSnapshot,
} from './status.ts';

/** What a snapshot says of a pipeline whether or not it runs. */
export interface SnapshotBasics {
  readonly plan: PipelinePlan;
  readonly state: StatusSnapshot['state'];
  readonly startedAt: number;
  readonly uptimeMs: number;
}

const OK: ComponentStatus = { status: 'ok', message: null };

/** The status of a pipeline that has not been run. */
export function idleSnapshot(basics: SnapshotBasics): StatusSnapshot {
  return {
    ...heading(basics, {}),
    epoch: 0,
    watermark: -Infinity,
    partitions: [],
    activeWindows: 0,
    isFiring: false,
    counters: {
      read: 0,
      decoded: 0,
      rejected: 0,
      filtered: 0,
      assigned: 0,
      onTime: 0,
      outOfOrder: 0,
      acceptedLate: 0,
      droppedLate: 0,
      unassigned: 0,
      fired: 0,
      skipped: 0,
    },
    rejections: [],
    stateBytes: 0,
    stateStatus: {
      backend: basics.plan.state.name,
      recovery: null,
      isFull: false,
      lastCommit: null,
      lastCheckpoint: null,
      checkpointFailures: 0,
    },
  };
}

/** The status of a pipeline that is, or was, run. */
export function snapshotOf(basics: SnapshotBasics, run: PipelineRun, clock: Clock): StatusSnapshot {
  const { engine, progress } = run.core;
  const { missingValues: _missing, inexactIntegers: _inexact, ...counters } = run.totals.now();
  const components = {
    source: run.reader?.status() ?? OK,
    engine: OK,
    state: stateComponentOf(run),
    ...run.delivery.status(),
  };
  return {
    ...heading(basics, components),
    epoch: run.committer.epoch,
    watermark: progress.watermark(),
    partitions: partitionsOf(run, clock),
    activeWindows: engine.activeWindows,
    isFiring: !engine.hasFired(progress.watermark()),
    counters: { ...counters, skipped: run.delivery.skipped },
    rejections: run.totals.rejections(),
    stateBytes: run.gauges.stateBytes,
    stateStatus: stateStatusOf(run, basics, clock),
  };
}

/** The earliest open windows in memory, at most `limit`; this looks at every window. */
export function openWindowsOf(run: PipelineRun, limit: number): readonly OpenWindowStatus[] {
  return run.core.engine.openWindows(limit).map(plain);
}

/** The same by span of time: those that are waited for, then those that are only kept for late events, `limit` of each. */
export function openSpansOf(run: PipelineRun, limit: number): readonly OpenSpanStatus[] {
  return run.core.engine.openSpans(limit).map((span) => ({ ...plain(span), windows: span.windows }));
}

function plain({ windowName, window, fired }: OpenWindow): OpenWindowStatus {
  return { name: windowName, start: window.start, end: window.end, key: window.key?.toString() ?? null, fired };
}

type Heading = Pick<StatusSnapshot, 'pipeline' | 'state' | 'startedAt' | 'uptimeMs' | 'health' | 'components'>;

function heading(basics: SnapshotBasics, components: Readonly<Record<string, ComponentStatus>>): Heading {
  const { plan, state, startedAt, uptimeMs } = basics;
  return { pipeline: plan.name, state, startedAt, uptimeMs, health: healthOf(state, components), components };
}

function healthOf(state: StatusSnapshot['state'], components: Readonly<Record<string, ComponentStatus>>): Health {
  if (state === 'failed') return 'failed';
  return Object.values(components).every(({ status }) => status === 'ok') ? 'ok' : 'degraded';
}

function partitionsOf(run: PipelineRun, clock: Clock): readonly PartitionStatus[] {
  const states = run.core.progress.states();
  const committed = run.committer.last?.positions;
  const now = clock.monotonic();
  return (run.reader?.readers ?? []).map(({ partition, index, position }) => {
    const progress = states[index];
    return {
      id: partition.id,
      state: progress?.state ?? 'active',
      watermark: progress?.watermark ?? -Infinity,
      offset: position?.offset ?? 0,
      committedOffset: committed?.get(partition.id)?.offset ?? null,
      caughtUp: partition.caughtUp,
      silentMs: Math.max(0, now - (progress?.silentSince ?? now)),
      lagRecords: partition.lag?.() ?? null,
      ...partition.progress?.(),
    };
  });
}
