/** The numbers of one metric of a result, by the name of the aggregate, in the order of the result. */
export interface MetricAggregates {
  /** Null where the pipeline has one metric without a name. */
  readonly metric: string | null;
  readonly aggregates: ReadonlyMap<string, number | null>;
}

/** Is told of a number of a result. */
export type AggregateVisitor = (metric: string | null, aggregate: string, value: number | null) => void;

/**
 * Tells of each number of a result, metric by metric, in the order of the result. What is no number (a custom aggregate
 * that is an object, say) is left out. Makes no objects.
 */
export function visitAggregates(results: object, visit: AggregateVisitor): void {
  const members = results as Members;
  if (!isByMetric(members)) {
    visitNumbers(null, members, visit);
    return;
  }
  for (const metric of Object.keys(members)) visitNumbers(metric, members[metric], visit);
}

/** The same, for sinks that show or expose a result as a whole. */
export function aggregatesOf(results: object): readonly MetricAggregates[] {
  const members = results as Members;
  if (!isByMetric(members)) return [{ metric: null, aggregates: numbersOf(members) }];
  return Object.entries(members).map(([metric, aggregates]) => ({ metric, aggregates: numbersOf(aggregates) }));
}

type Members = Readonly<Record<string, unknown>>;

/** True where a result has an object for each of its metrics. */
function isByMetric(members: Members): members is Readonly<Record<string, Members>> {
  const names = Object.keys(members);
  return names.length > 0 && names.every((name) => typeof members[name] === 'object' && members[name] !== null);
}

function visitNumbers(metric: string | null, members: Members | undefined, visit: AggregateVisitor): void {
  if (members === undefined) return;
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (value === null || typeof value === 'number') visit(metric, name, value);
  }
}

function numbersOf(members: Members): ReadonlyMap<string, number | null> {
  const numbers = new Map<string, number | null>();
  visitNumbers(null, members, (_, name, value) => numbers.set(name, value));
  return numbers;
}
