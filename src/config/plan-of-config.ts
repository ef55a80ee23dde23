import type { Readable } from 'node:stream';
import type { DecodePlan, Selector } from '../decode/decode-plan.ts';
import { parseAggregationSpec } from '../aggregations/parse-aggregation-spec.ts';
import { present } from '../errors/assert.ts';
import { nameOfPath, parseFieldPath, type FieldPath } from '../event/field-path.ts';
import { createPlan } from '../plan/create-plan.ts';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import type { PipelinePlan, WindowPlan } from '../plan/plan.ts';
import { bytesOfMebibytes, defaultStateMemoryBytes } from '../plan/state-memory.ts';
import type { ConsoleStream } from '../sinks/console/console-sink.ts';
import type { DeadLetterSink } from '../sinks/dead-letter/dead-letter-sink.ts';
import { DemoSource } from '../sources/demo/demo-source.ts';
import type { EventSource } from '../sources/event-source.ts';
import { KafkaSource } from '../sources/kafka/kafka-source.ts';
import { FileSource } from '../sources/file/file-source.ts';
import { HttpSource } from '../sources/http/http-source.ts';
import { StdinSource } from '../sources/stdin/stdin-source.ts';
import { RocksDBStateBackend } from '../state/rocksdb/rocksdb-state-backend.ts';
import type { StateBackend } from '../state/state-backend.ts';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import { BoundedOutOfOrdernessWatermark } from '../time/bounded-out-of-orderness-watermark.ts';
import { PeriodicWatermarkGenerator } from '../time/periodic-watermark-generator.ts';
import type { WatermarkGenerator } from '../time/watermark.ts';
import { SessionWindowAssigner } from '../windows/session-window-assigner.ts';
import { SlidingWindowAssigner } from '../windows/sliding-window-assigner.ts';
import { TumblingWindowAssigner } from '../windows/tumbling-window-assigner.ts';
import type { LoadedConfig } from './config.ts';
import { configurationError, type Finding } from './finding.ts';
import { findingsOfHost, kafkaConsumerOf } from './kafka-of-config.ts';
import { isLoopback } from './loopback.ts';
import type { ProcessorConfig } from './schema/processor.ts';
import { millisOfSecs } from './schema/setting.ts';
import { sinksOf } from './sinks-of-config.ts';

/** What a configuration names and does not have: streams, and the metrics of the process. */
export interface PlanStreams {
  /** What a source of type `stdin` reads. */
  readonly stdin: Readable;
  /** Where a sink of type `console` writes. */
  readonly stdout: ConsoleStream;
  /** What a sink of type `metrics` adds to: the metrics that the pipeline is given too. */
  readonly metrics?: ProcessorMetrics;
}

/** What a configuration is right without, and must have before it is run. */
export function lacking(loaded: LoadedConfig): readonly Finding[] {
  const { enabled, host, token } = loaded.config.http;
  if (!enabled || isLoopback(host) || token !== undefined) return [];
  const message = `other machines can reach ${host}, so a run takes a token: set http.token, or PROCESSOR_HTTP__TOKEN`;
  return [loaded.finding(['http', 'host'], message)];
}

/**
 * The plan that a configuration describes; nothing is opened.
 * @throws ProcessorError CONFIG_INVALID where this host cannot run it.
 */
export function planOfConfig(loaded: LoadedConfig, streams: PlanStreams): PipelinePlan {
  const findings = findingsOfHost(loaded);
  if (findings.length > 0) throw configurationError(findings);
  const { config } = loaded;
  const { deadLetterSink, ...sinks } = sinksOf(config, streams);
  return createPlan({
    name: config.name,
    source: sourceOf(config, streams),
    decode: decodeOf(config),
    windows: windowsOf(config),
    lateRule: config.windows.late_rule,
    watermark: watermarkOf(config),
    idleTimeoutMs: millisOfSecs(config.watermark.idle_timeout_secs),
    aggregation: parseAggregationSpec({
      aggregates: config.aggregation.enabled,
      percentiles: config.aggregation.percentiles,
      percentileMethod: config.aggregation.percentile_method,
      relativeAccuracy: config.aggregation.relative_accuracy,
    }),
    aggregators: [],
    flatResults: config.event.values === undefined,
    state: stateOf(config),
    ...sinks,
    deadLetterSink,
    errorHandler: errorHandlerOf(config, deadLetterSink),
    // One thread is what there is: only who asked for more should be told so by the run.
    parallelism: loaded.isGiven(['parallelism']) ? config.parallelism : 1,
    bufferSize: config.buffer_size,
    commitIntervalMs: config.commit_interval_ms,
    stateMemoryLimitBytes:
      config.state.memory_limit_mb === undefined
        ? defaultStateMemoryBytes()
        : bytesOfMebibytes(config.state.memory_limit_mb),
    checkpointIntervalMs: millisOfSecs(config.checkpoint_interval_secs),
    checkpointsRetained: config.checkpoints_retained,
  });
}

function sourceOf({ source, kafka }: ProcessorConfig, streams: PlanStreams): EventSource {
  const format = source.format === undefined ? {} : { format: source.format };
  switch (source.type) {
    case 'file':
      return new FileSource(source.paths ?? [], { ...format, follow: source.follow });
    case 'stdin':
      return new StdinSource({ ...format, stream: streams.stdin });
    case 'http':
      return new HttpSource({
        bufferEvents: source.buffer_events,
        maxBodyBytes: source.max_body_bytes,
        logMaxBytes: source.log_max_mb * 1_048_576,
        ...(source.token === undefined ? {} : { token: source.token }),
      });
    case 'kafka':
      return new KafkaSource(kafkaConsumerOf(present(kafka.consumer, 'kafka.consumer')));
    case 'demo':
      return new DemoSource({
        eventsPerSec: source.events_per_sec,
        seed: source.seed,
        keys: source.keys,
        disorderSecs: source.disorder_secs,
        ...(source.total === 'unlimited' ? {} : { total: source.total }),
      });
  }
}

function decodeOf({ event }: ProcessorConfig): DecodePlan {
  const metrics = event.values ?? (event.value === undefined ? [] : [[nameOfPath(event.value), event.value] as const]);
  return {
    timestamp: selectorOf(event.timestamp),
    timestampUnit: event.timestamp_unit,
    time: event.time,
    key: event.key.map((path) => ({ name: nameOfPath(path), selector: selectorOf(path) })),
    metrics: Array.from(metrics, ([name, path]) => ({ name, selector: selectorOf(path) })),
    transforms: [],
    maxFutureMs: millisOfSecs(event.max_future_secs),
  };
}

function selectorOf(path: FieldPath): Selector {
  return { type: 'path', path: parseFieldPath(path), text: nameOfPath(path) };
}

function windowsOf({ windows }: ProcessorConfig): readonly WindowPlan[] {
  const types = typeof windows.default_type === 'string' ? [windows.default_type] : windows.default_type;
  return types.map((type) => {
    const assigner = assignerOf(windows, type);
    return { name: type, type, assigner, allowedLatenessMs: assigner.allowedLateness ?? 0 };
  });
}

function assignerOf(
  { tumbling, sliding, session }: ProcessorConfig['windows'],
  type: WindowPlan['type'],
): WindowPlan['assigner'] {
  const section = present({ tumbling, sliding, session }[type], `windows.${type}`);
  const allowedLateness = millisOfSecs(section.allowed_lateness_secs);
  if ('gap_secs' in section) return new SessionWindowAssigner(millisOfSecs(section.gap_secs), { allowedLateness });
  const options = { offset: millisOfSecs(section.offset_secs), allowedLateness };
  const size = millisOfSecs(section.size_secs);
  return 'slide_secs' in section
    ? new SlidingWindowAssigner(size, millisOfSecs(section.slide_secs), options)
    : new TumblingWindowAssigner(size, options);
}

function watermarkOf({ watermark }: ProcessorConfig): WatermarkGenerator {
  const base = new BoundedOutOfOrdernessWatermark(millisOfSecs(watermark.max_out_of_orderness_secs));
  const interval = millisOfSecs(watermark.emit_interval_secs);
  return interval === 0 ? base : new PeriodicWatermarkGenerator(interval, base);
}

function stateOf({ state }: ProcessorConfig): StateBackend {
  return state.backend === 'rocksdb'
    ? new RocksDBStateBackend(state.path, state.checkpoint_path)
    : new MemoryStateBackend({ recoverable: false });
}

function errorHandlerOf({ error_handling: handling }: ProcessorConfig, sink: DeadLetterSink): ErrorHandler {
  switch (handling.policy) {
    case 'retry':
      return new ErrorHandler(
        ErrorPolicy.retry({
          maxAttempts: handling.max_retries,
          initialDelay: handling.initial_retry_delay_ms,
          maxDelay: handling.max_retry_delay_ms,
        }),
        { sink },
      );
    case 'skip':
      return new ErrorHandler(ErrorPolicy.skip(), { sink });
    case 'dead_letter':
      return new ErrorHandler(ErrorPolicy.deadLetter(), { sink });
  }
}
