import type { EventBatch } from '../event/event-batch.ts';
import type { Window, WindowType } from '../event/window.ts';
import type { Pane, Results } from '../results/aggregation-result.ts';
import type { Instant } from '../time/instant.ts';

/** One firing of one window. */
export interface FiredPane {
  readonly windowName: string;
  readonly windowType: WindowType;
  readonly window: Window;
  readonly results: Results;
  readonly pane: Pane;
}

/** An event that was too late for a window; `index` is its place in the batch just ingested. */
export interface DroppedEvent {
  readonly index: number;
  readonly window: Window;
  /** The watermark it was judged by: its partition's, or the pipeline's where that alone had closed the window. */
  readonly watermark: Instant;
}

/** Counts by event and window: assigned = onTime + outOfOrder + acceptedLate + droppedLate. */
export interface EngineCounters {
  assigned: number;
  onTime: number;
  outOfOrder: number;
  acceptedLate: number;
  droppedLate: number;
  /** Events that belong to no window at all. */
  unassigned: number;
  /** Panes fired, retractions among them. */
  fired: number;
}

/** One write of a delta; an absent value deletes the key. */
export interface StateRecord {
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
}

/** State that changed since the last one was taken. */
export type StateDelta = readonly StateRecord[];

/** A window that holds state. */
export interface OpenWindow {
  readonly windowName: string;
  readonly window: Window;
  /** True if it has emitted a pane. */
  readonly fired: boolean;
}

/**
 * Windows, keys and accumulators of one pipeline. Synchronous: nothing in it waits, reads a clock or does I/O.
 * Every driver gives the same answers and passes the same contract suite.
 */
export interface WindowEngine {
  /**
   * Adds a batch to its windows. Early panes become due here; the events it drops are returned, valid until the
   * next call. `now` is the clock's.
   */
  ingest(batch: EventBatch, now: Instant): readonly DroppedEvent[];
  /** The clock has moved on: asks the triggers of open windows. Does nothing where no trigger was given. */
  tick(now: Instant): void;
  /**
   * Moves the watermark (a lower one is ignored) and marks as due what it closes; called after each batch, with
   * the same watermark if it has not moved, so that windows with late events fire again.
   */
  advance(watermark: Instant): void;
  /**
   * Takes due panes in firing order. Early panes and retractions all come first, for nothing else holds them; windows
   * that are due keep their state until they fire, and of those at most so many follow that `limit` is reached. Fewer
   * panes than `limit` means that none is left.
   */
  takeFired(limit: number): readonly FiredPane[];
  /** What changed since the last call, and forgets it. Only where no early pane or retraction is left to take. */
  takeDelta(): StateDelta;
  /**
   * Takes up the state of a restart: all entries that deltas have written, in any order. Before the first batch; once
   * all are in, `advance` to the watermark that they belong to.
   */
  load(entry: { readonly key: Uint8Array; readonly value: Uint8Array }): void;
  /**
   * Windows of a definition that end by `until` are gone, whatever its lateness: they were let go under a shorter one,
   * and an event for them is dropped. Before the first batch.
   */
  letGo(windowName: string, until: Instant): void;
  /** True while some window holds state under this key id. */
  isLive(keyId: number): boolean;
  readonly counters: Readonly<EngineCounters>;
  /** Windows (per key) that hold state. */
  readonly activeWindows: number;
  /** Bytes of state held, estimated. */
  sizeBytes(): number;
  /** The earliest open windows, at most `limit`: for health and queries. */
  openWindows(limit: number): readonly OpenWindow[];
}
