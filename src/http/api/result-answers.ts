import type { GroupingKey } from '../../event/grouping-key.ts';
import { Window } from '../../event/window.ts';
import type { KeySeries } from '../../monitor/key-series.ts';
import type { ResultPoint } from '../../monitor/point-table.ts';
import type { ResultStore } from '../../monitor/result-store.ts';
import type { RunMonitor } from '../../monitor/run-monitor.ts';
import type { ValueColumn } from '../../monitor/value-columns.ts';
import { AggregationResult } from '../../results/aggregation-result.ts';
import { formatInstant, type Instant } from '../../time/instant.ts';
import { newestPoints } from './newest-points.ts';
import { sortedSeries, type KeyOrder } from './sorted-series.ts';
import type { Keys, Results, Series } from './types.ts';

/** What `GET /v1/keys` is asked for. */
export interface KeysQuery extends KeyOrder {
  readonly limit: number;
  readonly offset: number;
  readonly window?: string | undefined;
  readonly search?: string | undefined;
  readonly value?: string | undefined;
  readonly by?: string | undefined;
  readonly points: number;
}

/** `GET /v1/keys`. */
export function keysAnswer({ results: store }: RunMonitor, query: KeysQuery): Keys {
  const window = windowNameOf(store, query.window);
  const value = query.value ?? store.columns.all[0]?.name ?? null;
  const place = value === null ? undefined : store.columns.placeOf(value);
  const all = window === null ? [] : [...store.seriesOf(window)];
  const found = matching(all, query.search);
  const sortedBy = query.by === undefined ? place : store.columns.placeOf(query.by);
  const page = sortedSeries(found, query, sortedBy).slice(query.offset, query.offset + query.limit);
  return {
    window,
    value,
    total: all.length,
    matched: found.length,
    offset: query.offset,
    keys: page.flatMap((series) => {
      const { latest } = series;
      return latest === undefined ? [] : [keyBody(series, latest, store.columns.all, place, query.points)];
    }),
  };
}

/** What `GET /v1/series` is asked for. */
export interface SeriesQuery {
  readonly window?: string | undefined;
  readonly key: readonly string[];
  readonly value: readonly string[];
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly limit: number;
}

/** `GET /v1/series`. */
export function seriesAnswer({ results: store }: RunMonitor, query: SeriesQuery): Series {
  const window = windowNameOf(store, query.window);
  const places = query.value.map((name) => store.columns.placeOf(name));
  const { from = -Infinity, to = Infinity, limit } = query;
  return {
    window,
    values: [...query.value],
    series: query.key.map((key) => {
      const points = window === null ? [] : (store.find(window, key)?.between(from, to, limit) ?? []);
      return {
        key,
        points: points.map((point) => [
          point.end,
          point.start,
          point.pane.index,
          Number(isRevised(point)),
          ...places.map((place) => valueAt(point, place)),
        ]),
      };
    }),
  };
}

/** What `GET /v1/results` is asked for. */
export interface ResultsQuery {
  readonly window?: string | undefined;
  readonly key?: string | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly limit: number;
}

/** `GET /v1/results`. */
export function resultsAnswer({ results: store, outline }: RunMonitor, query: ResultsQuery): Results {
  const window = windowNameOf(store, query.window);
  const { key, from = -Infinity, to = Infinity, limit } = query;
  let series: readonly KeySeries[] = [];
  if (window !== null) {
    const one = key === undefined ? undefined : store.find(window, key);
    if (key === undefined) series = [...store.seriesOf(window)];
    else if (one !== undefined) series = [one];
  }
  return {
    window,
    results: newestPoints(series, { from, to, limit }).map(({ series: its, point }) =>
      resultBody(outline.name, its, point, store.columns.all),
    ),
  };
}

/** The definition that is asked for; the first that has had results, where none is. */
function windowNameOf(store: ResultStore, asked: string | undefined): string | null {
  return asked ?? store.windowNames[0] ?? null;
}

function matching(all: readonly KeySeries[], search: string | undefined): readonly KeySeries[] {
  const words = (search ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return all;
  return all.filter(({ searchText }) => words.every((word) => searchText.includes(word)));
}

function keyBody(
  series: KeySeries,
  latest: ResultPoint,
  columns: readonly ValueColumn[],
  place: number | undefined,
  points: number,
): Keys['keys'][number] {
  return {
    key: series.keyText,
    fields: fieldsOf(series.key),
    volume: series.volume,
    start: formatInstant(latest.start),
    end: formatInstant(latest.end),
    revised: isRevised(latest),
    latest: Object.fromEntries(columns.map(({ name }, at) => [name, valueAt(latest, at)])),
    recent: series.newest(points).map((point) => [point.end, valueAt(point, place)]),
  };
}

function resultBody(
  pipeline: string,
  { windowName, windowType, key }: KeySeries,
  point: ResultPoint,
  columns: readonly ValueColumn[],
): Results['results'][number] {
  const { start, end, pane, emittedAt: timestamp } = point;
  const window = new Window(start, end, key);
  const results = nestedValues(point, columns);
  const result = new AggregationResult({ pipeline, windowName, windowType, window, results, pane, timestamp });
  // The class gives the documented form, and the shape describes the same.
  return result.toJSON() as Results['results'][number];
}

/** As results have them: by metric and aggregate, or by aggregate alone. */
function nestedValues(point: ResultPoint, columns: readonly ValueColumn[]): Readonly<Record<string, object>> {
  const byMetric = new Map<string | null, [string, number | null][]>();
  for (const [place, { metric, aggregate }] of columns.entries()) {
    const entries = byMetric.get(metric) ?? [];
    byMetric.set(metric, entries);
    entries.push([aggregate, valueAt(point, place)]);
  }
  const flat: object = Object.fromEntries(byMetric.get(null) ?? []);
  byMetric.delete(null);
  const nested = Array.from(byMetric, ([metric, entries]) => [metric, Object.fromEntries(entries)]);
  return { ...flat, ...(Object.fromEntries(nested) as Readonly<Record<string, object>>) };
}

function fieldsOf(key: GroupingKey | null): Record<string, string | null> {
  return Object.fromEntries(key?.fields ?? []);
}

function isRevised({ pane }: ResultPoint): boolean {
  return pane.timing === 'late';
}

function valueAt({ values }: ResultPoint, place: number | undefined): number | null {
  const value = place === undefined ? undefined : values[place];
  return value === undefined || Number.isNaN(value) ? null : value;
}
