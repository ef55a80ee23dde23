import type { Aggregate, OracleConfig, WindowDefinition } from '../oracle/model.ts';
import type { Input } from './input.ts';
import type { Random } from './random.ts';

const SECOND_MS = 1000;

/** What a pipeline computes, as far as it is drawn before its input. */
export interface DrawnParts {
  readonly windows: readonly WindowDefinition[];
  readonly metrics: readonly string[];
  readonly aggregates: readonly Aggregate[];
  readonly disorderSecs: number;
}

/** Draws what is computed. `hasGaps`: sliding windows may have gaps between them; an event there has no result. */
export function drawParts(random: Random, { hasGaps }: { readonly hasGaps: boolean }): DrawnParts {
  return {
    windows: drawWindows(random, hasGaps),
    metrics: random.one<readonly string[]>([[], ['ms'], ['ms', 'cost']]),
    aggregates: drawAggregates(random),
    disorderSecs: random.one([0, 1, 5]),
  };
}

/** The same for the oracle, with the last that is to be drawn. */
export function oracleOf(random: Random, { windows, metrics, aggregates, disorderSecs }: DrawnParts): OracleConfig {
  return {
    pipeline: 'chaos',
    windows,
    lateRule: random.one(['event', 'event', 'window']),
    outOfOrderness: disorderSecs * SECOND_MS,
    aggregates,
    percentiles: [50, 95],
    metrics,
    flat: metrics.length === 1,
  };
}

function drawWindows(random: Random, hasGaps: boolean): readonly WindowDefinition[] {
  const allowedLateness = random.one([0, 0, 0, 5, 20]) * SECOND_MS;
  const size = random.one([5, 10, 30]) * SECOND_MS;
  const offset = random.one([0, 0, 3 * SECOND_MS]);
  const tumbling = { name: 'tumbling', type: 'tumbling', size, offset, allowedLateness } as const;
  // An event in a gap has no result, and by its marker's result it is told whether a request was taken.
  const slide = random.one([size / 2, size / 5, hasGaps ? size * 1.5 : size / 2]);
  const sliding = { name: 'sliding', type: 'sliding', size, slide, offset, allowedLateness } as const;
  const session = { name: 'session', type: 'session', gap: random.whole(1, 8) * SECOND_MS, allowedLateness } as const;
  return random.one<readonly WindowDefinition[]>([
    [tumbling],
    [tumbling],
    [sliding],
    [session],
    [tumbling, session],
    [tumbling, sliding],
  ]);
}

function drawAggregates(random: Random): readonly Aggregate[] {
  const more = (['average', 'min', 'max', 'percentile', 'stddev'] as const).filter(() => random.chance(0.4));
  return ['count', 'sum', ...more];
}

/** `processor:` for a drawn pipeline, without its source, sinks and folders. `isCold`: not all of the state fits in memory. */
export function settingsOf(
  random: Random,
  oracle: OracleConfig,
  { keyFields: key, hasLate }: Pick<Input, 'keyFields' | 'hasLate'>,
  isCold: boolean,
): Readonly<Record<string, unknown>> {
  const { metrics, windows, aggregates, percentiles, lateRule } = oracle;
  const values = metrics.length === 0 ? {} : { values: Object.fromEntries(metrics.map((name) => [name, name])) };
  return {
    name: oracle.pipeline,
    commit_interval_ms: random.one([5, 20, 50, 100]),
    checkpoint_interval_secs: random.one([0.1, 0.3, 1]),
    checkpoints_retained: random.whole(1, 3),
    buffer_size: random.one([100, 1000, 10_000]),
    event: { key, ...(oracle.flat ? { value: metrics[0] } : values) },
    windows: {
      default_type: windows.map(({ type }) => type),
      late_rule: lateRule,
      ...Object.fromEntries(windows.map((window) => [window.type, windowSettings(window)])),
    },
    watermark: {
      max_out_of_orderness_secs: (oracle.outOfOrderness ?? 0) / SECOND_MS,
      idle_timeout_secs: 3600,
      // What is late for a watermark is not for one that is held back, and that is a matter of the clock.
      ...(hasLate ? {} : { emit_interval_secs: random.one([0, 0, 0.02, 0.2]) }),
    },
    aggregation: { enabled: aggregates, percentiles, percentile_method: 'exact' },
    metrics: { enabled: false },
    http: { port: 0 },
    state: { backend: 'rocksdb', ...(isCold ? { memory_limit_mb: 8 } : {}) },
  };
}

function windowSettings(window: WindowDefinition): object {
  const allowed_lateness_secs = window.allowedLateness / SECOND_MS;
  if (window.type === 'session') return { gap_secs: window.gap / SECOND_MS, allowed_lateness_secs };
  const aligned = { size_secs: window.size / SECOND_MS, offset_secs: window.offset / SECOND_MS, allowed_lateness_secs };
  return window.type === 'tumbling' ? aligned : { ...aligned, slide_secs: window.slide / SECOND_MS };
}
