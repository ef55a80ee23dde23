import type { AggregationOptions } from '../aggregations/parse-aggregation-spec.ts';
import type { Aggregator } from '../aggregations/aggregator.ts';
import type { DecodePlan, KeySelector, MetricSelector, Selector, Transform } from '../decode/decode-plan.ts';
import type { WindowDefinition } from '../engine/engine-options.ts';
import type { ErrorHandler } from '../plan/error-handler.ts';
import type { LateEventHandler } from '../plan/late-event-handler.ts';
import type { AggregationResult } from '../results/aggregation-result.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import type { EventSource } from '../sources/event-source.ts';
import type { StateBackend } from '../state/state-backend.ts';
import type { Millis } from '../time/instant.ts';
import type { TimestampUnit } from '../time/timestamp.ts';
import type { WatermarkGenerator } from '../time/watermark.ts';
import type { WindowTrigger } from '../windows/window-trigger.ts';

/** Windows as the builder was told of them; what they leave open is settled when the pipeline is built. */
export interface WindowSettings extends Omit<WindowDefinition, 'allowedLatenessMs' | 'trigger'> {
  readonly trigger: WindowTrigger | undefined;
}

/** What a builder has been told so far. */
export interface BuilderSettings {
  readonly name: string;
  readonly source: EventSource<unknown> | undefined;
  readonly transforms: readonly Transform[];
  readonly timestamp: Selector;
  readonly timestampUnit: TimestampUnit;
  readonly time: DecodePlan['time'];
  readonly maxFutureMs: Millis;
  readonly key:
    readonly KeySelector[] | ((event: never) => ReturnType<Extract<DecodePlan['key'], (event: never) => unknown>>);
  readonly metrics: readonly MetricSelector[];
  readonly flatResults: boolean;
  readonly windows: readonly WindowSettings[];
  readonly trigger: WindowTrigger | undefined;
  readonly late: LateEventHandler | undefined;
  readonly watermark: WatermarkGenerator;
  readonly idleTimeoutMs: Millis;
  readonly aggregation: AggregationOptions;
  readonly aggregators: readonly Aggregator<number>[];
  readonly state: StateBackend | undefined;
  readonly sinks: readonly EventSink<AggregationResult>[];
  readonly deadLetterSink: EventSink<DeadLetter> | undefined;
  readonly errorHandler: ErrorHandler;
  readonly parallelism: number;
  readonly bufferSize: number;
  readonly commitIntervalMs: Millis;
  readonly stateMemoryLimitBytes: number | undefined;
  readonly checkpointIntervalMs: Millis;
  readonly checkpointsRetained: number;
}
