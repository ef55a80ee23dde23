/** Blank columns before a row, and between two columns. */
export const INDENT = 2;
export const GAP = 2;

const NARROWEST_KEY = 8;
/** Keys cut shorter than this are hard to tell apart: `claude-…`. */
const READABLE_KEY = 16;
const WIDEST_METRIC_NAME = 12;
/** Which aggregates are shown first where there is no room for all. Other percentiles come after these. */
const BY_IMPORTANCE = ['average', 'p95', 'count', 'p50', 'p99', 'max', 'min', 'stddev', 'sum', 'stddev_sample'];
const IN_READING_ORDER = ['count', 'sum', 'average', 'stddev', 'stddev_sample', 'min'];

/** A column as it could be shown: its title, and the width it would take. */
export interface Candidate {
  readonly title: string;
  readonly width: number;
}

/** A column of numbers: one aggregate of one metric; metric null for the count that all metrics share. */
export interface NumberColumn extends Candidate {
  /** Tells it from all other columns. */
  readonly id: string;
  readonly metric: string | null;
  readonly aggregate: string;
  /** Width of the metric's name, which stands above its columns. */
  readonly metricWidth: number;
}

/** What a table may hold. */
export interface TableContent {
  /** A leading column that is never cut: the times of sessions. */
  readonly span: Candidate | null;
  readonly keys: readonly Candidate[];
  /** The count, where all metrics have the same. */
  readonly count: NumberColumn | null;
  /** The columns of each metric. */
  readonly metrics: readonly (readonly NumberColumn[])[];
}

/** What a table does hold, left to right. */
export interface TableLayout {
  readonly span: Candidate | null;
  readonly keys: readonly Candidate[];
  readonly count: NumberColumn | null;
  readonly metrics: readonly (readonly NumberColumn[])[];
  /** Metrics there was no room for. */
  readonly hiddenMetrics: number;
}

/**
 * Chooses what fits in `width` columns. Keys that can be told apart come first, then a second aggregate of every metric,
 * then the full width of the keys, then more aggregates, which are added for all metrics at once; metrics are left out,
 * from the last, only where keys at their narrowest and one aggregate each are too much.
 */
export function chooseLayout(content: TableContent, width: number): TableLayout {
  const ranks = ranksOf(content.metrics);
  const fixed = [...(content.span === null ? [] : [content.span]), ...(content.count === null ? [] : [content.count])];
  const narrowKeys = content.keys.map((key) => ({ ...key, width: Math.min(key.width, NARROWEST_KEY) }));
  const fits = (keys: readonly Candidate[], metrics: TableContent['metrics']): boolean =>
    totalWidth([...fixed, ...keys, ...metrics.flat()]) <= width;

  const readableKeys = content.keys.map((key) => ({ ...key, width: Math.min(key.width, READABLE_KEY) }));
  const two = ranks.slice(0, 2);
  const ranked = fits(readableKeys, select(content.metrics, two)) ? two : ranks.slice(0, 1);
  let shown = content.metrics;
  while (shown.length > 1 && !fits(narrowKeys, select(shown, ranked))) shown = shown.slice(0, -1);

  const room = width - totalWidth([...fixed, ...select(shown, ranked).flat()]) - GAP * content.keys.length;
  const keys = shrink(content.keys, room);
  const chosen = [...ranked];
  for (const aggregate of ranks) {
    if (!chosen.includes(aggregate) && fits(keys, select(shown, [...chosen, aggregate]))) chosen.push(aggregate);
  }
  return {
    span: content.span,
    keys,
    count: content.count,
    metrics: select(shown, chosen),
    hiddenMetrics: content.metrics.length - shown.length,
  };
}

/** Columns of a line with these in it. */
export function totalWidth(columns: readonly Candidate[]): number {
  return INDENT + columns.reduce((sum, column) => sum + column.width + GAP, 0) - (columns.length > 0 ? GAP : 0);
}

function select(metrics: TableContent['metrics'], aggregates: readonly string[]): NumberColumn[][] {
  return metrics.map((columns) => {
    const selected = columns.filter((column) => aggregates.includes(column.aggregate));
    return widenForName(selected.toSorted((a, b) => readingRank(a) - readingRank(b)));
  });
}

/** The columns of a metric with the first one wide enough that the metric's name can stand above them. */
function widenForName(columns: readonly NumberColumn[]): NumberColumn[] {
  const [first, ...others] = columns;
  if (first === undefined) return [];
  const missing = Math.min(WIDEST_METRIC_NAME, first.metricWidth) + INDENT - totalWidth(columns);
  return [{ ...first, width: first.width + Math.max(0, missing) }, ...others];
}

/** The aggregates that any metric has, the most important first. */
function ranksOf(metrics: TableContent['metrics']): string[] {
  const names = [...new Set(metrics.flat().map((column) => column.aggregate))];
  const rank = (name: string): number => {
    const at = BY_IMPORTANCE.indexOf(name);
    return at === -1 ? BY_IMPORTANCE.length : at;
  };
  return names.toSorted((a, b) => rank(a) - rank(b));
}

function readingRank({ aggregate }: NumberColumn): number {
  const at = IN_READING_ORDER.indexOf(aggregate);
  if (at !== -1) return at;
  if (aggregate === 'max') return IN_READING_ORDER.length + 100;
  const percentile = /^p(\d+(?:\.\d+)?)$/.exec(aggregate);
  // Percentiles stand between min and max, what a custom aggregator has added after them.
  return IN_READING_ORDER.length + (percentile === null ? 101 : Number(percentile[1]) / 2);
}

/** Takes width from the widest keys until they fit in `room` all together, or none can give more. */
function shrink(keys: readonly Candidate[], room: number): readonly Candidate[] {
  const widths = keys.map((key) => key.width);
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (!(widest > NARROWEST_KEY)) break;
    widths[widths.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return keys.map((key, index) => ({ ...key, width: widths[index] ?? key.width }));
}
