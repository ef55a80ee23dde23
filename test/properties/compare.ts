import { singlePane, type Expected, type ExpectedWindow } from '../oracle/oracle.ts';
import type { Counters } from '../oracle/model.ts';
import { lateJson, resultJson, type ResultJson } from '../oracle/result-json.ts';
import { canonical, multisetDifference, sameJson } from './equality.ts';
import { brokenLaws, byWindow } from './laws.ts';
import type { Observed } from './subject.ts';

/** The part of an expectation that is compared as a whole, not by window. */
export type Totals = Pick<Expected, 'counters' | 'drops' | 'events' | 'sessionsDefined'>;

/**
 * Differences between what bounded input must give and what a run has shown; none if it is right. Without allowed
 * lateness and early firings every pane is compared; otherwise what each window held in the end. Sessions whose outcome
 * depends on the order of the partitions are held to the laws only.
 */
export function compare(expected: Expected, observed: Observed): readonly string[] {
  const isUndefined = (id: string): boolean =>
    expected.undefinedSessions.some((name) => id.startsWith(`${expected.config.pipeline}/${name}/`));
  const panes = byWindow(observed.results.filter(({ id }) => !isUndefined(id)));
  const differences = [
    ...brokenLaws(observed),
    ...compareCounters(expected, observed),
    ...compareLate(expected, observed),
  ];
  for (const window of expected.windows) {
    differences.push(...compareWindow(expected, window, panes.get(window.id) ?? []));
  }
  const known = new Set(expected.windows.map(({ id }) => id));
  for (const [id, found] of panes) {
    if (!known.has(id) && found.at(-1)?.pane.timing !== 'retraction') differences.push(`${id}: should not exist`);
  }
  return differences;
}

function compareWindow(expected: Expected, window: ExpectedWindow, found: readonly ResultJson[]): readonly string[] {
  const last = found.at(-1);
  if (last === undefined) return [`${window.id}: never fired`];
  const { allowedLateness, fireEvery } = window.definition;
  if (allowedLateness === 0 && fireEvery === undefined) {
    return [
      ...compareResult(singlePane(expected, window), found[0]),
      ...found.slice(1).map(({ id }) => `${id}: surplus`),
    ];
  }
  if (last.pane.timing === 'retraction') return [`${last.id}: retracted, and nothing in its place`];
  const finalKnown = allowedLateness === 0 ? { ...last.pane, timing: 'on_time' as const, final: true } : last.pane;
  return compareResult(resultJson(expected.config, window, window.results, finalKnown), last);
}

function compareResult(expected: ResultJson, found: ResultJson | undefined): readonly string[] {
  if (found !== undefined && sameJson(expected, found)) return [];
  return [`${expected.id}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found ?? null)}`];
}

/** Differences of the counters; where sessions are undefined, only of those that do not depend on them. */
export function compareCounters({ counters, events, sessionsDefined }: Totals, observed: Observed): readonly string[] {
  const names: readonly (keyof Counters)[] = sessionsDefined
    ? ['assigned', 'onTime', 'outOfOrder', 'acceptedLate', 'droppedLate', 'unassigned']
    : ['assigned', 'unassigned'];
  return [
    ...unequal('decoded', events, observed.counters.decoded),
    ...names.flatMap((name) => unequal(name, counters[name], observed.counters[name])),
  ];
}

function unequal(name: string, expected: number, found: number): readonly string[] {
  return expected === found ? [] : [`${name}: expected ${String(expected)}, found ${String(found)}`];
}

/** Differences of the late events; where sessions are undefined, only those that must be there. */
export function compareLate({ drops, sessionsDefined }: Totals, observed: Observed): readonly string[] {
  const { missing, surplus } = multisetDifference(
    drops.map((drop) => canonical(lateJson(drop))),
    observed.late.map(canonical),
  );
  // What undefined sessions drop cannot be told from the rest: a late event does not name its window's definition.
  const unexpected = sessionsDefined ? surplus : [];
  return [...missing.map((text) => `not dropped: ${text}`), ...unexpected.map((text) => `dropped: ${text}`)];
}
