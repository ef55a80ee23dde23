import { ErrorHandler } from '../plan/error-handler.ts';
import type { MetricResults } from '../results/aggregation-result.ts';
import { BoundedOutOfOrdernessWatermark } from '../time/bounded-out-of-orderness-watermark.ts';
import { PipelineBuilder } from './pipeline-builder.ts';
import { selectorOf } from './selectors.ts';

/**
 * Begins a pipeline of events `E`. `name` is its id: part of every result's id, and what its state is kept under.
 *
 * ```ts
 * const pipeline = createPipeline<FeedbackEvent>()
 *   .withSource(new FileSource('events.ndjson'))
 *   .withKey('model')
 *   .withValue((event) => event.latencyMs)
 *   .withTumblingWindow('5m')
 *   .withSink(new ConsoleSink())
 *   .build();
 * await pipeline.run();
 * ```
 */
export function createPipeline<E = unknown>(name = 'processor'): PipelineBuilder<E, MetricResults> {
  return new PipelineBuilder<E, MetricResults>({
    name,
    source: undefined,
    transforms: [],
    timestamp: selectorOf('timestamp'),
    timestampUnit: 'ms',
    time: 'event',
    maxFutureMs: 3_600_000,
    key: [],
    metrics: [],
    flatResults: true,
    windows: [],
    trigger: undefined,
    late: undefined,
    watermark: new BoundedOutOfOrdernessWatermark('30s'),
    idleTimeoutMs: 60_000,
    aggregation: {},
    aggregators: [],
    state: undefined,
    sinks: [],
    deadLetterSink: undefined,
    errorHandler: new ErrorHandler(),
    parallelism: 1,
    bufferSize: 10_000,
    commitIntervalMs: 100,
    stateMemoryLimitBytes: undefined,
    checkpointIntervalMs: 60_000,
    checkpointsRetained: 3,
  });
}
