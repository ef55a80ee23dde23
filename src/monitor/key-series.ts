import type { GroupingKey } from '../event/grouping-key.ts';
import type { WindowType } from '../event/window.ts';
import type { Instant } from '../time/instant.ts';
import type { PointTable, ResultPoint } from './point-table.ts';

/** What came of a point: it is new, took the place of an earlier pane or changed nothing. */
export type Taken = 'added' | 'replaced' | 'outdated';

/** Rows before the first that stand for nothing any more until they are cleared away. */
const LEAST_TO_CLEAR = 64;

/** The results of one window definition and key that are kept, by the end of their windows. The last pane wins. */
export class KeySeries {
  readonly windowName: string;
  readonly windowType: WindowType;
  readonly key: GroupingKey | null;
  /** As the key is written; empty where there is none. */
  readonly keyText: string;
  readonly #table: PointTable;
  /** In the order of (end, start), from `#first` on. */
  #rows: number[] = [];
  #first = 0;
  /** Points that were taken away again before they were due to be dropped. */
  retracted = 0;
  /** Events counted in the points that are kept; their number, where nothing is counted. */
  volume = 0;

  constructor(table: PointTable, windowName: string, windowType: WindowType, key: GroupingKey | null) {
    this.#table = table;
    this.windowName = windowName;
    this.windowType = windowType;
    this.key = key;
    this.keyText = key?.toString() ?? '';
  }

  /** The values of the key's fields in small letters, for searching. */
  get searchText(): string {
    return (this.key?.fields ?? [])
      .map(([, value]) => value ?? '')
      .join(' ')
      .toLowerCase();
  }

  /** Windows that are kept. */
  get size(): number {
    return this.#rows.length - this.#first;
  }

  /** The window that ends last. */
  get latest(): ResultPoint | undefined {
    const row = this.#latestRow;
    return row === undefined ? undefined : this.#table.point(row);
  }

  /** The end of the {@link latest}; undefined where there is none. */
  get latestEnd(): Instant | undefined {
    const row = this.#latestRow;
    return row === undefined ? undefined : this.#table.endOf(row);
  }

  /** A value of the {@link latest}; NaN where there is none. */
  latestValue(place: number): number {
    const row = this.#latestRow;
    return row === undefined ? Number.NaN : this.#table.valueOf(row, place);
  }

  /** Takes a point in. `countPlace`: where its values say how many events it has. */
  take(point: ResultPoint, countPlace: number | undefined): Taken {
    const place = this.#placeFor(point.start, point.end);
    const there = this.#at(place, point.start, point.end);
    if (there === undefined) {
      const row = this.#table.add(point);
      if (place === this.#rows.length) this.#rows.push(row);
      else this.#rows.splice(place, 0, row);
      this.volume += this.#weightOf(row, countPlace);
      return 'added';
    }
    if (this.#table.paneIndexOf(there) > point.pane.index) return 'outdated';
    this.volume -= this.#weightOf(there, countPlace);
    this.#table.set(there, point);
    this.volume += this.#weightOf(there, countPlace);
    return 'replaced';
  }

  /** Takes a window away, as a retraction asks for; true where there was one. */
  retract(start: Instant, end: Instant, countPlace: number | undefined): boolean {
    const place = this.#placeFor(start, end);
    const there = this.#at(place, start, end);
    if (there === undefined) return false;
    this.#rows.splice(place, 1);
    this.#free(there, countPlace);
    this.retracted += 1;
    return true;
  }

  /** Drops the point whose window ends first. */
  dropOldest(countPlace: number | undefined): void {
    const oldest = this.#rows[this.#first];
    if (oldest === undefined) return;
    this.#free(oldest, countPlace);
    this.#first += 1;
    if (this.#first < LEAST_TO_CLEAR || this.#first * 2 < this.#rows.length) return;
    this.#rows = this.#rows.slice(this.#first);
    this.#first = 0;
  }

  /** The points of the windows that end last, oldest first. */
  newest(count: number): readonly ResultPoint[] {
    const from = Math.max(this.#first, this.#rows.length - count);
    return this.#rows.slice(from).map((row) => this.#table.point(row));
  }

  /** The points of windows that end after `from` and start before `to`, oldest first; of these the newest `limit`. */
  between(from: Instant, to: Instant, limit: number): readonly ResultPoint[] {
    const found = this.#rows.slice(this.#placeFor(Infinity, from)).filter((row) => this.#table.startOf(row) < to);
    return found.slice(Math.max(0, found.length - limit)).map((row) => this.#table.point(row));
  }

  get #latestRow(): number | undefined {
    return this.size === 0 ? undefined : this.#rows.at(-1);
  }

  /** The row of a window, if it stands in the place where it would have to. */
  #at(place: number, start: Instant, end: Instant): number | undefined {
    const row = this.#rows[place];
    return row !== undefined && this.#table.endOf(row) === end && this.#table.startOf(row) === start ? row : undefined;
  }

  /** Where a window stands among the rows, or would stand. Almost always that is at the end. */
  #placeFor(start: Instant, end: Instant): number {
    let low = this.#first;
    let high = this.#rows.length;
    if (high === low || this.#isBefore(high - 1, start, end)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBefore(middle, start, end)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isBefore(place: number, start: Instant, end: Instant): boolean {
    const row = this.#rows[place];
    if (row === undefined) return false;
    const itsEnd = this.#table.endOf(row);
    return itsEnd < end || (itsEnd === end && this.#table.startOf(row) < start);
  }

  #free(row: number, countPlace: number | undefined): void {
    this.volume -= this.#weightOf(row, countPlace);
    this.#table.free(row);
  }

  #weightOf(row: number, countPlace: number | undefined): number {
    if (countPlace === undefined) return 1;
    const count = this.#table.valueOf(row, countPlace);
    return Number.isNaN(count) ? 0 : count;
  }
}
