import type { Aggregate, OracleConfig, WindowDefinition } from '../oracle/model.ts';
import { drawInput, type Input } from './input.ts';
import { Random } from './random.ts';

/** `follow`: files that grow while they are read. `bounded`: files that are there, some of them gzipped. */
export type SourceKind = 'follow' | 'bounded' | 'http';

/** How a life of the process ends. The last one always ends by itself, or by SIGTERM when all is processed. */
export type End = 'random' | 'recovery' | 'checkpoint' | 'sigterm';

/** What happens in and after a life of the process, besides its end. */
export interface LifePlan {
  readonly end: End;
  /** For ends at a moment: how far into what it waits for, from 0 to 1. */
  readonly moment: number;
  /** `state inspect` on the live process. */
  readonly inspected: boolean;
  /** Another process on the same state. */
  readonly intruder: boolean;
  /** The disk fills up in this life; only where the world has a small one. */
  readonly filled: boolean;
  /** The newest checkpoint is put back before the next life. */
  readonly restored: boolean;
  /** That is killed too, and done again. */
  readonly restoreKilled: boolean;
}

/** Everything of a round that follows from its seed. When exactly a signal arrives does not. */
export interface World {
  readonly seed: number;
  readonly source: SourceKind;
  readonly oracle: OracleConfig;
  readonly input: Input;
  /** Of `processor:`, without what depends on the folder. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly lives: readonly LifePlan[];
  /** The state lies on a small disk; `sinks`: what is written does too. */
  readonly disk: 'large' | 'small' | 'small with sinks';
}

/** What must be so, whatever the seed. */
export interface WorldOptions {
  readonly source?: SourceKind;
  readonly smallDisk: boolean;
}

const SECOND_MS = 1000;

/** The world of a seed. */
export function drawWorld(seed: number, { source: wanted, smallDisk }: WorldOptions): World {
  const random = new Random(seed);
  const drawn = random.one<SourceKind>(['follow', 'follow', 'follow', 'bounded', 'http', 'http']);
  // Files that are all there are read before a disk is noticed to be full.
  const source = wanted ?? (smallDisk && drawn === 'bounded' ? 'follow' : drawn);
  const partitions = source === 'http' ? 1 : random.whole(1, 3);
  const windows = drawWindows(random, source);
  const metrics = random.one<readonly string[]>([[], ['ms'], ['ms', 'cost']]);
  const aggregates = drawAggregates(random);
  const disorderSecs = random.one([0, 1, 5]);
  const senders = source === 'http' && random.chance(0.5) ? 4 : 1;
  const oracle: OracleConfig = {
    pipeline: 'chaos',
    windows,
    lateRule: random.one(['event', 'event', 'window']),
    // Requests side by side come in any order.
    outOfOrderness: (senders > 1 ? Math.max(1, disorderSecs) : disorderSecs) * SECOND_MS,
    aggregates,
    percentiles: [50, 95],
    metrics,
    flat: metrics.length === 1,
  };
  // Otherwise what sessions hold would depend on the order in which the partitions are read.
  const mayBeLate = senders === 1 && (partitions === 1 || windows.every(({ type }) => type !== 'session'));
  // All that a world writes must fit a small disk; and what knows the files is not to be had while it is full.
  const isCold = random.chance(0.2) && !smallDisk;
  const mayRotate = source === 'follow' && !smallDisk;
  const input = drawInput(random, { source, partitions, oracle, senders, mayBeLate, isCold, mayRotate });
  return {
    seed,
    source,
    oracle,
    input,
    settings: settingsOf(random, oracle, input.keyFields, isCold),
    lives: drawLives(random, smallDisk),
    disk: smallDisk ? random.one(['small', 'small with sinks']) : 'large',
  };
}

function drawWindows(random: Random, source: SourceKind): readonly WindowDefinition[] {
  const allowedLateness = random.one([0, 0, 0, 5, 20]) * SECOND_MS;
  const size = random.one([5, 10, 30]) * SECOND_MS;
  const offset = random.one([0, 0, 3 * SECOND_MS]);
  const tumbling = { name: 'tumbling', type: 'tumbling', size, offset, allowedLateness } as const;
  // An event in a gap has no result, and by its marker's result it is told whether a request was taken.
  const slide = random.one([size / 2, size / 5, source === 'http' ? size / 2 : size * 1.5]);
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

function settingsOf(
  random: Random,
  oracle: OracleConfig,
  key: readonly string[],
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
    watermark: { max_out_of_orderness_secs: (oracle.outOfOrderness ?? 0) / SECOND_MS, idle_timeout_secs: 3600 },
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

function drawLives(random: Random, smallDisk: boolean): readonly LifePlan[] {
  const count = random.whole(1, 5);
  const filledLife = smallDisk ? random.whole(0, count - 1) : -1;
  return Array.from({ length: count }, (_, life): LifePlan => {
    const restored = random.chance(0.2);
    return {
      // The first life has nothing to take up.
      end: random.one<End>(['random', 'random', 'checkpoint', 'checkpoint', 'sigterm', ...drawRecovery(life)]),
      moment: random.next(),
      inspected: random.chance(0.12),
      intruder: random.chance(0.12),
      filled: life === filledLife,
      restored,
      restoreKilled: restored && random.chance(0.3),
    };
  });
}

function drawRecovery(life: number): readonly End[] {
  return life === 0 ? [] : ['recovery', 'recovery'];
}
