import type { EventColumns } from '../event/event-batch.ts';
import type { GroupingKey } from '../event/grouping-key.ts';
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

/** State that an engine has spilled, and must see again before it can go on. */
export type StateRequest =
  | { readonly type: 'keys'; readonly keys: readonly Uint8Array[] }
  /** The first `limit` entries whose key begins with `prefix` and comes after `after`, in the order of their keys. */
  | {
      readonly type: 'range';
      readonly prefix: Uint8Array;
      readonly after: Uint8Array | null;
      readonly limit: number;
    };

/** An entry of the state backend. */
export type StoredEntry = Required<StateRecord>;

/** How much of the state is in memory, and what has gone in and out. */
export interface Residence {
  /** Bytes of state in memory, estimated. */
  readonly residentBytes: number;
  /** Parts of the state that the next delta has to look at: changed, or gone, since the last. */
  readonly changed: number;
  /** Windows (per key) that are in the state backend only. */
  readonly spilledWindows: number;
  /** Entries let go of since the start. */
  readonly spilled: number;
  /** Entries taken back since the start. */
  readonly reloaded: number;
}

/** A key with events in several partitions. */
export interface ScatteredKey {
  readonly key: GroupingKey | null;
  /** Their numbers, rising. */
  readonly partitions: readonly number[];
}

/** A window that holds state. */
export interface OpenWindow {
  readonly windowName: string;
  readonly window: Window;
  /** True if it has emitted a pane. */
  readonly fired: boolean;
}

/** Windows of one span of time that stand alike. */
export interface OpenSpan extends OpenWindow {
  /** How many they are; the window is one of them. */
  readonly windows: number;
}

/**
 * Windows, keys and accumulators of one pipeline. Synchronous: nothing in it waits, reads a clock or does I/O.
 * Every driver gives the same answers and passes the same contract suite.
 *
 * What it holds can be bounded: {@link WindowEngine.spill} lets go of state that is stored as it is, and before a step
 * that needs some of it again, a request says what to read. Whoever drives the engine reads it and supplies it.
 */
export interface WindowEngine {
  /** What must be supplied before this batch can be ingested; null if nothing. Ask again after each supply. */
  requestFor(batch: EventColumns): StateRequest | null;
  /**
   * Adds a batch to its windows. Early panes become due here; the events it drops are returned, valid until the
   * next call. `now` is the clock's.
   */
  ingest(batch: EventColumns, now: Instant): readonly DroppedEvent[];
  /** The clock has moved on: asks the triggers of open windows. Does nothing where no trigger was given. */
  tick(now: Instant): void;
  /**
   * Moves the watermark (a lower one is ignored) and marks as due what it closes; called after each batch, with
   * the same watermark if it has not moved, so that windows with late events fire again.
   */
  advance(watermark: Instant): void;
  /** What must be supplied before {@link WindowEngine.takeFired} can go on; null if nothing. Ask again after each supply. */
  requestForFiring(): StateRequest | null;
  /**
   * What must be supplied so that stored windows that are gone can be deleted; null if there are none. Not urgent: once
   * between two deltas is enough, for each supply adds its deletions to the next delta.
   */
  requestForCleaning(): StateRequest | null;
  /** Hands over what a request asked for, as far as it exists; of a range, in order. Its request must be the last one. */
  supply(request: StateRequest, entries: readonly StoredEntry[]): void;
  /**
   * Takes due panes in firing order. Early panes and retractions all come first, for nothing else holds them; windows
   * that are due keep their state until they fire, and of those at most so many follow that `limit` is reached. Fewer
   * panes than `limit` means that none is left, or that {@link WindowEngine.requestForFiring} has a request.
   */
  takeFired(limit: number): readonly FiredPane[];
  /** What changed since the last call, and forgets it. Only where no early pane or retraction is left to take. */
  takeDelta(): StateDelta;
  /**
   * Lets go of entries that have not changed since the last delta, least recently used first, until what is in memory
   * fits the bound of the options. Only while all deltas taken are stored.
   */
  spill(): void;
  /** The ranges of keys that a restart must {@link WindowEngine.load}; the rest is asked for when it is needed. */
  readonly restartPrefixes: readonly Uint8Array[];
  /** About how many entries these ranges hold. */
  readonly restartEntries: number;
  /**
   * Takes up the state of a restart: the entries of {@link WindowEngine.restartPrefixes}, in any order. Before the first
   * batch; once all are in, `advance` to the watermark that they belong to.
   * @throws ProcessorError STATE_CORRUPT, or STATE_MISMATCH for windows that the pipeline does not have.
   */
  load(entry: StoredEntry): void;
  /**
   * Windows of a definition that end by `until` are gone, whatever its lateness: they were let go under a shorter one,
   * and an event for them is dropped. All of them, or those of one partition. Before the first batch.
   */
  letGo(windowName: string, until: Instant, partition?: number): void;
  /**
   * Windows of a partition were closed up to a watermark by an engine that held them before this one. Until this one's
   * watermark is there too, events of the partition are dealt with as if it were: none begins a window anew that was let
   * go, and those that are late for a window make it fire again at once. Before the first batch.
   */
  notePassed(partition: number, watermark: Instant): void;
  /** True when all has been taken that the watermark `upTo` closes: it has come here, and nothing waits to fire. */
  hasFired(upTo: Instant): boolean;
  /** True while some window in memory has this key id. */
  isLive(keyId: number): boolean;
  readonly counters: Readonly<EngineCounters>;
  /** Where state is kept by partition: the first key that turned out to have events in several; null for none. */
  readonly scattered: ScatteredKey | null;
  /** Windows (per key) that hold state. */
  readonly activeWindows: number;
  readonly residence: Residence;
  /** Bytes of state in memory, estimated. */
  sizeBytes(): number;
  /** The earliest open windows in memory, at most `limit`: for health and queries. */
  openWindows(limit: number): readonly OpenWindow[];
  /**
   * The same by span of time: at most `limit` spans that are waited for, then as many that are only kept for late events:
   * fired, and over by the watermark.
   */
  openSpans(limit: number): readonly OpenSpan[];
}
