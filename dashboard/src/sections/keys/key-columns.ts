import type { Keys, PipelineInfo } from '../../../../src/http/api/types.ts';
import type { Choice, ShownValue } from '../../state/use-choice.ts';

/** How keys are sorted. */
export interface KeyOrder {
  readonly sort: 'volume' | 'key' | 'value' | 'updated';
  /** The number that is sorted by with `value`. */
  readonly by?: string;
  readonly isRising: boolean;
}

/** A column of the table of keys. */
export type KeyColumn =
  /** Where there is room for one column only, the first field stands for all of them. */
  | { readonly kind: 'field'; readonly name: string; readonly isFirst: boolean }
  /** Stands for the fields where nothing is grouped. */
  | { readonly kind: 'all' }
  | { readonly kind: 'trend'; readonly title: string }
  | { readonly kind: 'value'; readonly value: ShownValue; readonly isMain: boolean }
  | { readonly kind: 'volume' }
  | { readonly kind: 'updated' };

/** Fields and numbers beside the main one, together; more would not be in sight. A few numbers there are always. */
const MOST_COLUMNS = 8;
const LEAST_VALUES = 3;
/** What is looked at most. What is in no list, such as an aggregate of one's own, comes right after it. */
const WANTED = ['count', 'average', 'p50', 'p95', 'p99'];
const LESS_WANTED = ['max', 'min', 'stddev', 'sum', 'stddev_sample'];

/** The columns: the fields of the key, how the main number has gone, the numbers, and when. */
export function columnsOf(pipeline: PipelineInfo | null, answer: Keys, { main, values }: Choice): readonly KeyColumn[] {
  const names = fieldNames(pipeline, answer);
  const fields: readonly KeyColumn[] =
    names.length === 0
      ? [{ kind: 'all' }]
      : names.map((name, index) => ({ kind: 'field', name, isFirst: index === 0 }));
  const others = mostWanted(
    values.filter((value) => value !== main),
    Math.max(LEAST_VALUES, MOST_COLUMNS - fields.length),
  );
  const shown = main === null ? others : [main, ...others];
  return [
    ...fields,
    ...(main === null ? [] : [{ kind: 'trend', title: main.aggregate } as const]),
    ...shown.map((value): KeyColumn => ({ kind: 'value', value, isMain: value === main })),
    { kind: 'volume' },
    { kind: 'updated' },
  ];
}

/** Of many numbers those that are looked at most, in their own order. */
function mostWanted(values: readonly ShownValue[], most: number): readonly ShownValue[] {
  const rank = ({ aggregate }: ShownValue): number => {
    if (WANTED.includes(aggregate)) return WANTED.indexOf(aggregate);
    const place = LESS_WANTED.indexOf(aggregate);
    return WANTED.length + (place === -1 ? 0 : place + 1);
  };
  const chosen = values.toSorted((a, b) => rank(a) - rank(b)).slice(0, most);
  return values.filter((value) => chosen.includes(value));
}

/** The next order when the head of a column is pressed: the other way round, or as that column is usually looked at. */
export function nextOrder(order: KeyOrder, column: KeyColumn): KeyOrder {
  const wanted = orderOf(column);
  if (wanted === null) return order;
  const isSame = wanted.sort === order.sort && wanted.by === order.by;
  return isSame ? { ...order, isRising: !order.isRising } : wanted;
}

/** How a column sorts, for `aria-sort`. */
export function sortOf(order: KeyOrder, column: KeyColumn): 'ascending' | 'descending' | 'none' | undefined {
  const own = orderOf(column);
  if (own === null) return undefined;
  if (own.sort !== order.sort || own.by !== order.by) return 'none';
  return order.isRising ? 'ascending' : 'descending';
}

/** What stands at the head of a column. */
export function titleOf(column: KeyColumn): string {
  switch (column.kind) {
    case 'field':
      return column.name;
    case 'all':
      return 'key';
    case 'trend':
      return `${column.title} lately`;
    case 'value':
      return column.value.aggregate;
    case 'volume':
      return 'events kept';
    case 'updated':
      return 'newest window';
  }
}

/** The classes of a column's cells. */
export function classOf(column: KeyColumn): string {
  if (column.kind === 'value') return column.isMain ? 'number is-main' : 'number is-minor';
  if (column.kind === 'field') return column.isFirst ? 'key-field' : 'key-field is-minor';
  if (column.kind === 'all') return 'key-field';
  return column.kind === 'trend' ? 'trend' : 'number is-minor';
}

function orderOf(column: KeyColumn): KeyOrder | null {
  switch (column.kind) {
    case 'field':
      return { sort: 'key', isRising: true };
    case 'trend':
    case 'all':
      return null;
    case 'value':
      return { sort: 'value', by: column.value.name, isRising: false };
    case 'volume':
    case 'updated':
      return { sort: column.kind, isRising: false };
  }
}

function fieldNames(pipeline: PipelineInfo | null, { keys }: Keys): readonly string[] {
  if (pipeline !== null && pipeline.key.length > 0) return pipeline.key;
  return Object.keys(keys[0]?.fields ?? {});
}
