import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AggregateName } from '../aggregations/aggregation-spec.ts';
import type { Aggregator } from '../aggregations/aggregator.ts';
import type { AggregationOptions } from '../aggregations/parse-aggregation-spec.ts';
import type { Transform } from '../decode/decode-plan.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { nameOfPath, type FieldPath } from '../event/field-path.ts';
import type { GroupingKey } from '../event/grouping-key.ts';
import type { KafkaConfig } from '../kafka/kafka-settings.ts';
import type { ErrorHandler } from '../plan/error-handler.ts';
import type { LateEventHandler } from '../plan/late-event-handler.ts';
import { bytesOfMebibytes } from '../plan/state-memory.ts';
import type { AggregationResult, MetricResults } from '../results/aggregation-result.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import type { EventSource } from '../sources/event-source.ts';
import { KafkaSource } from '../sources/kafka/kafka-source.ts';
import type { StateBackend } from '../state/state-backend.ts';
import { parseDuration, type Duration } from '../time/duration.ts';
import type { TimestampUnit } from '../time/timestamp.ts';
import type { WatermarkGenerator } from '../time/watermark.ts';
import { SessionWindowAssigner } from '../windows/session-window-assigner.ts';
import { SlidingWindowAssigner } from '../windows/sliding-window-assigner.ts';
import { TumblingWindowAssigner } from '../windows/tumbling-window-assigner.ts';
import type { WindowOptions } from '../windows/window-assigner.ts';
import type { WindowTrigger } from '../windows/window-trigger.ts';
import type { BuilderSettings } from './builder-settings.ts';
import { Pipeline, type PipelineOptions } from './pipeline.ts';
import { planOf } from './plan-of-settings.ts';
import { selectorOf, type EventSelector } from './selectors.ts';

/** Settings of the windows added by a `with…Window` call. */
export interface PipelineWindowOptions extends WindowOptions {
  /** Part of result ids. Default: the type of the windows; needed for a second one of the same type. */
  readonly name?: string;
  /** Fires windows before their time. Default: that of {@link PipelineBuilder.withTrigger}. */
  readonly trigger?: WindowTrigger;
}

/** Fields of a key: paths, or names with where each comes from. */
export type KeyFields<E> = Readonly<Record<string, EventSelector<E, string | number | boolean | null | undefined>>>;

/** Results with one more aggregate in them, or in those of each value; where its name is known to the compiler. */
export type WithAggregate<R, N extends string, T> = string extends N
  ? R
  : R extends Readonly<Record<string, MetricResults>>
    ? { readonly [V in keyof R]: R[V] & { readonly [K in N]: T } }
    : R & { readonly [K in N]: T };

type ValueSelector<E> = EventSelector<E, number | null | undefined>;

/**
 * Describes a pipeline of events `E` with results `R`, step by step. Immutable: every call gives a new builder, so a
 * part can be shared. Nothing is opened or started before {@link Pipeline.run}.
 */
export class PipelineBuilder<E, R> {
  readonly #settings: BuilderSettings;

  constructor(settings: BuilderSettings) {
    this.#settings = settings;
  }

  /** Where the events come from. Before `map` and its like, for `E` is then still what the source gives. */
  withSource(source: EventSource<E>): PipelineBuilder<E, R> {
    return this.#with({ source });
  }

  /** Reads topics of Kafka. @throws ProcessorError CONFIG_INVALID. */
  withKafkaSource(config: KafkaConfig): PipelineBuilder<E, R> {
    return this.withSource(new KafkaSource(config));
  }

  /**
   * Validates every event by a Standard Schema (zod, valibot, arktype and others), which also gives its type. What
   * fails is a dead letter with the reason. The schema must be synchronous.
   */
  withSchema<S extends StandardSchemaV1>(schema: S): PipelineBuilder<StandardSchemaV1.InferOutput<S>, R> {
    return this.#transformed({ type: 'schema', schema });
  }

  /** Keeps the events for which `isKept` holds. */
  filter<F extends E>(isKept: (event: E) => event is F): PipelineBuilder<F, R>;
  filter(isKept: (event: E) => boolean): PipelineBuilder<E, R>;
  filter(isKept: (event: E) => boolean): PipelineBuilder<E, R> {
    return this.#transformed({ type: 'filter', apply: isKept });
  }

  /** Changes every event. */
  map<F>(change: (event: E) => F): PipelineBuilder<F, R> {
    return this.#transformed({ type: 'map', apply: change });
  }

  /** Makes every event into any number of events. */
  flatMap<F>(change: (event: E) => Iterable<F>): PipelineBuilder<F, R> {
    return this.#transformed({ type: 'flat-map', apply: change });
  }

  /** Where event time stands: a path, or a function. Default: the field `timestamp`, numbers in ms. */
  withTimestamp(
    selector: EventSelector<E, Date | number | string>,
    options: { readonly unit?: TimestampUnit } = {},
  ): PipelineBuilder<E, R> {
    return this.#with({ time: 'event', timestamp: selectorOf(selector), timestampUnit: options.unit ?? 'ms' });
  }

  /** Windows by when the source received an event, in place of event time. */
  withIngestionTime(): PipelineBuilder<E, R> {
    return this.#with({ time: 'ingestion' });
  }

  /** Windows by when an event is handled, in place of event time. */
  withProcessingTime(): PipelineBuilder<E, R> {
    return this.#with({ time: 'processing' });
  }

  /** Rejects events further ahead of the clock than this. Default 1 h. */
  withMaxFuture(maxFuture: Duration): PipelineBuilder<E, R> {
    return this.#with({ maxFutureMs: maxFuture === Infinity ? Infinity : parseDuration(maxFuture, 'max future') });
  }

  /**
   * What events are grouped by: paths (`withKey('model', 'user.region')`), named fields
   * (`withKey({ model: (e) => e.model })`), or a function that gives the whole key. Default: one group of all.
   */
  withKey(key: KeyFields<E> | ((event: E) => GroupingKey | null)): PipelineBuilder<E, R>;
  withKey(...paths: readonly FieldPath[]): PipelineBuilder<E, R>;
  withKey(
    ...key: readonly FieldPath[] | readonly [KeyFields<E> | ((event: E) => GroupingKey | null)]
  ): PipelineBuilder<E, R> {
    const [first] = key;
    if (typeof first === 'function') return this.#with({ key: first });
    if (key.length === 1 && isRecord(first)) {
      return this.#with({ key: Object.entries(first).map(([name, field]) => ({ name, selector: selectorOf(field) })) });
    }
    const paths = key as readonly FieldPath[];
    return this.#with({ key: paths.map((path) => ({ name: nameOfPath(path), selector: selectorOf(path) })) });
  }

  /** The one value to aggregate: a path, or a function. Results are then flat: `result.results.count`. */
  withValue(value: ValueSelector<E>): PipelineBuilder<E, MetricResults> {
    return this.#with({ metrics: [{ name: 'value', selector: selectorOf(value) }], flatResults: true });
  }

  /** Several values, each under its name: `result.results.latency.p95`. */
  withValues<V extends Readonly<Record<string, ValueSelector<E>>>>(
    values: V,
  ): PipelineBuilder<E, { readonly [K in keyof V]: MetricResults }> {
    const metrics = Object.entries(values).map(([name, value]) => ({ name, selector: selectorOf(value) }));
    return this.#with({ metrics, flatResults: false });
  }

  /** Adds windows of one size, one after another. */
  withTumblingWindow(size: Duration, options: PipelineWindowOptions = {}): PipelineBuilder<E, R> {
    return this.withWindow(new TumblingWindowAssigner(size, options), options);
  }

  /** Adds windows of one size that start every `slide`. */
  withSlidingWindow(size: Duration, slide: Duration, options: PipelineWindowOptions = {}): PipelineBuilder<E, R> {
    return this.withWindow(new SlidingWindowAssigner(size, slide, options), options);
  }

  /** Adds windows that last as long as less than `gap` lies between events. */
  withSessionWindow(gap: Duration, options: Omit<PipelineWindowOptions, 'offset'> = {}): PipelineBuilder<E, R> {
    return this.withWindow(new SessionWindowAssigner(gap, options), options);
  }

  /** Adds windows by their assigner. Several windows are computed in one pass. */
  withWindow(
    assigner: TumblingWindowAssigner | SlidingWindowAssigner | SessionWindowAssigner,
    options: Pick<PipelineWindowOptions, 'name' | 'trigger'> = {},
  ): PipelineBuilder<E, R> {
    const window = { name: options.name ?? assigner.type, assigner, trigger: options.trigger };
    return this.#with({ windows: [...this.#settings.windows, window] });
  }

  /** The trigger of windows that have none of their own. */
  withTrigger(trigger: WindowTrigger): PipelineBuilder<E, R> {
    return this.#with({ trigger });
  }

  /** What happens to late events. Default: none is taken; what is late is counted and dropped. */
  withLateEventHandler(late: LateEventHandler): PipelineBuilder<E, R> {
    return this.#with({ late });
  }

  /** How watermarks are made. Default: `new BoundedOutOfOrdernessWatermark('30s')`. */
  withWatermarkGenerator(watermark: WatermarkGenerator): PipelineBuilder<E, R> {
    return this.#with({ watermark });
  }

  /** After how long a silent partition, with nothing left to read, is left out of the watermark. Default 1 min. */
  withIdleTimeout(idleTimeout: Duration): PipelineBuilder<E, R> {
    const idleTimeoutMs = idleTimeout === Infinity ? Infinity : parseDuration(idleTimeout, 'idle timeout');
    return this.#with({ idleTimeoutMs });
  }

  /** Which aggregates are computed. Default: all but `stddev_sample`, percentiles 50, 95 and 99. */
  withAggregations(...aggregates: readonly AggregateName[]): PipelineBuilder<E, R> {
    return this.#with({ aggregation: { ...this.#settings.aggregation, aggregates } });
  }

  /** Which percentiles are computed, 0 < p ≤ 100, and how. */
  withPercentiles(
    percentiles: readonly number[],
    options: Pick<AggregationOptions, 'percentileMethod' | 'relativeAccuracy'> = {},
  ): PipelineBuilder<E, R> {
    return this.#with({ aggregation: { ...this.#settings.aggregation, ...options, percentiles } });
  }

  /** Adds an aggregate of one's own to every value; its result stands in `results` under its name. After the values. */
  withAggregator<N extends string, A, T>(
    aggregator: Aggregator<number, A, T> & { readonly name: N },
  ): PipelineBuilder<E, WithAggregate<R, N, T>> {
    // The engine hands an aggregator nothing but accumulators that it made itself.
    const added = aggregator as unknown as Aggregator<number>;
    return this.#with({ aggregators: [...this.#settings.aggregators, added] });
  }

  /** Where progress and windows are kept. Default: in the process, for as long as it lives. */
  withStateBackend(state: StateBackend): PipelineBuilder<E, R> {
    return this.#with({ state });
  }

  /**
   * Bound on the windows that are held in memory, in MiB, 8 or more; the rest waits in the state backend. Default: half
   * of the heap that Node allows itself. No bound where the backend itself is in memory.
   */
  withStateMemoryLimit(mebibytes: number): PipelineBuilder<E, R> {
    return this.#with({ stateMemoryLimitBytes: bytesOfMebibytes(mebibytes) });
  }

  /** Adds a sink for results. Every sink gets every result. */
  withSink(sink: EventSink<AggregationResult<R>>): PipelineBuilder<E, R> {
    // The builder's settings decide the shape of results, and R follows them.
    const added = sink as unknown as EventSink;
    return this.#with({ sinks: [...this.#settings.sinks, added] });
  }

  /** Where records go that cannot be used. Default: they are counted, and a warning is logged. */
  withDeadLetterSink(deadLetterSink: EventSink<DeadLetter>): PipelineBuilder<E, R> {
    return this.#with({ deadLetterSink });
  }

  /** What happens when a sink or a source fails. Default: three retries, then the run fails. */
  withErrorHandler(errorHandler: ErrorHandler): PipelineBuilder<E, R> {
    return this.#with({ errorHandler });
  }

  /** Threads that aggregate. Default 1; this version uses no more. */
  withParallelism(parallelism: number): PipelineBuilder<E, R> {
    return this.#with({ parallelism });
  }

  /** Events read but not yet committed before sources are paused. Default 10,000. */
  withBufferSize(bufferSize: number): PipelineBuilder<E, R> {
    return this.#with({ bufferSize });
  }

  /** Length of an epoch. Default 100 ms. */
  withCommitInterval(commitInterval: Duration): PipelineBuilder<E, R> {
    return this.#with({ commitIntervalMs: parseDuration(commitInterval, 'commit interval') });
  }

  /** How often a state that outlives the process is checkpointed, and how many are kept. Default: every 60 s, 3. */
  withCheckpoints(options: { readonly interval?: Duration; readonly retained?: number }): PipelineBuilder<E, R> {
    const { interval, retained } = options;
    return this.#with({
      ...(interval === undefined ? {} : { checkpointIntervalMs: parseDuration(interval, 'checkpoint interval') }),
      ...(retained === undefined ? {} : { checkpointsRetained: retained }),
    });
  }

  /**
   * Checks the whole and gives the pipeline.
   * @throws ProcessorError of kind `configuration`.
   */
  build(options: PipelineOptions = {}): Pipeline<R> {
    return new Pipeline<R>(planOf(this.#settings), options);
  }

  #with<S = R>(changes: Partial<BuilderSettings>): PipelineBuilder<E, S> {
    return new PipelineBuilder<E, S>({ ...this.#settings, ...changes });
  }

  #transformed<F>(transform: Transform): PipelineBuilder<F, R> {
    const { timestamp, key, metrics } = this.#settings;
    const keySelectors = typeof key === 'function' ? [] : key.map(({ selector }) => selector);
    const selectors = [timestamp, ...keySelectors, ...metrics.map(({ selector }) => selector)];
    if (typeof key === 'function' || selectors.some(({ type }) => type === 'function')) {
      const message = `call ${transform.type === 'schema' ? 'withSchema' : 'filter, map and flatMap'} before withTimestamp, withKey and withValue: their functions are given the event as it is after all of these`;
      throw new ProcessorError('configuration', 'CONFIG_INVALID', message);
    }
    return new PipelineBuilder<F, R>({ ...this.#settings, transforms: [...this.#settings.transforms, transform] });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, EventSelector<never, never>>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
