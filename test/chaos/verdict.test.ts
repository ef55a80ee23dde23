import { describe, expect, it } from 'vitest';
import { oracle, singlePane } from '../oracle/oracle.ts';
import { lateJson } from '../oracle/result-json.ts';
import type { OracleConfig } from '../oracle/model.ts';
import type { Given } from './feed.ts';
import { judge, type Outputs } from './verdict.ts';

const CONFIG: OracleConfig = {
  pipeline: 'chaos',
  windows: [{ name: 'tumbling', type: 'tumbling', size: 10, offset: 0, allowedLateness: 0 }],
  lateRule: 'event',
  outOfOrderness: 0,
  aggregates: ['count', 'sum'],
  percentiles: [],
  metrics: ['ms'],
  flat: true,
};
const times = [1, 12, 3, 25, 36, 4, 47];
const events = times.map((timestamp, index) => ({ timestamp, key: null, values: [timestamp], offset: 20 * index }));
const GIVEN: Given = {
  partitions: [{ id: 'p', events }],
  deadLetters: [
    { partition: 'p', offset: 7, reason: 'not_json', text: '{' },
    { partition: 'p', offset: 9, reason: 'not_json', text: '{"' },
  ],
  ends: new Map([['p', [140, 140]]]),
  unanswered: { sent: 0, taken: 0 },
};
/** The window of the last event is open. */
const FIRED_UP_TO = 47;
const expected = oracle(CONFIG, GIVEN.partitions);
const results = expected.windows
  .filter(({ span }) => span.end <= FIRED_UP_TO)
  .map((window) => ({ ...singlePane(expected, window), timestamp: '2026-01-01T00:00:00.000Z' }));
const lines = (objects: readonly object[]): string => objects.map((object) => `${JSON.stringify(object)}\n`).join('');
const late = expected.drops.map(lateJson);
const letters = GIVEN.deadLetters.map(({ partition, offset, reason, text }) => ({
  error: { code: reason, message: 'wrong', path: null },
  source: { partition, offset },
  raw: Buffer.from(text).toString('base64'),
}));
const pipeline = {
  epoch: 3,
  partitions: [{ id: 'p', offset: 140 }],
  counters: {
    ...expected.counters,
    read: events.length + letters.length,
    decoded: events.length,
    rejected: letters.length,
    fired: results.length,
  },
  undelivered: { results: 0, late_events: 0, dead_letters: 0 },
};
const inspectionOf = (changed: object): string => JSON.stringify({ pipelines: [{ ...pipeline, ...changed }] });
const RIGHT: Outputs = {
  results: lines(results),
  lateEvents: lines(late),
  deadLetters: lines(letters),
  inspection: inspectionOf({}),
};

const counted = (changed: Partial<Outputs>): readonly [missing: number, duplicate: number, wrong: number] => {
  const { missing, duplicate, wrong } = judge(CONFIG, GIVEN, { ...RIGHT, ...changed }, FIRED_UP_TO);
  return [missing, duplicate, wrong];
};

describe('the verdict on what a process has left', () => {
  it('finds nothing wrong where all is right, in whatever order', () => {
    expect(late.length).toBeGreaterThan(1);
    expect(results.length).toBeGreaterThan(2);
    expect(judge(CONFIG, GIVEN, RIGHT, FIRED_UP_TO).differences).toEqual([]);
    expect(counted({ results: lines(results.toReversed()), deadLetters: lines(letters.toReversed()) })).toEqual([
      0, 0, 0,
    ]);
  });

  const countersOf = (changed: object): Partial<Outputs> => ({
    inspection: inspectionOf({ counters: { ...pipeline.counters, ...changed } }),
  });

  it.each<[string, Partial<Outputs>, 'missing' | 'duplicate' | 'wrong']>([
    ['a lost result', { results: lines(results.slice(1)) }, 'missing'],
    ['no result at all', { results: '' }, 'missing'],
    ['a result that is there twice', { results: lines([...results, ...results.slice(0, 1)]) }, 'duplicate'],
    ['a wrong sum', { results: RIGHT.results.replace('"sum":1', '"sum":2') }, 'wrong'],
    ['a result of a window that is still open', { results: RIGHT.results + lines([openWindow()]) }, 'wrong'],
    ['half a line at the end', { results: `${RIGHT.results}{"id":` }, 'wrong'],
    ['half a line in between', { results: `{"id":\n${RIGHT.results}` }, 'wrong'],
    ['a lost late event', { lateEvents: lines(late.slice(1)) }, 'missing'],
    ['a late event that is there twice', { lateEvents: lines([...late, ...late.slice(0, 1)]) }, 'duplicate'],
    [
      'a late event that was not late',
      { lateEvents: RIGHT.lateEvents.replaceAll('"offset":40', '"offset":60') },
      'wrong',
    ],
    ['a lost dead letter', { deadLetters: lines(letters.slice(1)) }, 'missing'],
    ['a dead letter that is there twice', { deadLetters: lines([...letters, ...letters.slice(0, 1)]) }, 'duplicate'],
    [
      'a dead letter for another reason',
      { deadLetters: RIGHT.deadLetters.replaceAll('not_json', 'too_deep') },
      'wrong',
    ],
    [
      'a state that is not at the end',
      { inspection: inspectionOf({ partitions: [{ id: 'p', offset: 120 }] }) },
      'wrong',
    ],
    [
      'a partition that nobody knows',
      { inspection: inspectionOf({ partitions: [...pipeline.partitions, { id: 'q', offset: 1 }] }) },
      'wrong',
    ],
    ['something undelivered', { inspection: inspectionOf({ undelivered: { results: 1 } }) }, 'wrong'],
    ['an event that was not read', countersOf({ read: 8 }), 'wrong'],
    ['an event that was counted twice', countersOf({ decoded: 8, read: 10 }), 'wrong'],
    ['a firing that was not delivered', countersOf({ fired: 9 }), 'wrong'],
  ])('notices %s', (_, changed, kind) => {
    const verdict = judge(CONFIG, GIVEN, { ...RIGHT, ...changed }, FIRED_UP_TO);
    expect(verdict[kind]).toBeGreaterThan(0);
    expect(verdict.differences.length).toBeGreaterThan(0);
  });
});

function openWindow(): object {
  const [window] = expected.windows.slice(-1);
  if (window === undefined) throw new Error('there is an open window');
  return singlePane(expected, window);
}
