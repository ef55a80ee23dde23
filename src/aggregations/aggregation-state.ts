import { ProcessorError } from '../errors/processor-error.ts';
import type { Window, WindowType } from '../event/window.ts';
import { AggregationResult, type MetricResults, type Pane } from '../results/aggregation-result.ts';
import type { Instant } from '../time/instant.ts';
import type { AggregationSpec } from './aggregation-spec.ts';
import { decodeState, encodeState } from './aggregation-state-bytes.ts';
import { MetricAccumulator } from './metric-accumulator.ts';
import { parseAggregationSpec } from './parse-aggregation-spec.ts';

const DEFAULT_SPEC = parseAggregationSpec();

/** What a result says besides the aggregates. */
export interface ResultOptions {
  /** Default `processor`. */
  readonly pipeline?: string;
  /** Default `tumbling`. */
  readonly windowType?: WindowType;
  /** Default: the window's type. */
  readonly windowName?: string;
  /** Default: the first one, on time, not final. */
  readonly pane?: Pane;
  /** Default: the end of the window, for there is no clock in here. */
  readonly timestamp?: Instant;
}

/**
 * All aggregates of one window, to be used without a pipeline. The class itself is a codec: it encodes and decodes
 * its instances, window and settings included.
 */
export class AggregationState {
  readonly window: Window;
  readonly spec: AggregationSpec;
  #accumulator: MetricAccumulator;

  /** `spec`: from {@link parseAggregationSpec}; default: its defaults. */
  constructor(window: Window, spec: AggregationSpec = DEFAULT_SPEC) {
    this.window = window;
    this.spec = spec;
    this.#accumulator = new MetricAccumulator(spec);
  }

  /** @throws ProcessorError VALUE_NOT_FINITE for NaN and infinities. */
  addValue(value: number): void {
    this.#accumulator.add(value);
  }

  /**
   * Adds all of another's values, which stays as it is.
   * @throws ProcessorError ACCUMULATOR_MISMATCH if it is of another window, key or spec.
   */
  merge(other: AggregationState): void {
    const [mine, theirs] = [this.window, other.window].map((window) => JSON.stringify(window));
    if (mine !== theirs) {
      throw new ProcessorError(
        'aggregation',
        'ACCUMULATOR_MISMATCH',
        `aggregates of different windows cannot be merged: ${String(mine)} and ${String(theirs)}`,
      );
    }
    this.#accumulator.merge(other.#accumulator);
  }

  get count(): number {
    return this.#accumulator.count;
  }

  /** Null where it is beyond the range of a double, or not enabled. */
  get sum(): number | null {
    return this.#accumulator.sum;
  }

  /** Null where there are no values, or it is not enabled; likewise below. */
  get average(): number | null {
    return this.#accumulator.average();
  }

  get min(): number | null {
    return this.#accumulator.min;
  }

  get max(): number | null {
    return this.#accumulator.max;
  }

  /** Of the population. */
  standardDeviation(): number | null {
    return this.#accumulator.standardDeviation();
  }

  /** Of a sample; null for one value. */
  sampleStandardDeviation(): number | null {
    return this.#accumulator.sampleStandardDeviation();
  }

  /** @throws ProcessorError PERCENTILE_INVALID unless 0 < p ≤ 100. */
  percentile(p: number): number | null {
    return this.#accumulator.percentile(p);
  }

  p50(): number | null {
    return this.#accumulator.p50();
  }

  p95(): number | null {
    return this.#accumulator.p95();
  }

  p99(): number | null {
    return this.#accumulator.p99();
  }

  /** The aggregates as a pipeline would emit them. */
  toResult(options: ResultOptions = {}): AggregationResult<MetricResults> {
    const windowType = options.windowType ?? 'tumbling';
    return new AggregationResult({
      pipeline: options.pipeline ?? 'processor',
      windowName: options.windowName ?? windowType,
      windowType,
      window: this.window,
      results: this.#accumulator.results(),
      pane: options.pane ?? { index: 0, timing: 'on_time', final: false },
      timestamp: options.timestamp ?? this.window.end,
    });
  }

  static encode(state: AggregationState): Uint8Array {
    return encodeState(state.window, state.spec, state.#accumulator.encode());
  }

  /** @throws ProcessorError ACCUMULATOR_CORRUPT for bytes that `encode` did not make. */
  static decode(bytes: Uint8Array): AggregationState {
    const { window, spec, accumulator } = decodeState(bytes);
    const state = new AggregationState(window, spec);
    state.#accumulator = MetricAccumulator.decode(accumulator, spec);
    return state;
  }
}
