import type { AggregationSpec } from '../aggregations/aggregation-spec.ts';
import type { Aggregator } from '../aggregations/aggregator.ts';
import type { KeyDictionary } from '../event/key-dictionary.ts';
import type { Millis } from '../time/instant.ts';
import type { SessionWindowAssigner } from '../windows/session-window-assigner.ts';
import type { SlidingWindowAssigner } from '../windows/sliding-window-assigner.ts';
import type { TumblingWindowAssigner } from '../windows/tumbling-window-assigner.ts';
import type { WindowTrigger } from '../windows/window-trigger.ts';

/** A window definition as the engine takes it. */
export interface WindowDefinition {
  readonly name: string;
  readonly assigner: TumblingWindowAssigner | SlidingWindowAssigner | SessionWindowAssigner;
  readonly allowedLatenessMs: Millis;
  readonly trigger?: WindowTrigger;
}

/**
 * Which late events a closed window still takes, for the watermark W of the event's partition and an allowed lateness L.
 * `event`: those of W − L or later; `window`: those of every window that ends after W − L.
 */
export type LateRule = 'event' | 'window';

/** What an engine is made for; the same for every driver. */
export interface EngineOptions {
  readonly windows: readonly WindowDefinition[];
  readonly lateRule: LateRule;
  /** Names of the metrics, in the order of the batches' value columns. */
  readonly metrics: readonly string[];
  readonly flatResults: boolean;
  readonly aggregation: AggregationSpec;
  readonly aggregators: readonly Aggregator<number>[];
  readonly keys: KeyDictionary;
  /** What the keys of all entries begin with: the engine's place in the state backend. */
  readonly entryPrefix: Uint8Array;
  /** True if entries say of which partitions they are, so that they can be dealt out to several engines. */
  readonly byPartition: boolean;
  /** False if deltas are never asked for: nothing is then kept for them. */
  readonly trackChanges: boolean;
  /** How much state may stay in memory when {@link WindowEngine.spill} is called, in bytes; Infinity for no bound. */
  readonly residentBytesLimit: number;
}
