/** The numbers of one metric of a result, by the name of the aggregate, in the order of the result. */
export interface MetricAggregates {
  /** Null where the pipeline has one metric without a name. */
  readonly metric: string | null;
  readonly aggregates: ReadonlyMap<string, number | null>;
}

/**
 * The numbers of a result, metric by metric, for sinks that show or expose them. What is no number (a custom
 * aggregate that is an object, say) is left out.
 */
export function aggregatesOf(results: object): readonly MetricAggregates[] {
  const entries: [string, unknown][] = Object.entries(results);
  const byMetric = entries.length > 0 && entries.every(([, value]) => typeof value === 'object' && value !== null);
  if (!byMetric) return [{ metric: null, aggregates: numbersOf(entries) }];
  return entries.map(([metric, value]) => ({
    metric,
    aggregates: numbersOf(typeof value === 'object' && value !== null ? Object.entries(value) : []),
  }));
}

function numbersOf(entries: readonly [string, unknown][]): ReadonlyMap<string, number | null> {
  const numbers = new Map<string, number | null>();
  for (const [name, value] of entries) {
    if (value === null || typeof value === 'number') numbers.set(name, value);
  }
  return numbers;
}
