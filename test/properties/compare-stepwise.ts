import { lateJson, type ResultJson } from '../oracle/result-json.ts';
import type { StepwiseExpected } from '../oracle/stepwise.ts';
import { compareCounters, compareLate } from './compare.ts';
import { sameJson } from './equality.ts';
import { brokenLaws } from './laws.ts';
import type { Observed } from './subject.ts';

/** Differences between what an explicit interleaving must give, pane by pane, and what a run of it has shown. */
export function compareStepwise(expected: StepwiseExpected, observed: Observed): readonly string[] {
  const totals = { ...expected, sessionsDefined: true };
  return [
    ...brokenLaws(observed),
    ...compareCounters(totals, observed),
    ...compareLate(totals, observed),
    ...comparePanes(expected, observed),
    ...compareOrder(expected, observed),
    ...doubleCounted(expected, observed),
  ];
}

/** The oracle's own outcome in the form of an observation: what a subject without a fault shows. */
export function asObserved({ panes, drops, counters, events }: StepwiseExpected): Observed {
  return {
    results: panes.map(({ json }) => json),
    late: drops.map(lateJson),
    counters: { ...counters, read: events, decoded: events, rejected: 0, fired: panes.length },
  };
}

function comparePanes(expected: StepwiseExpected, observed: Observed): readonly string[] {
  const found = new Map(observed.results.map((result) => [result.id, result]));
  const missing = expected.panes.flatMap(({ json }) => {
    const result = found.get(json.id);
    found.delete(json.id);
    if (result !== undefined && sameJson(comparable(json), comparable(result))) return [];
    return [`${json.id}: expected ${JSON.stringify(json)}, found ${JSON.stringify(result ?? null)}`];
  });
  return [...missing, ...[...found.keys()].map((id) => `${id}: surplus`)];
}

/** A retraction may come at any time before the firing that replaces it, so that `final` is not fixed. */
function comparable(result: ResultJson): ResultJson {
  return result.pane.timing === 'retraction' ? { ...result, pane: { ...result.pane, final: false } } : result;
}

/** On-time panes of a definition must come in the order of their steps, and in a step by (end, start, key). */
function compareOrder(expected: StepwiseExpected, observed: Observed): readonly string[] {
  const nameOf = new Map(expected.panes.map(({ json, windowName }) => [json.id, windowName]));
  return expected.config.windows.flatMap(({ name }) => {
    const ofName = (result: ResultJson): boolean => result.pane.timing === 'on_time' && nameOf.get(result.id) === name;
    const wanted = expected.panes.map(({ json }) => json).filter(ofName);
    const found = observed.results.filter(ofName);
    const at = wanted.findIndex(({ id }, index) => id !== found[index]?.id);
    return at === -1 ? [] : [`${name}: ${found[at]?.id ?? 'nothing'} fired in the place of ${wanted[at]?.id ?? ''}`];
  });
}

/** A session that absorbed another must not be out before the other is retracted. */
function doubleCounted(expected: StepwiseExpected, observed: Observed): readonly string[] {
  const positions = new Map(observed.results.map(({ id }, position) => [id, position]));
  let owed: string[] = [];
  const broken: string[] = [];
  // The oracle retracts immediately before the firing that replaces what is retracted.
  for (const { json } of expected.panes) {
    if (json.pane.timing === 'retraction') {
      owed.push(json.id);
      continue;
    }
    const firing = positions.get(json.id) ?? Infinity;
    broken.push(...owed.filter((id) => (positions.get(id) ?? -1) > firing).map((id) => `${id}: retracted too late`));
    owed = [];
  }
  return broken;
}
