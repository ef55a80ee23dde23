import { GroupingKey } from '../event/grouping-key.ts';
import { Window, type WindowType } from '../event/window.ts';
import { AggregationResult, type Pane, type Results } from '../results/aggregation-result.ts';

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
