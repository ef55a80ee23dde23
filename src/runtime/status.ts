import type { Instant, Millis } from '../time/instant.ts';
import type { RejectionTotal } from './run-totals.ts';

/** How a component is. `degraded`: at work on a fault that may pass; `failed`: the run has ended by it. */
export type Health = 'ok' | 'degraded' | 'failed';

/** How one part of a run is. */
export interface ComponentStatus {
  readonly status: Health;
  /** What is wrong, for a person; null when nothing is. */
  readonly message: string | null;
}

/** How far one partition has been read. */
export interface PartitionStatus {
  readonly id: string;
  readonly state: 'active' | 'idle' | 'finished';
  /** −∞ before the first event. */
  readonly watermark: Instant;
  /** Of the next record to read. */
  readonly offset: number;
  /** Of the next record that a restart would read; null before the first commit. */
  readonly committedOffset: number | null;
  readonly caughtUp: boolean;
  /** How long ago its last event came; since it was added, where none has come. */
  readonly silentMs: Millis;
  /** Records that wait to be read; null where the source cannot tell. */
  readonly lagRecords: number | null;
  readonly bytesRead?: number;
  readonly bytesTotal?: number;
}

/** A window that holds state; `fired` if a first result has been given. */
export interface OpenWindowStatus {
  readonly name: string;
  readonly start: Instant;
  readonly end: Instant;
  readonly key: string | null;
  readonly fired: boolean;
}

/** Open windows of one span of time that stand alike. */
export interface OpenSpanStatus extends OpenWindowStatus {
  /** How many they are, each of another key; `key` is that of one of them. */
  readonly windows: number;
}

/** How the state of a run is, and what has become of it lately. */
export interface StateStatus {
  /** Name of the backend, such as `memory`. */
  readonly backend: string;
  /** How much of the state of an earlier run is taken up, 0 to 100; null when none is being taken up. */
  readonly recovery: { readonly percent: number } | null;
  /** True while a commit waits for room on the disk. */
  readonly isFull: boolean;
  /** The last commit of this run; null before the first. */
  readonly lastCommit: { readonly epoch: number; readonly ageMs: number; readonly durationMs: number } | null;
  /** The newest checkpoint; null where none is known of. */
  readonly lastCheckpoint: {
    readonly id: string;
    readonly ageMs: number;
    readonly sizeBytes: number;
    /** How long it took; null where an earlier run has made it. */
    readonly durationMs: number | null;
  } | null;
  /** Checkpoints of this run that could not be made, looked up or deleted. */
  readonly checkpointFailures: number;
}

/** Everything the outside may see of a run, as plain data of one moment. */
export interface StatusSnapshot {
  readonly pipeline: string;
  readonly state: 'starting' | 'running' | 'stopping' | 'finished' | 'failed';
  readonly startedAt: Instant;
  readonly uptimeMs: number;
  readonly health: Health;
  /** `source`, `engine`, `state`, and one for each sink, such as `sink:console`. */
  readonly components: Readonly<Record<string, ComponentStatus>>;
  readonly epoch: number;
  readonly watermark: Instant;
  readonly partitions: readonly PartitionStatus[];
  readonly activeWindows: number;
  /** True while windows that the watermark has closed have still to fire. */
  readonly isFiring: boolean;
  readonly counters: {
    readonly read: number;
    readonly decoded: number;
    readonly rejected: number;
    readonly filtered: number;
    readonly assigned: number;
    readonly onTime: number;
    readonly outOfOrder: number;
    readonly acceptedLate: number;
    readonly droppedLate: number;
    readonly unassigned: number;
    readonly fired: number;
    /** Items that a sink refused for good: left out by the policy `skip`, made dead letters by `dead_letter`. */
    readonly skipped: number;
  };
  /** Why this run has rejected records, the most frequent reason first. */
  readonly rejections: readonly RejectionTotal[];
  readonly stateBytes: number;
  readonly stateStatus: StateStatus;
}
