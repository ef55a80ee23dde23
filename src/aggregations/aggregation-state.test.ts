import { describe, expect, it } from 'vitest';
import { GroupingKey } from '../event/grouping-key.ts';
import { Window } from '../event/window.ts';
import { AggregationState } from './aggregation-state.ts';
import { parseAggregationSpec } from './parse-aggregation-spec.ts';

const KEY = GroupingKey.fromFields([
  ['__proto__', 'gpt-4'],
  ['région::=%', null],
]);
const WINDOW = new Window(1000, 2000, KEY);

function stateOf(values: readonly number[], window = WINDOW): AggregationState {
  const state = new AggregationState(window);
  for (const value of values) state.addValue(value);
  return state;
}

describe('AggregationState', () => {
  it('has all aggregates at once', () => {
    const state = stateOf([10, 20, 30, 40, 50]);
    expect([state.count, state.sum, state.average, state.min, state.max]).toEqual([5, 150, 30, 10, 50]);
    expect([state.p50(), state.p95(), state.p99(), state.percentile(20)]).toEqual([30, 50, 50, 10]);
    expect(state.standardDeviation()).toBe(Math.sqrt(200));
    expect(state.sampleStandardDeviation()).toBe(Math.sqrt(250));
  });

  it('has a count and a sum of 0 when it is empty, and nothing else', () => {
    const state = stateOf([]);
    expect([state.count, state.sum, state.average, state.min, state.max, state.p50()]).toEqual([
      0,
      0,
      null,
      null,
      null,
      null,
    ]);
    expect([state.standardDeviation(), state.sampleStandardDeviation()]).toEqual([null, null]);
  });

  it('gives a result as a pipeline would emit it', () => {
    const result = stateOf([10, 20, 30]).toResult();
    expect(result.results).toEqual({
      count: 3,
      sum: 60,
      average: 20,
      min: 10,
      max: 30,
      stddev: 8.16496580927726,
      p50: 20,
      p95: 30,
      p99: 30,
    });
    expect(result).toMatchObject({ pipeline: 'processor', windowName: 'tumbling', window: WINDOW, timestamp: 2000 });
    expect(result.pane).toEqual({ index: 0, timing: 'on_time', final: false });
    expect(result.id).toBe('processor/tumbling/__proto__=gpt-4::région%3A%3A%3D%25=%00/1000/2000/0');
  });

  it('gives a result with the particulars it is told', () => {
    const pane = { index: 2, timing: 'late', final: true } as const;
    const result = stateOf([1]).toResult({
      pipeline: 'p',
      windowType: 'session',
      windowName: 'visits',
      pane,
      timestamp: 5000,
    });
    expect(result).toMatchObject({ pipeline: 'p', windowType: 'session', windowName: 'visits', pane, timestamp: 5000 });
  });

  it('computes what its spec says', () => {
    const state = new AggregationState(WINDOW, parseAggregationSpec({ aggregates: ['max'] }));
    state.addValue(3);
    expect(state.toResult().results).toEqual({ max: 3 });
  });

  it('takes in the values of another one, which stays as it is', () => {
    const [state, other] = [
      stateOf([10]),
      stateOf([20, 30], new Window(1000, 2000, GroupingKey.fromFields(KEY.fields))),
    ];
    state.merge(other);
    expect([state.sum, other.sum]).toEqual([60, 50]);
  });

  it.each([
    ['another window', new AggregationState(new Window(1000, 2001, KEY))],
    ['no key', new AggregationState(new Window(1000, 2000))],
    ['another spec', new AggregationState(WINDOW, parseAggregationSpec({ percentiles: [50] }))],
  ])('refuses to merge one of %s', (_, other) => {
    expect(() => stateOf([1]).merge(other)).toThrow(expect.objectContaining({ code: 'ACCUMULATOR_MISMATCH' }));
  });

  it.each([
    ['a key', WINDOW],
    ['no key', new Window(-5, 8.64e15)],
  ])('is a codec of its instances: window with %s, spec and values', (_, window) => {
    const state = new AggregationState(
      window,
      parseAggregationSpec({ percentiles: [7, 99.9], relativeAccuracy: 0.02 }),
    );
    for (let value = 0; value < 2000; value += 1) state.addValue(value ** 1.5);
    const restored = AggregationState.decode(AggregationState.encode(state));
    expect(restored.window).toEqual(window);
    expect(restored.spec).toEqual(state.spec);
    for (const each of [state, restored]) each.addValue(-1);
    expect(restored.toResult().toJSON()).toEqual(state.toResult().toJSON());
    restored.merge(state);
    expect(restored.count).toBe(4002);
  });

  it('refuses bytes that are cut or altered, at every place', () => {
    const bytes = AggregationState.encode(stateOf([1, 2]));
    for (let at = 0; at < bytes.length; at += 1) {
      expect(() => AggregationState.decode(bytes.slice(0, at))).toThrow(
        expect.objectContaining({ code: 'ACCUMULATOR_CORRUPT' }),
      );
      const altered = bytes.slice();
      altered[at] = (altered[at] ?? 0) ^ 0xff;
      try {
        AggregationState.decode(altered);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ACCUMULATOR_CORRUPT' });
      }
    }
  });
});
