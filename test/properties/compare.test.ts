import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OracleConfig } from '../oracle/model.ts';
import { oracle } from '../oracle/oracle.ts';
import { oracleStepwise } from '../oracle/stepwise.ts';
import { pipelineCases } from './arbitraries.ts';
import { asObserved, compareStepwise } from './compare-stepwise.ts';
import { compare } from './compare.ts';
import type { Observed } from './subject.ts';

const config: OracleConfig = {
  pipeline: 'p',
  windows: [{ name: 'tumbling', type: 'tumbling', size: 10, offset: 0, allowedLateness: 0 }],
  lateRule: 'event',
  outOfOrderness: 0,
  aggregates: ['count', 'sum', 'stddev'],
  percentiles: [],
  metrics: ['ms'],
  flat: true,
};
const events = [1, 12, 25, 3].map((timestamp, offset) => ({ timestamp, key: null, values: [timestamp], offset }));
const stepwise = oracleStepwise(
  config,
  ['p0'],
  [
    { type: 'events', partition: 'p0', events },
    { type: 'finish', partition: 'p0' },
  ],
);
const right = asObserved(stepwise);
const differences = (observed: Observed): readonly (readonly string[])[] => [
  compare(oracle(config, [{ id: 'p0', events }]), observed),
  compareStepwise(stepwise, observed),
];

const [first, second, third] = right.results;
if (first === undefined || second === undefined || third === undefined) throw new Error('three windows were expected');
const resultsOf = (...results: Observed['results']): Observed => ({
  ...right,
  results,
  counters: { ...right.counters, fired: results.length },
});
const countersOf = (changed: Partial<Observed['counters']>): Observed => ({
  ...right,
  counters: { ...right.counters, ...changed },
});
const withResults = (changed: object): Observed =>
  resultsOf({ ...first, results: { ...first.results, ...changed } }, second, third);

describe('comparing', () => {
  it('finds nothing wrong with the right outcome, nor with a deviation that was rounded', () => {
    expect(differences(right)).toEqual([[], []]);
    expect(differences(withResults({ stddev: 1e-12 }))).toEqual([[], []]);
  });

  it.each<[string, Observed]>([
    ['a lost result', resultsOf(second, third)],
    ['a repeated result', resultsOf(first, first, second, third)],
    [
      'a surplus pane',
      resultsOf(first, second, third, { ...first, id: 'p/tumbling//0/10/1', pane: { ...first.pane, index: 1 } }),
    ],
    ['a window that should not exist', resultsOf(first, second, third, { ...first, id: 'p/tumbling//90/100/0' })],
    ['a wrong sum', withResults({ sum: 1.0000000000000002 })],
    ['a surplus aggregate', withResults({ max: 1 })],
    ['a wrong deviation', withResults({ stddev: 1e-6 })],
    ['a pane that is not called final', resultsOf({ ...first, pane: { ...first.pane, final: false } }, second, third)],
    ['a late event that was not reported', { ...right, late: [] }],
    ['a late event reported twice', { ...right, late: [...right.late, ...right.late] }],
    ['an event that was not read', countersOf({ read: 3 })],
    ['an event that was rejected', countersOf({ decoded: 3, rejected: 1 })],
    ['an event that is counted as out of order', countersOf({ onTime: 2, outOfOrder: 1 })],
    ['a firing that is not counted', countersOf({ fired: 2 })],
  ])('notices %s', (_, observed) => {
    expect(differences(observed).map((found) => found.length > 0)).toEqual([true, true]);
  });

  it('notices windows that fire in the wrong order where the interleaving is known', () => {
    expect(differences(resultsOf(second, first, third)).map((found) => found.length > 0)).toEqual([false, true]);
  });

  it('takes a lost pane for a difference in any run', () => {
    fc.assert(
      fc.property(pipelineCases(), fc.nat(), ({ config: drawn, partitions, steps }, pick) => {
        const ids = partitions.map(({ id }) => id);
        const expected = oracleStepwise(drawn, ids, steps);
        const observed = asObserved(expected);
        fc.pre(observed.results.length > 0);
        const results = observed.results.toSpliced(pick % observed.results.length, 1);
        const counters = { ...observed.counters, fired: results.length };
        expect(compareStepwise(expected, { ...observed, results, counters })).not.toEqual([]);
      }),
      { numRuns: 100, seed: 11 },
    );
  });
});
