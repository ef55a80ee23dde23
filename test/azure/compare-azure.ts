import { sameJson } from '../properties/equality.ts';

/** Relative accuracy of percentiles that come from a sketch. */
const SKETCH_ACCURACY = 0.01;

/** Room for the rounding of the bound itself. */
const ROUNDING = 1e-12;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Differences between the results of a run and the expected ones, as NDJSON; none if all agree. Order is free, `timestamp` is
 * not looked at. Everything is exact but deviations, and percentiles marked approximate, which are held to the
 * accuracy of the sketch.
 */
export function compareAzure(resultsNdjson: string, expectedNdjson: string): readonly string[] {
  const expected = parseNdjson(expectedNdjson);
  const found = new Map<unknown, Fields>();
  const differences: string[] = [];
  for (const result of parseNdjson(resultsNdjson)) {
    const { timestamp: _, ...rest } = result;
    if (found.has(rest['id'])) differences.push(`${String(rest['id'])}: twice`);
    found.set(rest['id'], rest);
  }
  for (const line of expected) {
    const { percentiles, ...wanted } = line;
    const result = found.get(wanted['id']);
    found.delete(wanted['id']);
    if (result === undefined) differences.push(`${String(wanted['id'])}: missing`);
    else differences.push(...compareResult(wanted, result, percentiles === 'approximate'));
  }
  return [...differences, ...[...found.keys()].map((id) => `${String(id)}: should not exist`)];
}

function compareResult(expected: Fields, found: Fields, approximate: boolean): readonly string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...names].flatMap((name) => {
    const same =
      name === 'results'
        ? sameResults(expected[name], found[name], approximate)
        : sameJson(expected[name], found[name]);
    if (same) return [];
    const [wanted, got] = [JSON.stringify(expected[name]), JSON.stringify(found[name])];
    return [`${String(expected['id'])}: ${name}: expected ${wanted}, found ${got}`];
  });
}

/** Metrics by name, aggregates by name in each. */
function sameResults(expected: unknown, found: unknown, approximate: boolean): boolean {
  if (!isFields(expected) || !isFields(found) || !sameNames(expected, found)) return false;
  return Object.keys(expected).every((metric) => {
    const [wanted, got] = [expected[metric], found[metric]];
    if (!isFields(wanted) || !isFields(got) || !sameNames(wanted, got)) return false;
    return Object.keys(wanted).every((name) =>
      approximate && /^p\d/.test(name) ? isClose(wanted[name], got[name]) : sameJson(wanted[name], got[name], name),
    );
  });
}

function isClose(expected: unknown, found: unknown): boolean {
  if (typeof expected !== 'number' || typeof found !== 'number') return false;
  return Math.abs(found - expected) <= (SKETCH_ACCURACY + ROUNDING) * Math.abs(expected);
}

function sameNames(a: Fields, b: Fields): boolean {
  return Object.keys(a).toSorted().join('\n') === Object.keys(b).toSorted().join('\n');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function parseNdjson(ndjson: string): readonly Fields[] {
  const lines = ndjson.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const value: unknown = JSON.parse(line);
    if (!isFields(value)) throw new TypeError(`not a result: ${line}`);
    return value;
  });
}
