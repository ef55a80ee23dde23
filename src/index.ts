export { ERROR_CODES, type ErrorCode } from './errors/codes.ts';
export { ProcessorError, type ProcessorErrorKind, type ProcessorErrorOptions } from './errors/processor-error.ts';

export { type Clock, SystemClock } from './time/clock.ts';
export { type Duration, formatDuration, parseDuration } from './time/duration.ts';
export type { Instant, Millis } from './time/instant.ts';
export type { TimestampUnit } from './time/timestamp.ts';
export { BoundedOutOfOrdernessWatermark } from './time/bounded-out-of-orderness-watermark.ts';
export { PeriodicWatermarkGenerator } from './time/periodic-watermark-generator.ts';
export { Watermark, type WatermarkGenerator } from './time/watermark.ts';

export { type Logger, silentLogger } from './telemetry/logger.ts';
export type { TraceContext } from './telemetry/trace-context.ts';
export { ProcessorMetrics, type ProcessorMetricsOptions } from './telemetry/metrics.ts';

export type { FieldPath } from './event/field-path.ts';
export { GroupingKey, type KeyField } from './event/grouping-key.ts';
export { type EventMetadata, EventTimestamp, type ProcessorEvent } from './event/processor-event.ts';
export type { ByteBlock, ObjectBlock, RecordBlock, RecordFault, RecordFormat } from './event/record-block.ts';
export { Window, type WindowType } from './event/window.ts';

export {
  AggregationResult,
  type AggregationResultInit,
  type MetricResults,
  type Pane,
  type Results,
} from './results/aggregation-result.ts';
export { DeadLetter, type DeadLetterInit, REJECTION_REASONS, type RejectionReason } from './results/dead-letter.ts';
export { LateEvent, type LateEventInit } from './results/late-event.ts';

export { CountTrigger } from './windows/count-trigger.ts';
export { EventTimeTrigger } from './windows/event-time-trigger.ts';
export { ProcessingTimeTrigger } from './windows/processing-time-trigger.ts';
export { SessionWindowAssigner } from './windows/session-window-assigner.ts';
export { SlidingWindowAssigner } from './windows/sliding-window-assigner.ts';
export { TumblingWindowAssigner } from './windows/tumbling-window-assigner.ts';
export type { TimeSpan, WindowAssigner, WindowOptions } from './windows/window-assigner.ts';
export type { TriggerContext, WindowTrigger } from './windows/window-trigger.ts';

export type { AggregateName, AggregationSpec, PercentileMethod } from './aggregations/aggregation-spec.ts';
export { AggregationState, type ResultOptions } from './aggregations/aggregation-state.ts';
export type { Aggregator } from './aggregations/aggregator.ts';
export {
  AverageAggregator,
  CountAggregator,
  MaxAggregator,
  MinAggregator,
  PercentileAggregator,
  type PercentileOptions,
  StdDevAggregator,
  SumAggregator,
} from './aggregations/builtin-aggregators.ts';
export { type AggregationOptions, parseAggregationSpec } from './aggregations/parse-aggregation-spec.ts';

export type { Codec } from './state/codec.ts';
export { MemoryStateBackend, type MemoryStateBackendOptions } from './state/memory/memory-state-backend.ts';
export { RocksDBStateBackend, type RocksDBStateBackendOptions } from './state/rocksdb/rocksdb-state-backend.ts';
export type { CheckpointInfo, StateBackend, StateEntry, StateOperation } from './state/state-backend.ts';
export { WindowStateManager } from './state/window-state-manager.ts';

export type {
  KafkaConfig,
  KafkaConnectionSettings,
  KafkaProducerConfig,
  KafkaSecurity,
} from './kafka/kafka-settings.ts';
export type { OffsetGroup } from './kafka/offset-group.ts';
export type { TopicPartition } from './kafka/partition-id.ts';

export { DemoSource, type DemoSourceOptions } from './sources/demo/demo-source.ts';
export { FileSource, type FileSourceOptions } from './sources/file/file-source.ts';
export { HttpSource, type HttpSourceOptions } from './sources/http/http-source.ts';
export type { HttpIntakeOutcome, HttpRejection } from './sources/http/intake-outcome.ts';
export { KafkaSource } from './sources/kafka/kafka-source.ts';
export { MemorySource, type MemorySourceOptions } from './sources/memory/memory-source.ts';
export { StdinSource, type StdinSourceOptions } from './sources/stdin/stdin-source.ts';
export type {
  EventSource,
  OpenSource,
  RecordRefusal,
  SourceContext,
  SourcePartition,
  SourcePosition,
} from './sources/event-source.ts';

export { CallbackSink } from './sinks/callback/callback-sink.ts';
export { ConsoleSink, type ConsoleSinkOptions } from './sinks/console/console-sink.ts';
export { DeadLetterSink } from './sinks/dead-letter/dead-letter-sink.ts';
export { KafkaAggregationSink } from './sinks/kafka/kafka-aggregation-sink.ts';
export type { Delivery, EventSink, SinkContext } from './sinks/event-sink.ts';
export type {
  DeliveryMark,
  DeliveryTransaction,
  TakenOver,
  TransactionCommit,
  TransactionContext,
} from './sinks/delivery-transaction.ts';
export { FileSink, type FileSinkOptions } from './sinks/file/file-sink.ts';
export type { HttpSinkOptions } from './sinks/http/http-options.ts';
export { HttpSink } from './sinks/http/http-sink.ts';
export { MetricsSink, type MetricsSinkOptions } from './sinks/metrics/metrics-sink.ts';
export type { PostgresConnection, PostgresSinkOptions, PostgresTls } from './sinks/postgres/postgres-options.ts';
export { PostgresSink } from './sinks/postgres/postgres-sink.ts';
export type { TlsFiles } from './sinks/tls-files.ts';
export type { WebSocketSinkOptions } from './sinks/websocket/websocket-options.ts';
export { WebSocketSink } from './sinks/websocket/websocket-sink.ts';

export type { LateRule } from './engine/engine-options.ts';

export { ErrorHandler, ErrorPolicy } from './plan/error-handler.ts';
export { LateEventHandler } from './plan/late-event-handler.ts';
export type { PipelinePlan, WindowPlan } from './plan/plan.ts';

export type {
  CheckpointAttempt,
  CommittedEpoch,
  DeliveredEpoch,
  RunObserver,
  RunProblem,
} from './runtime/run-observer.ts';
export type { RejectionTotal } from './runtime/run-totals.ts';
export type {
  ComponentStatus,
  Health,
  OpenSpanStatus,
  OpenWindowStatus,
  PartitionStatus,
  StateStatus,
  StatusSnapshot,
} from './runtime/status.ts';

export { type MonitoredPipeline, RunMonitor, type RunMonitorOptions } from './monitor/run-monitor.ts';

export type { HttpHeaders, HttpIntake } from './http/http-intake.ts';
export { createServer, type HttpServer, type HttpServerOptions } from './http/server.ts';

export { createPipeline } from './pipeline/create-pipeline.ts';
export { Pipeline, type PipelineOptions, type RunSettings, type RunSummary } from './pipeline/pipeline.ts';
export {
  type KeyFields,
  PipelineBuilder,
  type PipelineWindowOptions,
  type WithAggregate,
} from './pipeline/pipeline-builder.ts';
export type { EventSelector } from './pipeline/selectors.ts';

export {
  type ConfigOptions,
  type ConfigOverride,
  defaultConfig,
  loadConfig,
  LoadedConfig,
  parseConfig,
} from './config/config.ts';
export type { ConfigEntry } from './config/effective.ts';
export type { ConfigPath, Origin } from './config/located.ts';
export { planOfConfig, type PlanStreams } from './config/plan-of-config.ts';
export type { ProcessorConfig } from './config/schema/processor.ts';
