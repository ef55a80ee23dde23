import type { KeySeries } from '../../monitor/key-series.ts';
import type { ResultPoint } from '../../monitor/point-table.ts';
import type { Instant } from '../../time/instant.ts';

/** A point, and what it is one of. */
export interface PlacedPoint {
  readonly series: KeySeries;
  readonly point: ResultPoint;
}

/**
 * Of the windows that end after `from` and start before `to`, the newest over all series, newest first. Looks at no more
 * points than it must: series are taken in the order of their newest, until none can have one that is new enough.
 */
export function newestPoints(
  all: readonly KeySeries[],
  { from, to, limit }: { readonly from: Instant; readonly to: Instant; readonly limit: number },
): readonly PlacedPoint[] {
  const newestFirst = all.toSorted((a, b) => newestEnd(b) - newestEnd(a));
  let found: PlacedPoint[] = [];
  let least = from;
  for (const series of newestFirst) {
    if (newestEnd(series) <= least) break;
    found.push(...series.between(least, to, limit).map((point) => ({ series, point })));
    if (found.length < limit * 2) continue;
    found = newest(found, limit);
    least = found.at(-1)?.point.end ?? least;
  }
  return newest(found, limit);
}

function newestEnd({ latestEnd }: KeySeries): Instant {
  return latestEnd ?? -Infinity;
}

function newest(found: PlacedPoint[], limit: number): PlacedPoint[] {
  found.sort((a, b) => b.point.end - a.point.end || b.point.start - a.point.start);
  return found.slice(0, limit);
}
