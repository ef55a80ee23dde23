import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

type Aggregates = Readonly<Record<string, number>>;

interface ResultLine {
  readonly window: { readonly start: string; readonly key: string };
  readonly results: Aggregates;
}

/** Depends on the values alone, so must be the same to the last bit. */
const EXACT = ['count', 'min', 'max', 'p50', 'p95', 'p99'] as const;
/** Depends on the order of additions, too. */
const ROUNDED = ['sum', 'average', 'stddev'] as const;
const TOLERANCE = 1e-9;

/** Where two files of results differ: a line for each of the first few differences, nothing if they are the same. */
export async function differences(path: string, otherPath: string): Promise<readonly string[]> {
  const ours = await resultsOf(path);
  const theirs = await resultsOf(otherPath);
  const found: string[] = [];
  for (const id of new Set([...ours.keys(), ...theirs.keys()])) {
    const [one, other] = [ours.get(id), theirs.get(id)];
    if (one === undefined || other === undefined) found.push(`${id}: in one of the files only`);
    else found.push(...differingFields(one, other).map((field) => `${id}: ${field}`));
    if (found.length >= 10) break;
  }
  if (ours.size === 0) found.push('there are no results at all');
  return found;
}

/** The same of two files in the same order, however large: all of each line but the time of its making must be equal. */
export async function differencesInOrder(path: string, otherPath: string): Promise<readonly string[]> {
  const found: string[] = [];
  const others = linesOf(otherPath);
  let count = 0;
  for await (const line of linesOf(path)) {
    count += 1;
    const other = await others.next();
    if (other.done === true) found.push(`${otherPath} ends before line ${String(count)}`);
    else if (withoutTime(line) !== withoutTime(other.value))
      found.push(`line ${String(count)}:\n${line}\n${other.value}`);
    if (other.done === true || found.length >= 10) return found;
  }
  if ((await others.next()).done !== true) found.push(`${path} ends after line ${String(count)}`);
  if (count === 0) found.push('there are no results at all');
  return found;
}

async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  yield* createInterface({ input: createReadStream(path) });
}

function withoutTime(line: string): string {
  return line.replace(/,"timestamp":"[^"]*"/, '');
}

function differingFields(one: Aggregates, other: Aggregates): readonly string[] {
  const differing = [
    ...EXACT.filter((name) => one[name] === undefined || one[name] !== other[name]),
    ...ROUNDED.filter((name) => !isClose(one[name], other[name])),
  ];
  return differing.map((name) => `${name} is ${String(one[name])} and ${String(other[name])}`);
}

function isClose(one = Number.NaN, other = Number.NaN): boolean {
  return Math.abs(one - other) <= TOLERANCE * Math.max(Math.abs(one), Math.abs(other));
}

async function resultsOf(path: string): Promise<Map<string, Aggregates>> {
  const results = new Map<string, Aggregates>();
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const { window, results: aggregates } = JSON.parse(line) as ResultLine;
    const id = `${window.start} ${window.key}`;
    if (results.has(id)) throw new Error(`${path} has ${id} twice`);
    results.set(id, aggregates);
  }
  return results;
}
