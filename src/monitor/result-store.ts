import type { AggregationResult } from '../results/aggregation-result.ts';
import { KeySeries } from './key-series.ts';
import { PointTable } from './point-table.ts';
import { ValueColumns } from './value-columns.ts';

/** How much a store may hold. */
export interface ResultStoreBounds {
  /** Estimated bytes in memory. */
  readonly maxBytes: number;
  /** Keys, counted once for each window definition. */
  readonly maxKeys: number;
}

/** Measured on Node 24: what notes of a point there are beside its row, and a key without its text. */
const NOTE_BYTES = 32;
const KEY_BYTES = 500;
/** Arrivals that stand for nothing any more before they are cleared away. */
const LEAST_TO_CLEAR = 4096;

/**
 * The latest results of a pipeline by window definition and key, in memory, for whoever looks: bounded in bytes and in
 * keys. When a bound is reached what came first goes first, whatever its key; so all keys go back equally far in time,
 * and a key of which nothing is left is gone.
 */
export class ResultStore {
  readonly columns = new ValueColumns();
  readonly #bounds: ResultStoreBounds;
  readonly #table = new PointTable();
  /** By window definition, then by key. */
  readonly #series = new Map<string, Map<string, KeySeries>>();
  /** The series of each point, in the order of arrival; from `#first` on. */
  #arrivals: KeySeries[] = [];
  #first = 0;
  #keys = 0;
  #keyBytes = 0;
  #points = 0;
  #dropped = 0;
  #version = 0;

  constructor(bounds: ResultStoreBounds) {
    this.#bounds = bounds;
  }

  /** Keys that are kept, counted once for each window definition. */
  get keys(): number {
    return this.#keys;
  }

  /** Windows that are kept. */
  get size(): number {
    return this.#points;
  }

  /** Bytes in memory, estimated. */
  get sizeBytes(): number {
    return this.#keyBytes + this.#points * (NOTE_BYTES + PointTable.bytesOf(this.columns.all.length));
  }

  /** Windows that were dropped to keep within the bounds. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Notes of what has arrived, those that stand for nothing any more among them: bounded as well. */
  get arrivals(): number {
    return this.#arrivals.length;
  }

  /** Rises whenever something has changed. */
  get version(): number {
    return this.#version;
  }

  /** The window definitions that have had results, in the order of their first. */
  get windowNames(): readonly string[] {
    return [...this.#series.keys()];
  }

  /** The series of a window definition, in the order of their first results. */
  seriesOf(windowName: string): Iterable<KeySeries> {
    return this.#series.get(windowName)?.values() ?? [];
  }

  /** The series of one key; undefined where nothing is kept of it. */
  find(windowName: string, keyText: string): KeySeries | undefined {
    return this.#series.get(windowName)?.get(keyText);
  }

  /** Takes delivered results in; the same again changes nothing. */
  take(results: readonly AggregationResult[]): void {
    for (const result of results) {
      if (result.pane.timing === 'retraction') this.#retract(result);
      else this.#add(result);
    }
    if (results.length > 0) this.#version += 1;
  }

  #add({ windowName, windowType, window, results, pane, timestamp }: AggregationResult): void {
    const values = this.columns.valuesOf(results);
    const { start, end, key } = window;
    let byKey = this.#series.get(windowName);
    if (byKey === undefined) {
      byKey = new Map();
      this.#series.set(windowName, byKey);
    }
    const keyText = key?.toString() ?? '';
    let series = byKey.get(keyText);
    if (series === undefined) {
      series = new KeySeries(this.#table, windowName, windowType, key);
      byKey.set(keyText, series);
      this.#keys += 1;
      this.#keyBytes += bytesOfKey(series);
    }
    const taken = series.take({ start, end, pane, emittedAt: timestamp, values }, this.columns.countPlace);
    if (taken !== 'added') return;
    this.#points += 1;
    this.#arrivals.push(series);
    this.#keepWithinBounds();
  }

  #retract({ windowName, window }: AggregationResult): void {
    const series = this.find(windowName, window.key?.toString() ?? '');
    if (series?.retract(window.start, window.end, this.columns.countPlace) !== true) return;
    this.#points -= 1;
    if (series.size === 0) this.#forget(series);
    this.#clearArrivals();
  }

  #keepWithinBounds(): void {
    const { maxBytes, maxKeys } = this.#bounds;
    while (this.sizeBytes > maxBytes || this.#keys > maxKeys) {
      const series = this.#arrivals[this.#first];
      if (series === undefined) return;
      this.#first += 1;
      if (isRetracted(series)) continue;
      series.dropOldest(this.columns.countPlace);
      this.#points -= 1;
      this.#dropped += 1;
      if (series.size === 0) this.#forget(series);
    }
    this.#clearArrivals();
  }

  #clearArrivals(): void {
    if (this.#arrivals.length < 2 * this.#points + LEAST_TO_CLEAR) return;
    this.#arrivals = this.#arrivals.slice(this.#first).filter((series) => !isRetracted(series));
    this.#first = 0;
  }

  #forget(series: KeySeries): void {
    this.#series.get(series.windowName)?.delete(series.keyText);
    this.#keys -= 1;
    this.#keyBytes -= bytesOfKey(series);
  }
}

/** True where an arrival was that of a point that has been retracted, which it then stands for no more. */
function isRetracted(series: KeySeries): boolean {
  if (series.retracted === 0) return false;
  series.retracted -= 1;
  return true;
}

/** A character has one byte or two, and the text of a key stands here, in its fields, and in what is searched. */
function bytesOfKey({ keyText }: KeySeries): number {
  return KEY_BYTES + 6 * keyText.length;
}
