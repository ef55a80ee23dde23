import type { AggregationSpec } from '../aggregations/aggregation-spec.ts';
import type { Aggregator } from '../aggregations/aggregator.ts';
import type { DecodePlan } from '../decode/decode-plan.ts';
import type { LateRule, WindowDefinition } from '../engine/engine-options.ts';
import type { WindowType } from '../event/window.ts';
import type { AggregationResult } from '../results/aggregation-result.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { LateEvent } from '../results/late-event.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import type { EventSource } from '../sources/event-source.ts';
import type { StateBackend } from '../state/state-backend.ts';
import type { Millis } from '../time/instant.ts';
import type { WatermarkGenerator } from '../time/watermark.ts';
import type { ErrorHandler } from './error-handler.ts';

/** One window definition of a pipeline; its name is unique in it, and part of result ids. */
export interface WindowPlan extends WindowDefinition {
  readonly type: WindowType;
}

/**
 * A pipeline as data: complete, validated, frozen, nothing started. What the builder and the configuration file
 * both come down to, and all that the runtime reads.
 */
export interface PipelinePlan {
  /** Pipeline id: result ids and state are kept under it. */
  readonly name: string;
  readonly source: EventSource<unknown>;
  readonly decode: DecodePlan;
  readonly windows: readonly WindowPlan[];
  readonly lateRule: LateRule;
  readonly watermark: WatermarkGenerator;
  /** How long a partition must be silent, with nothing left to read, before it is left out of the watermark. */
  readonly idleTimeoutMs: Millis;
  readonly aggregation: AggregationSpec;
  readonly aggregators: readonly Aggregator<number>[];
  /** True if results are those of the one metric, not of each metric by name. */
  readonly flatResults: boolean;
  readonly state: StateBackend;
  readonly sinks: readonly EventSink<AggregationResult>[];
  readonly lateSink?: EventSink<LateEvent>;
  readonly deadLetterSink?: EventSink<DeadLetter>;
  readonly errorHandler: ErrorHandler;
  /** Threads that aggregate; this version uses one, and says so if more are asked for. */
  readonly parallelism: number;
  /** Events read but not yet committed before sources are paused. */
  readonly bufferSize: number;
  /** Length of an epoch. */
  readonly commitIntervalMs: Millis;
  /**
   * Bytes of windows that the engine may hold in memory where the state backend can take the rest; no bound where it
   * cannot.
   */
  readonly stateMemoryLimitBytes: number;
  /** Time between two checkpoints of a state that outlives the process. */
  readonly checkpointIntervalMs: Millis;
  /** How many of the checkpoints that a run has made by itself are kept. */
  readonly checkpointsRetained: number;
}
