import type { WindowType } from '../event/window.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import { sinkNames } from '../runtime/sink-parts.ts';
import { BoundedOutOfOrdernessWatermark } from '../time/bounded-out-of-orderness-watermark.ts';
import type { Millis } from '../time/instant.ts';
import { PeriodicWatermarkGenerator } from '../time/periodic-watermark-generator.ts';
import type { WatermarkGenerator } from '../time/watermark.ts';

/** A window definition, as far as one looking on cares. */
export interface WindowOutline {
  readonly name: string;
  readonly type: WindowType;
  /** `tumbling(size=5m)`. */
  readonly description: string;
  readonly allowedLatenessMs: Millis;
  /** True where a trigger may fire it before its end. */
  readonly hasTrigger: boolean;
}

/** What a pipeline is made of, as plain data that does not change while it runs. */
export interface PipelineOutline {
  readonly name: string;
  /** Name of the source, such as `kafka`. */
  readonly source: string;
  readonly time: 'event' | 'ingestion' | 'processing';
  /** Names of the key fields; empty where nothing is grouped, or by a function. */
  readonly key: readonly string[];
  readonly metrics: readonly string[];
  readonly windows: readonly WindowOutline[];
  /** How far out of order events may come; null where the watermark follows a rule of the pipeline's own. */
  readonly disorderMs: Millis | null;
  readonly idleTimeoutMs: Millis;
  /** The result sinks, by their names in `components`, without `sink:`. */
  readonly sinks: readonly string[];
  readonly hasLateSink: boolean;
  readonly hasDeadLetterSink: boolean;
  readonly stateBackend: string;
  readonly commitIntervalMs: Millis;
  readonly bufferSize: number;
}

/** The outline of a plan. */
export function outlineOf(plan: PipelinePlan): PipelineOutline {
  const { decode } = plan;
  return {
    name: plan.name,
    source: plan.source.name,
    time: decode.time,
    key: typeof decode.key === 'function' ? [] : decode.key.map(({ name }) => name),
    metrics: decode.metrics.map(({ name }) => name),
    windows: plan.windows.map(({ name, type, assigner, allowedLatenessMs, trigger }) => ({
      name,
      type,
      description: assigner.describe(),
      allowedLatenessMs,
      hasTrigger: trigger !== undefined,
    })),
    disorderMs: disorderOf(plan.watermark),
    idleTimeoutMs: plan.idleTimeoutMs,
    sinks: sinkNames(plan),
    hasLateSink: plan.lateSink !== undefined,
    hasDeadLetterSink: (plan.errorHandler.sink ?? plan.deadLetterSink) !== undefined,
    stateBackend: plan.state.name,
    commitIntervalMs: plan.commitIntervalMs,
    bufferSize: plan.bufferSize,
  };
}

function disorderOf(watermark: WatermarkGenerator): Millis | null {
  if (watermark instanceof PeriodicWatermarkGenerator) return disorderOf(watermark.base);
  return watermark instanceof BoundedOutOfOrdernessWatermark ? watermark.maxOutOfOrdernessMs : null;
}
