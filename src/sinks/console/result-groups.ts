import type { AggregationResult } from '../../results/aggregation-result.ts';
import { aggregatesOf, type MetricAggregates } from '../metric-aggregates.ts';
import { NO_NUMBER } from './number-format.ts';
import { printable } from './printable.ts';
import { formatDays, formatSpan } from './window-span.ts';

/** One line of a table. */
export interface ResultRow {
  readonly span: string;
  readonly keys: readonly string[];
  readonly metrics: readonly MetricAggregates[];
}

/**
 * Rows under one heading: those of one window and timing. Where a window has one row only (sessions, and windows of a
 * pipeline without a key) the windows of a day stand under one heading, with their times in a column.
 */
export interface ResultGroup {
  readonly id: string;
  readonly result: AggregationResult<object>;
  /** Title of the column of times; null where the times stand in the heading. */
  readonly spanTitle: 'session' | 'window' | null;
  readonly days: string;
  readonly keyNames: readonly string[];
  readonly rows: ResultRow[];
}

/** Results by heading, in the order in which each heading first comes up. */
export function groupResults(results: readonly AggregationResult<object>[]): Iterable<ResultGroup> {
  const groups = new Map<string, ResultGroup>();
  for (const result of results) {
    const { windowName, window, pane } = result;
    const spanTitle = result.windowType === 'session' ? 'session' : window.key === null ? 'window' : null;
    const days = formatDays(window.start, spanTitle === null ? window.end : window.start + 1);
    const keyNames = window.key?.fields.map(([name]) => printable(name)) ?? [];
    const place = spanTitle === null ? [window.start, window.end] : [days];
    const id = JSON.stringify([windowName, pane.timing, ...place, keyNames]);
    let group = groups.get(id);
    if (group === undefined) {
      group = { id, result, spanTitle, days, keyNames, rows: [] };
      groups.set(id, group);
    }
    group.rows.push({
      span: spanTitle === null ? '' : formatSpan(window.start, window.end),
      keys: window.key?.fields.map(([, value]) => keyText(value)) ?? [],
      metrics: aggregatesOf(result.results),
    });
  }
  return groups.values();
}

function keyText(value: string | null): string {
  if (value === null) return NO_NUMBER;
  return value === '' ? '""' : printable(value);
}

/** The number of one column in one row; undefined where the result has none. */
export function valueOf(row: ResultRow, metric: string | null, aggregate: string): number | null | undefined {
  return row.metrics.find((candidate) => candidate.metric === metric)?.aggregates.get(aggregate);
}
