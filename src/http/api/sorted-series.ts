import type { KeySeries } from '../../monitor/key-series.ts';
import type { KEY_ORDERS } from './result-shapes.ts';

/** How keys are to be sorted. */
export interface KeyOrder {
  readonly sort: (typeof KEY_ORDERS)[number];
  /** Default: names rising, all else falling. */
  readonly order?: 'asc' | 'desc' | undefined;
}

/** Keys in an order; those that have no such number come last either way, and what is equal is in the order of names. */
export function sortedSeries(
  all: readonly KeySeries[],
  { sort, order = sort === 'key' ? 'asc' : 'desc' }: KeyOrder,
  place: number | undefined,
): readonly KeySeries[] {
  const sign = order === 'asc' ? 1 : -1;
  if (sort === 'key') return all.toSorted((a, b) => sign * compareTexts(a, b));
  const numbered = all.map((series) => ({ series, number: numberOf(series, sort, place) }));
  numbered.sort((a, b) => {
    const [isMissing, isOtherMissing] = [Number.isNaN(a.number), Number.isNaN(b.number)];
    if (isMissing || isOtherMissing)
      return Number(isMissing) - Number(isOtherMissing) || compareTexts(a.series, b.series);
    return sign * (a.number - b.number) || compareTexts(a.series, b.series);
  });
  return numbered.map(({ series }) => series);
}

function numberOf(series: KeySeries, sort: 'volume' | 'value' | 'updated', place: number | undefined): number {
  if (sort === 'volume') return series.volume;
  if (sort === 'updated') return series.latestEnd ?? Number.NaN;
  return place === undefined ? Number.NaN : series.latestValue(place);
}

function compareTexts({ keyText: a }: KeySeries, { keyText: b }: KeySeries): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
