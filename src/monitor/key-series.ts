import type { GroupingKey } from '../event/grouping-key.ts';
import type { WindowType } from '../event/window.ts';
import type { Pane } from '../results/aggregation-result.ts';
import type { Instant } from '../time/instant.ts';

/** The latest result of one window of one key. */
export interface ResultPoint {
  readonly start: Instant;
  readonly end: Instant;
  readonly pane: Pane;
  readonly emittedAt: Instant;
  /** By the places of the store's columns; NaN for null. A place beyond its end is NaN too. */
  readonly values: readonly number[];
}

/** What came of a point: it is new, took the place of an earlier pane or changed nothing. */
export type Taken = 'added' | 'replaced' | 'outdated';

/** The results of one window definition and key that are kept, by the end of their windows. The last pane wins. */
export class KeySeries {
  readonly windowName: string;
  readonly windowType: WindowType;
  readonly key: GroupingKey | null;
  /** As the key is written; empty where there is none. */
  readonly keyText: string;
  /** The values of its fields in small letters, for searching. */
  readonly searchText: string;
  /** In the order of (end, start). */
  readonly points: ResultPoint[] = [];
  /** Points that were taken away again before they were due to be dropped. */
  retracted = 0;
  /** Events counted in the points that are kept; their number, where nothing is counted. */
  volume = 0;

  constructor(windowName: string, windowType: WindowType, key: GroupingKey | null) {
    this.windowName = windowName;
    this.windowType = windowType;
    this.key = key;
    this.keyText = key?.toString() ?? '';
    this.searchText = (key?.fields ?? [])
      .map(([, value]) => value ?? '')
      .join(' ')
      .toLowerCase();
  }

  get latest(): ResultPoint | undefined {
    return this.points.at(-1);
  }

  /** Takes a point in. `countPlace`: where its values say how many events it has. */
  take(point: ResultPoint, countPlace: number | undefined): Taken {
    const place = this.#placeFor(point);
    const there = this.points[place];
    const isThere = there?.end === point.end && there.start === point.start;
    if (isThere && there.pane.index > point.pane.index) return 'outdated';
    this.volume += weightOf(point, countPlace) - (isThere ? weightOf(there, countPlace) : 0);
    if (isThere) this.points[place] = point;
    else if (place === this.points.length) this.points.push(point);
    else this.points.splice(place, 0, point);
    return isThere ? 'replaced' : 'added';
  }

  /** Takes a window away, as a retraction asks for; true where there was one. */
  retract(start: Instant, end: Instant, countPlace: number | undefined): boolean {
    const place = this.#placeFor({ start, end });
    const there = this.points[place];
    if (there?.end !== end || there.start !== start) return false;
    this.volume -= weightOf(there, countPlace);
    this.points.splice(place, 1);
    this.retracted += 1;
    return true;
  }

  /** Drops the point whose window ends first; gives it. */
  dropOldest(countPlace: number | undefined): ResultPoint | undefined {
    const oldest = this.points.shift();
    if (oldest !== undefined) this.volume -= weightOf(oldest, countPlace);
    return oldest;
  }

  /** The points of windows that end after `from` and start before `to`, oldest first; of these the newest `limit`. */
  between(from: Instant, to: Instant, limit: number): readonly ResultPoint[] {
    let first = this.#placeFor({ end: from, start: Infinity });
    const found: ResultPoint[] = [];
    for (; first < this.points.length; first += 1) {
      const point = this.points[first];
      if (point !== undefined && point.start < to) found.push(point);
    }
    return limit < found.length ? found.slice(-limit) : found;
  }

  /** Where a window stands, or would stand. Almost always that is at the end. */
  #placeFor({ start, end }: Pick<ResultPoint, 'start' | 'end'>): number {
    let low = 0;
    let high = this.points.length;
    const last = this.points[high - 1];
    if (last === undefined || isBefore(last, start, end)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.points[middle];
      if (there !== undefined && isBefore(there, start, end)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isBefore(point: ResultPoint, start: Instant, end: Instant): boolean {
  return point.end < end || (point.end === end && point.start < start);
}

function weightOf({ values }: ResultPoint, countPlace: number | undefined): number {
  if (countPlace === undefined) return 1;
  const count = values[countPlace] ?? 0;
  return Number.isNaN(count) ? 0 : count;
}
