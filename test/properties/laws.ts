import type { ResultJson } from '../oracle/result-json.ts';
import { canonical } from './equality.ts';
import type { Observed } from './subject.ts';

/** What holds of any run that came to its end, whatever the input: differences as text, none if all is well. */
export function brokenLaws(observed: Observed): readonly string[] {
  return [...brokenCounters(observed), ...repeatedIds(observed.results), ...brokenSequences(observed.results)];
}

function brokenCounters({ counters, results, late }: Observed): readonly string[] {
  const laws: readonly (readonly [string, number, number])[] = [
    ['read = decoded + rejected', counters.read, counters.decoded + counters.rejected],
    [
      'assigned = on time + out of order + accepted late + dropped late',
      counters.assigned,
      counters.onTime + counters.outOfOrder + counters.acceptedLate + counters.droppedLate,
    ],
    ['fired = results', counters.fired, results.length],
    ['dropped late = late events', counters.droppedLate, late.length],
  ];
  return laws.filter(([, left, right]) => left !== right).map(([law, l, r]) => `${law}: ${String(l)} ≠ ${String(r)}`);
}

function repeatedIds(results: readonly ResultJson[]): readonly string[] {
  const seen = new Set<string>();
  return results.flatMap(({ id }) => {
    const repeated = seen.has(id);
    seen.add(id);
    return repeated ? [`id twice: ${id}`] : [];
  });
}

/** A window's panes by the id without the pane index, in the order in which they came out. */
export function byWindow(results: readonly ResultJson[]): ReadonlyMap<string, readonly ResultJson[]> {
  const groups = new Map<string, ResultJson[]>();
  for (const result of results) {
    const id = result.id.slice(0, result.id.lastIndexOf('/'));
    const group = groups.get(id) ?? [];
    group.push(result);
    groups.set(id, group);
  }
  return groups;
}

const LETTERS = { early: 'e', on_time: 'o', late: 'l', retraction: 'r' } as const;

function brokenSequences(results: readonly ResultJson[]): readonly string[] {
  return [...byWindow(results)].flatMap(([id, panes]) => {
    const broken: string[] = [];
    const timings = panes.map(({ pane }) => LETTERS[pane.timing]).join('');
    if (!/^(e*ol*|e+r|e*ol*r)$/.test(timings)) broken.push(`${id}: impossible sequence of panes: ${timings}`);
    panes.forEach((result, index) => {
      if (result.pane.index !== index || result.id !== `${id}/${String(result.pane.index)}`) {
        broken.push(`${result.id}: pane ${String(result.pane.index)} came out as number ${String(index)}`);
      }
      if (result.pane.timing === 'early' && result.pane.final) broken.push(`${result.id}: early and final`);
      if (panes[index - 1]?.pane.final === true) broken.push(`${result.id}: came after a final pane`);
    });
    const [emitted, retracted] = panes.slice(-2);
    if (retracted?.pane.timing === 'retraction' && canonical(emitted?.results) !== canonical(retracted.results)) {
      broken.push(`${id}: retracted with results that were not its last`);
    }
    return broken;
  });
}
