import { visitAggregates } from '../sinks/metric-aggregates.ts';

/** More than any pipeline computes; a bound, should an aggregator make up names as it goes. */
const MAX_COLUMNS = 500;

/** One number that results have: an aggregate of a metric. */
export interface ValueColumn {
  /** `latency_ms.p95`, or `p95` where the pipeline has one metric. */
  readonly name: string;
  /** Null where the pipeline has one metric. */
  readonly metric: string | null;
  readonly aggregate: string;
}

/** The numbers that results have been seen to have, each with a place of its own in rows of values. */
export class ValueColumns {
  readonly #columns: ValueColumn[] = [];
  /** By metric, then by aggregate. */
  readonly #places = new Map<string | null, Map<string, number>>();
  readonly #row = new Float64Array(MAX_COLUMNS);
  readonly #note = (metric: string | null, aggregate: string, value: number | null): void => {
    const places = this.#placesOf(metric);
    const place = places.get(aggregate) ?? this.#add(metric, aggregate, places);
    if (place !== undefined) this.#row[place] = value ?? Number.NaN;
  };

  /** All of them, in the order of their places. */
  get all(): readonly ValueColumn[] {
    return this.#columns;
  }

  /** The place of a column; undefined where no result has had it. */
  placeOf(name: string): number | undefined {
    const place = this.#columns.findIndex((column) => column.name === name);
    return place === -1 ? undefined : place;
  }

  /** The place of the first column that counts; undefined where nothing is counted. */
  get countPlace(): number | undefined {
    const place = this.#columns.findIndex(({ aggregate }) => aggregate === 'count');
    return place === -1 ? undefined : place;
  }

  /**
   * The numbers of a result by their places, NaN for those that are null or that it does not have. They stand there until
   * the next call.
   */
  valuesOf(results: object): Float64Array {
    this.#row.fill(Number.NaN);
    visitAggregates(results, this.#note);
    return this.#row.subarray(0, this.#columns.length);
  }

  #placesOf(metric: string | null): Map<string, number> {
    const known = this.#places.get(metric);
    if (known !== undefined) return known;
    const places = new Map<string, number>();
    this.#places.set(metric, places);
    return places;
  }

  #add(metric: string | null, aggregate: string, places: Map<string, number>): number | undefined {
    if (this.#columns.length >= MAX_COLUMNS) return undefined;
    const name = metric === null ? aggregate : `${metric}.${aggregate}`;
    const place = this.#columns.push({ name, metric, aggregate }) - 1;
    places.set(aggregate, place);
    return place;
  }
}
