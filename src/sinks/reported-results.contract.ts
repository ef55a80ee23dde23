import { GroupingKey, type KeyField } from '../event/grouping-key.ts';
import { Window } from '../event/window.ts';
import { AggregationResult, type Pane } from '../results/aggregation-result.ts';

/** What a test says of a result; the rest is made up. */
export interface Reported {
  readonly pipeline?: string;
  readonly windowName?: string;
  readonly key?: readonly KeyField[];
  readonly start?: number;
  readonly end?: number;
  readonly results?: object;
  readonly pane?: number;
  readonly timing?: Pane['timing'];
  readonly timestamp?: number;
}

/** A result as a pipeline gives it. */
export function reported(said: Reported = {}): AggregationResult<object> {
  const {
    pipeline = 'p',
    windowName = 'tumbling',
    key,
    start = 0,
    end = start + 60_000,
    results = { count: 1 },
  } = said;
  return new AggregationResult<object>({
    pipeline,
    windowName,
    windowType: 'tumbling',
    window: new Window(start, end, key === undefined ? null : GroupingKey.fromFields(key)),
    results,
    pane: { index: said.pane ?? 0, timing: said.timing ?? 'on_time', final: false },
    timestamp: said.timestamp ?? 0,
  });
}
