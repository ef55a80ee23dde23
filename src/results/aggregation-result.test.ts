import { describe, expect, it } from 'vitest';
import { GroupingKey } from '../event/grouping-key.ts';
import { Window } from '../event/window.ts';
import { AggregationResult, type AggregationResultInit, type Results } from './aggregation-result.ts';

const START = Date.UTC(2023, 10, 16, 18, 15);
const key = GroupingKey.fromFields([
  ['model', 'gpt-4'],
  ['region', 'us-west-2'],
]);

function resultOf(changes: Partial<AggregationResultInit<Results>> = {}): AggregationResult {
  return new AggregationResult({
    pipeline: 'processor',
    windowName: 'tumbling',
    windowType: 'tumbling',
    window: new Window(START, START + 300_000, key),
    results: {
      count: 3,
      sum: 60,
      average: 20,
      min: 10,
      max: 30,
      stddev: 8.16496580927726,
      p50: 20,
      p95: 30,
      p99: 30,
    },
    pane: { index: 0, timing: 'on_time', final: false },
    timestamp: Date.UTC(2026, 10, 22),
    ...changes,
  });
}

const DOCUMENTED = `
{ "id": "processor/tumbling/model=gpt-4::region=us-west-2/1700158500000/1700158800000/0",
  "pipeline": "processor",
  "window": { "type": "tumbling", "start": "2023-11-16T18:15:00.000Z", "end": "2023-11-16T18:20:00.000Z", "key": "model=gpt-4::region=us-west-2" },
  "key": { "model": "gpt-4", "region": "us-west-2" },
  "results": { "count": 3, "sum": 60, "average": 20, "min": 10, "max": 30, "stddev": 8.16496580927726, "p50": 20, "p95": 30, "p99": 30 },
  "pane": { "index": 0, "timing": "on_time", "final": false },
  "timestamp": "2026-11-22T00:00:00.000Z" }`;

describe('an aggregation result', () => {
  it('as JSON has the documented form, fields in their order', () => {
    expect(JSON.stringify(resultOf())).toBe(JSON.stringify(JSON.parse(DOCUMENTED)));
  });

  it('without a grouping key has null for it, and nothing in its id', () => {
    const result = resultOf({ window: new Window(START, START + 300_000) });
    expect(result.id).toBe('processor/tumbling//1700158500000/1700158800000/0');
    expect(JSON.parse(JSON.stringify(result))).toMatchObject({ window: { key: null }, key: null });
    expect(result.key).toBeNull();
  });

  it('has null for a key field that the event does not have', () => {
    const window = new Window(0, 10, GroupingKey.fromFields([['model', null]]));
    expect(JSON.parse(JSON.stringify(resultOf({ window })))).toMatchObject({
      id: 'processor/tumbling/model=%00/0/10/0',
      window: { key: 'model=%00' },
      key: { model: null },
    });
  });

  it('has an id of its own for every pane, window name, window and key, and the same whenever it is emitted', () => {
    const others = [
      resultOf({ pane: { index: 1, timing: 'late', final: true } }),
      resultOf({ windowName: 'five minutes' }),
      resultOf({ window: new Window(START, START + 60_000, key) }),
      resultOf({ window: new Window(START + 1, START + 300_000, key) }),
      resultOf({ window: new Window(START, START + 300_000) }),
      resultOf({ pipeline: 'other' }),
    ];
    expect(new Set([resultOf(), ...others].map(({ id }) => id)).size).toBe(others.length + 1);
    expect(resultOf({ timestamp: 5, results: {} }).id).toBe(resultOf().id);
  });
});
