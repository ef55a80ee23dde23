import { Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { GroupingKey, type KeyField } from '../../event/grouping-key.ts';
import { Window } from '../../event/window.ts';
import { AggregationResult, type Pane } from '../../results/aggregation-result.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { testContext } from '../event-sink.contract.ts';
import { MetricsSink, type MetricsSinkOptions } from './metrics-sink.ts';

interface Sample {
  readonly results: object;
  readonly key?: readonly KeyField[];
  readonly start?: number;
  readonly end?: number;
  readonly timing?: Pane['timing'];
}

function result({ results, key, start = 0, end = 1000, timing = 'on_time' }: Sample): AggregationResult<object> {
  return new AggregationResult<object>({
    pipeline: 'p',
    windowName: 'tumbling',
    windowType: 'tumbling',
    window: new Window(start, end, key === undefined ? null : GroupingKey.fromFields(key)),
    results,
    pane: { index: 0, timing, final: false },
    timestamp: 0,
  });
}

function open(options?: MetricsSinkOptions): {
  sink: MetricsSink;
  clock: ManualClock;
  samples: () => Promise<string[]>;
} {
  const registry = new Registry();
  const sink = new MetricsSink(registry, options);
  const clock = new ManualClock();
  sink.open({ ...testContext, clock });
  const samples = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => /^[^#]/.test(line) && !line.includes('dropped_total 0'));
  return { sink, clock, samples };
}

describe('MetricsSink', () => {
  it('exposes the numbers of one metric under the prefix', async () => {
    const { sink, samples } = open();
    sink.sendBatch([
      result({ results: { count: 3, sum: null, p50: 20, 'p99.9': 31.5, custom: { a: 1 } }, key: [['model', 'gpt-4']] }),
    ]);
    expect(await samples()).toEqual([
      'processor_result_count{window="tumbling",model="gpt-4"} 3',
      'processor_result_p50{window="tumbling",model="gpt-4"} 20',
      'processor_result_p99_9{window="tumbling",model="gpt-4"} 31.5',
    ]);
  });

  it('exposes several metrics under their names, and keys with a missing field without its label', async () => {
    const { sink, samples } = open({ prefix: 'llm' });
    sink.sendBatch([
      result({
        results: { latency_ms: { count: 2 }, 'usage.cost': { count: 1 } },
        key: [
          ['model', 'a"b\n'],
          ['region', null],
        ],
      }),
    ]);
    expect(await samples()).toEqual([
      'llm_latency_ms_count{window="tumbling",model="a\\"b\\n"} 2',
      'llm_usage_cost_count{window="tumbling",model="a\\"b\\n"} 1',
    ]);
  });

  it('is readable by Prometheus: help and type stand before the samples', async () => {
    const registry = new Registry();
    const sink = new MetricsSink(registry);
    sink.open(testContext);
    sink.sendBatch([result({ results: { count: 3 } })]);
    expect(await registry.metrics()).toContain(
      '# HELP processor_result_count count in the latest window.\n# TYPE processor_result_count gauge\nprocessor_result_count{window="tumbling"} 3\n',
    );
  });

  it('shows the window that ends last: a later one replaces it, a late update of an earlier one does not', async () => {
    const { sink, samples } = open();
    sink.sendBatch([result({ results: { count: 1 }, start: 1000, end: 2000 })]);
    sink.sendBatch([result({ results: { count: 2 }, timing: 'late' })]);
    expect(await samples()).toEqual(['processor_result_count{window="tumbling"} 1']);
    sink.sendBatch([result({ results: { count: 4 }, start: 1000, end: 2000, timing: 'late' })]);
    expect(await samples()).toEqual(['processor_result_count{window="tumbling"} 4']);
    sink.sendBatch([result({ results: { count: 5 }, start: 2000, end: 3000 })]);
    expect(await samples()).toEqual(['processor_result_count{window="tumbling"} 5']);
  });

  it('removes what a retraction retracts, and nothing else', async () => {
    const { sink, samples } = open();
    sink.sendBatch([result({ results: { count: 1 }, start: 5, end: 2000 })]);
    sink.sendBatch([result({ results: { count: 1 }, start: 0, end: 1000, timing: 'retraction' })]);
    expect(await samples()).toHaveLength(1);
    sink.sendBatch([result({ results: { count: 1 }, start: 5, end: 2000, timing: 'retraction' })]);
    expect(await samples()).toEqual([]);
  });

  it('does not keep a value that the latest window does not have', async () => {
    const { sink, samples } = open();
    sink.sendBatch([result({ results: { average: 2 } }), result({ results: { average: null }, end: 2000 })]);
    expect(await samples()).toEqual([]);
  });

  it('drops the label set updated longest ago when there are too many, and counts it', async () => {
    const { sink, samples } = open({ maxLabelSets: 2 });
    const of = (model: string, end: number): AggregationResult<object> =>
      result({ results: { count: end }, key: [['model', model]], end });
    sink.sendBatch([of('a', 1), of('b', 1), of('a', 2), of('c', 1)]);
    expect(await samples()).toEqual([
      'processor_result_label_sets_dropped_total 1',
      'processor_result_count{window="tumbling",model="a"} 2',
      'processor_result_count{window="tumbling",model="c"} 1',
    ]);
  });

  it('leaves out what has not been reported for three windows, or five minutes, or as long as it is told', async () => {
    const { sink, samples, clock } = open();
    const minute = 60_000;
    const of = (model: string, end: number, start = 0): AggregationResult<object> =>
      result({ results: { count: end }, key: [['model', model]], start, end });
    sink.sendBatch([of('short', minute), of('long', 10 * minute), of('kept', minute)]);
    clock.advance(4 * minute);
    sink.sendBatch([of('kept', 2 * minute, minute)]);
    clock.advance(minute - 1);
    expect(await samples()).toHaveLength(3);
    clock.advance(1);
    expect((await samples()).join()).not.toContain('short');
    clock.advance(4 * minute);
    expect(await samples()).toEqual(['processor_result_count{window="tumbling",model="long"} 600000']);
    clock.advance(21 * minute);
    expect(await samples()).toEqual([]);
    const told = open({ staleAfter: '1s' });
    told.sink.sendBatch([of('short', minute)]);
    told.clock.advance(999);
    expect(await told.samples()).toHaveLength(1);
    told.clock.advance(1);
    expect(await told.samples()).toEqual([]);
  });

  it('takes __proto__ and the like as names of metrics, fields and values', async () => {
    const { sink, samples } = open();
    const results = Object.fromEntries([
      ['__proto__', { count: 1 }],
      ['constructor', { count: 2 }],
      ['toString', { count: 3 }],
    ]);
    sink.sendBatch([
      result({
        results,
        key: [
          ['__proto__', 'constructor'],
          ['toString', '__proto__'],
        ],
      }),
    ]);
    const labels = '{window="tumbling",_proto__="constructor",toString="__proto__"}';
    expect(await samples()).toEqual([
      `processor_result___proto___count${labels} 1`,
      `processor_result_constructor_count${labels} 2`,
      `processor_result_toString_count${labels} 3`,
    ]);
  });

  it('keeps names apart that are the same to Prometheus', async () => {
    const { sink, samples } = open();
    const results = { 'a.b': { count: 1 }, a_b: { count: 2 }, a: { b_count: 3 } };
    sink.sendBatch([
      result({
        results,
        key: [
          ['x.y', '1'],
          ['x_y', '2'],
          ['window', '3'],
          ['9', '4'],
        ],
      }),
    ]);
    const labels = '{window="tumbling",x_y="1",x_y_2="2",window_2="3",_9="4"}';
    expect(await samples()).toEqual([
      `processor_result_a_b_count${labels} 1`,
      `processor_result_a_b_count_2${labels} 2`,
      `processor_result_a_b_count_3${labels} 3`,
    ]);
  });

  it('refuses to open, or to send, where the registry has metrics of that name from elsewhere', () => {
    const registry = new Registry();
    const first = new MetricsSink(registry);
    first.open(testContext);
    expect(() => new MetricsSink(registry).open(testContext)).toThrow(/prefix of its own/);
    registry.registerMetric(new Gauge({ name: 'processor_result_count', help: 'x', registers: [] }));
    expect(() => first.sendBatch([result({ results: { count: 1 } })])).toThrow(/prefix of its own/);
  });

  it('begins afresh when it is opened again', async () => {
    const { sink, samples } = open();
    sink.sendBatch([result({ results: { count: 1 } })]);
    sink.open(testContext);
    expect(await samples()).toEqual([]);
    sink.sendBatch([result({ results: { count: 2 } })]);
    expect(await samples()).toEqual(['processor_result_count{window="tumbling"} 2']);
  });

  it('refuses a prefix that Prometheus does not take and a bound of nothing', () => {
    expect(() => new MetricsSink(new Registry(), { prefix: 'a-b' })).toThrow(/prefix/);
    expect(() => new MetricsSink(new Registry(), { maxLabelSets: 0 })).toThrow(/maxLabelSets/);
  });
});
