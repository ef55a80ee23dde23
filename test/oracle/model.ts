import type { KeyField } from '../../src/event/grouping-key.ts';

/** One decoded event. Times in ms since 1970. */
export interface OracleEvent {
  readonly timestamp: number;
  /** Null where nothing is grouped. */
  readonly key: readonly KeyField[] | null;
  /** One entry for each of the configuration's metrics, in their order; null where the event has no value. */
  readonly values: readonly (number | null)[];
  /** Place in its partition. */
  readonly offset: number;
}

/** The events of one partition, in the partition's order. */
export interface PartitionInput {
  readonly id: string;
  readonly events: readonly OracleEvent[];
}

interface DefinitionBase {
  /** Unique in the configuration; part of result ids. */
  readonly name: string;
  readonly allowedLateness: number;
  /** Fires early whenever this many elements have come since the window's last firing. */
  readonly fireEvery?: number;
}

export interface TumblingDefinition extends DefinitionBase {
  readonly type: 'tumbling';
  readonly size: number;
  readonly offset: number;
}

export interface SlidingDefinition extends DefinitionBase {
  readonly type: 'sliding';
  readonly size: number;
  readonly slide: number;
  readonly offset: number;
}

export interface SessionDefinition extends DefinitionBase {
  readonly type: 'session';
  readonly gap: number;
}

export type WindowDefinition = TumblingDefinition | SlidingDefinition | SessionDefinition;

export type Aggregate = 'count' | 'sum' | 'average' | 'min' | 'max' | 'percentile' | 'stddev' | 'stddev_sample';

export type LateRule = 'event' | 'window';

/** What the results depend on, and nothing else. All lengths of time in ms. */
export interface OracleConfig {
  readonly pipeline: string;
  readonly windows: readonly WindowDefinition[];
  readonly lateRule: LateRule;
  /** Bound of the disorder, ≥ 0. Null: watermarks are set by hand only. */
  readonly outOfOrderness: number | null;
  readonly aggregates: readonly Aggregate[];
  readonly percentiles: readonly number[];
  /** Names of the metrics. None: events are only counted. */
  readonly metrics: readonly string[];
  /** True if results are those of the one metric, not of each metric by name. */
  readonly flat: boolean;
}

/** What happens next, in an explicit interleaving. Windows are looked at after every step. */
export type Step =
  | { readonly type: 'events'; readonly partition: string; readonly events: readonly OracleEvent[] }
  | { readonly type: 'watermark'; readonly partition: string; readonly at: number }
  | { readonly type: 'idle'; readonly partition: string }
  | { readonly type: 'finish'; readonly partition: string };

/** Counts per (event, window). */
export interface Counters {
  assigned: number;
  onTime: number;
  outOfOrder: number;
  acceptedLate: number;
  droppedLate: number;
  /** Events that belong to no window of any definition. */
  unassigned: number;
}

/** `[start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An event dropped from one window. */
export interface Drop {
  readonly windowName: string;
  readonly partition: string;
  readonly event: OracleEvent;
  /** Of a session: the one it was judged on, merged with those that it overlaps. */
  readonly span: Span;
  /** The watermark that it was judged by. */
  readonly watermark: number;
}
