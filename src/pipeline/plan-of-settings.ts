import { parseAggregationSpec } from '../aggregations/parse-aggregation-spec.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { createPlan } from '../plan/create-plan.ts';
import type { PipelinePlan, WindowPlan } from '../plan/plan.ts';
import { defaultStateMemoryBytes } from '../plan/state-memory.ts';
import type { EventSource } from '../sources/event-source.ts';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import type { BuilderSettings, WindowSettings } from './builder-settings.ts';

/** In the place of a source that was not given; a pipeline without one can be built, and driven in a test. */
const NO_SOURCE: EventSource = {
  name: 'none',
  open: () =>
    Promise.reject(
      new ProcessorError('configuration', 'CONFIG_INVALID', 'the pipeline has no source: call withSource'),
    ),
};

/** @throws ProcessorError of kind `configuration`. */
export function planOf(settings: BuilderSettings): PipelinePlan {
  const { late } = settings;
  return createPlan({
    name: settings.name,
    source: settings.source ?? NO_SOURCE,
    decode: {
      timestamp: settings.timestamp,
      timestampUnit: settings.timestampUnit,
      time: settings.time,
      key: settings.key,
      metrics: settings.metrics,
      transforms: settings.transforms,
      maxFutureMs: settings.maxFutureMs,
    },
    windows: settings.windows.map((window) => windowPlanOf(window, settings)),
    lateRule: late?.rule ?? 'event',
    watermark: settings.watermark,
    idleTimeoutMs: settings.idleTimeoutMs,
    aggregation: parseAggregationSpec(settings.aggregation),
    aggregators: settings.aggregators,
    flatResults: settings.flatResults,
    state: settings.state ?? new MemoryStateBackend({ recoverable: false }),
    sinks: settings.sinks,
    ...(late?.sideOutput === undefined ? {} : { lateSink: late.sideOutput }),
    ...(settings.deadLetterSink === undefined ? {} : { deadLetterSink: settings.deadLetterSink }),
    errorHandler: settings.errorHandler,
    parallelism: settings.parallelism,
    bufferSize: settings.bufferSize,
    commitIntervalMs: settings.commitIntervalMs,
    stateMemoryLimitBytes: settings.stateMemoryLimitBytes ?? defaultStateMemoryBytes(),
    checkpointIntervalMs: settings.checkpointIntervalMs,
    checkpointsRetained: settings.checkpointsRetained,
  });
}

function windowPlanOf(window: WindowSettings, { late, trigger: common }: BuilderSettings): WindowPlan {
  const { name, assigner } = window;
  const trigger = window.trigger ?? common;
  return {
    name,
    type: assigner.type,
    assigner,
    allowedLatenessMs: assigner.allowedLateness ?? late?.allowedLatenessMs ?? 0,
    ...(trigger === undefined ? {} : { trigger }),
  };
}
