import { GroupingKey } from '../event/grouping-key.ts';
import { Window, type WindowType } from '../event/window.ts';
import { createPipeline } from '../pipeline/create-pipeline.ts';
import { AggregationResult, type Pane, type Results } from '../results/aggregation-result.ts';
import type { OpenWindowStatus, StatusSnapshot } from '../runtime/status.ts';
import { CallbackSink } from '../sinks/callback/callback-sink.ts';
import { MemorySource } from '../sources/memory/memory-source.ts';
import type { Clock } from '../time/clock.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { RunMonitor, type RunMonitorOptions } from './run-monitor.ts';

/** What a made-up result differs in from the first pane of `[0, 10)` of the key `k=a`. */
export interface ResultSample {
  /** Value of the key field `k`; null for no key. */
  readonly key?: string | null;
  readonly start?: number;
  readonly end?: number;
  readonly results?: Results;
  readonly pane?: number;
  readonly timing?: Pane['timing'];
  readonly windowName?: string;
  readonly windowType?: WindowType;
}

/** A made-up result. */
export function resultOf(sample: ResultSample = {}): AggregationResult {
  const { key = 'a', start = 0, end = start + 10, results = { count: 1 }, pane = 0 } = sample;
  const { timing = pane === 0 ? 'on_time' : 'late', windowName = 'tumbling', windowType = 'tumbling' } = sample;
  return new AggregationResult({
    pipeline: 'p',
    windowName,
    windowType,
    window: new Window(start, end, key === null ? null : GroupingKey.fromFields([['k', key]])),
    results,
    pane: { index: pane, timing, final: false },
    timestamp: end,
  });
}

/** What a made-up monitor sees. */
export interface SeenRun {
  readonly status?: Partial<StatusSnapshot>;
  readonly openWindows?: readonly OpenWindowStatus[];
  readonly clock?: Clock;
  readonly options?: Omit<RunMonitorOptions, 'clock'>;
}

/** A monitor of a run that is made up; what it is told of is up to the test. */
export function monitorOf({ status, openWindows = [], clock = new ManualClock(1_000_000), options }: SeenRun = {}): {
  readonly monitor: RunMonitor;
  /** Has results delivered. */
  readonly deliver: (...results: readonly AggregationResult[]) => void;
} {
  const pipeline = createPipeline('p')
    .withSource(new MemorySource([]))
    .withKey('k')
    .withTumblingWindow(10, { allowedLateness: 5 })
    .withSlidingWindow(20, 10)
    .withSessionWindow(10)
    .withSink(new CallbackSink(() => undefined))
    .build({ clock });
  const monitor = new RunMonitor(
    {
      plan: pipeline.plan,
      observe: () => undefined,
      openWindows: () => openWindows,
      openSpans: () => openWindows.map((window) => ({ ...window, windows: 1 })),
      status: () => ({ ...pipeline.status(), state: 'running', ...status }),
    },
    { clock, ...options },
  );
  let epoch = 0;
  return {
    monitor,
    deliver(...results) {
      epoch += 1;
      const delivery = { deliveredAt: clock.now(), durationMs: 1, lateEvents: [], deadLetters: [] };
      monitor.delivered({ epoch, results, ...delivery });
    },
  };
}
