import type { GroupingKey } from '../event/grouping-key.ts';
import type { Window, WindowType } from '../event/window.ts';
import { formatInstant, type Instant } from '../time/instant.ts';

/** Which firing of its window a result comes from. */
export interface Pane {
  /** 0 for the first firing of the window, rising by 1. */
  readonly index: number;
  readonly timing: 'early' | 'on_time' | 'late' | 'retraction';
  /**
   * True when nothing can follow, however the input is read: nothing late is taken, the input has ended, or it is a
   * retraction. The last pane of a window need not be final.
   */
  readonly final: boolean;
}

/**
 * Aggregates of one metric. Those that are not enabled are absent; null where there is no such number (the average
 * of nothing, a sum beyond the range of a double).
 */
export interface MetricResults {
  readonly count?: number;
  readonly sum?: number | null;
  readonly average?: number | null;
  readonly min?: number | null;
  readonly max?: number | null;
  readonly stddev?: number | null;
  readonly stddev_sample?: number | null;
  /** True when the sum is beyond the range of a double; `sum` is then null. */
  readonly overflow?: true;
  readonly p50?: number | null;
  readonly p95?: number | null;
  readonly p99?: number | null;
  /** Any other percentile, such as `p99.9`. */
  readonly [percentile: `p${number}`]: number | null | undefined;
}

/** `results` of a pipeline: of its one metric, or of each of its metrics by name. Custom aggregators add fields. */
export type Results = MetricResults | Readonly<Record<string, MetricResults>>;

/** What a result is made from. */
export interface AggregationResultInit<R> {
  readonly pipeline: string;
  readonly windowName: string;
  readonly windowType: WindowType;
  readonly window: Window;
  readonly results: R;
  readonly pane: Pane;
  readonly timestamp: Instant;
}

/** The aggregates of one window of one key, as of one firing. `JSON.stringify` gives the documented form. */
export class AggregationResult<R = Results> {
  readonly pipeline: string;
  /** Name of the window definition: its type, unless it was given a name. Part of the id. */
  readonly windowName: string;
  readonly windowType: WindowType;
  readonly window: Window;
  readonly results: R;
  readonly pane: Pane;
  /** When the result was emitted, by the clock. The only part that differs on replay. */
  readonly timestamp: Instant;
  #text: string | undefined;

  constructor(init: AggregationResultInit<R>) {
    this.pipeline = init.pipeline;
    this.windowName = init.windowName;
    this.windowType = init.windowType;
    this.window = init.window;
    this.results = init.results;
    this.pane = init.pane;
    this.timestamp = init.timestamp;
  }

  /** The same on replay, different for every pane: a store that upserts by it holds each result once. */
  get id(): string {
    const { start, end, key } = this.window;
    return `${this.pipeline}/${this.windowName}/${key?.toString() ?? ''}/${start}/${end}/${this.pane.index}`;
  }

  get key(): GroupingKey | null {
    return this.window.key;
  }

  /** The result as JSON text, made once: state and sinks write the same. */
  toText(): string {
    this.#text ??= JSON.stringify(this);
    return this.#text;
  }

  toJSON(): object {
    return {
      id: this.id,
      pipeline: this.pipeline,
      window: { type: this.windowType, ...this.window.toJSON() },
      key: this.window.key?.toJSON() ?? null,
      results: this.results,
      pane: this.pane,
      timestamp: formatInstant(this.timestamp),
    };
  }
}
