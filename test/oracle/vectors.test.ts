import { describe, expect, it } from 'vitest';
import type { OracleConfig, OracleEvent, Step, WindowDefinition } from './model.ts';
import { oracle } from './oracle.ts';
import { spansAt } from './rules.ts';
import { oracleStepwise, type StepwiseExpected } from './stepwise.ts';

const tumbling = (size: number, offset = 0, allowedLateness = 0): WindowDefinition & { type: 'tumbling' } => ({
  name: 'tumbling',
  type: 'tumbling',
  size,
  offset,
  allowedLateness,
});
const sliding = (size: number, slide: number): WindowDefinition & { type: 'sliding' } => ({
  name: 'sliding',
  type: 'sliding',
  size,
  slide,
  offset: 0,
  allowedLateness: 0,
});
const session = (gap: number): WindowDefinition => ({ name: 'session', type: 'session', gap, allowedLateness: 0 });

function configOf(window: WindowDefinition, options: Partial<OracleConfig> = {}): OracleConfig {
  return {
    pipeline: 'vectors',
    windows: [window],
    lateRule: 'event',
    outOfOrderness: 0,
    aggregates: ['count'],
    percentiles: [],
    metrics: [],
    flat: true,
    ...options,
  };
}

const eventAt = (timestamp: number, offset = 0): OracleEvent => ({ timestamp, key: null, values: [], offset });
const e = (timestamp: number, partition = 'p0'): Step => ({ type: 'events', partition, events: [eventAt(timestamp)] });
const w = (at: number): Step => ({ type: 'watermark', partition: 'p0', at });
const finish: Step = { type: 'finish', partition: 'p0' };

/** `[start,end) count timing#index`, in order of emission. */
function firings(expected: StepwiseExpected): string[] {
  return expected.panes.map(({ json }) => {
    const [start, end] = [Date.parse(json.window.start), Date.parse(json.window.end)];
    const { index, timing } = json.pane;
    return `[${String(start)},${String(end)}) ${JSON.stringify(json.results['count'])} ${timing}#${String(index)}`;
  });
}

const bounds = (spans: readonly { start: number; end: number }[]): number[][] => spans.map((s) => [s.start, s.end]);

describe('windows', () => {
  it.each([
    [0, 0, [0, 10]],
    [0, 9, [0, 10]],
    [0, 10, [10, 20]],
    [0, -1, [-10, 0]],
    [0, -10, [-10, 0]],
    [3, 2, [-7, 3]],
    [3, 3, [3, 13]],
  ])('a tumbling window of 10 with offset %i holds %i', (offset, at, span) => {
    expect(bounds(spansAt(tumbling(10, offset), at))).toEqual([span]);
  });

  it.each([
    [
      5,
      0,
      [
        [-5, 5],
        [0, 10],
      ],
    ],
    [
      3,
      10,
      [
        [3, 13],
        [6, 16],
        [9, 19],
      ],
    ],
    [15, 12, []],
  ])('sliding windows of 10 by %i hold %i', (slide, at, spans) => {
    expect(bounds(spansAt(sliding(10, slide), at))).toEqual(spans);
  });
});

describe('sessions', () => {
  it.each([
    [
      [0, 10],
      [
        [0, 10],
        [10, 20],
      ],
    ],
    [[0, 9], [[0, 19]]],
    [
      [0, 20, 10],
      [
        [0, 10],
        [10, 20],
        [20, 30],
      ],
    ],
    [[0, 18, 9], [[0, 28]]],
  ])('of %j with gap 10 are %j', (times, spans) => {
    const config = configOf(session(10), { outOfOrderness: 100 });
    const events = times.map(eventAt);
    expect(bounds(oracle(config, [{ id: 'p0', events }]).windows.map(({ span }) => span))).toEqual(spans);
    const { panes } = oracleStepwise(config, ['p0'], [{ type: 'events', partition: 'p0', events }, finish]);
    expect(panes.map(({ json }) => [Date.parse(json.window.start), Date.parse(json.window.end)])).toEqual(spans);
  });

  it('merge before an event is judged, and are gone once the watermark has passed them', () => {
    const config = configOf(session(3000), { outOfOrderness: null, lateRule: 'window' });
    const first = [e(1000), w(1999), e(2000), w(4998), e(4500), e(8500), w(7400), e(7000), w(11_501)];
    const then = [e(11_600), w(14_600), e(10_000), e(14_500), w(20_000)];
    const expected = oracleStepwise(config, ['p0'], [...first, ...then]);
    expect(firings(expected)).toEqual([
      '[1000,11500) 5 on_time#0',
      '[11600,14600) 1 on_time#0',
      '[14500,17500) 1 on_time#0',
    ]);
    expect(expected.drops.map(({ event, watermark }) => [event.timestamp, watermark])).toEqual([[10_000, 14_600]]);
  });

  it('that had fired are retracted when a late event joins them', () => {
    const lenient: WindowDefinition = { name: 'session', type: 'session', gap: 10, allowedLateness: 100 };
    const config = configOf(lenient, { outOfOrderness: null });
    const expected = oracleStepwise(config, ['p0'], [e(0), e(18), w(40), e(9), e(12), finish]);
    expect(firings(expected)).toEqual([
      '[0,10) 1 on_time#0',
      '[18,28) 1 on_time#0',
      '[0,10) 1 retraction#1',
      '[18,28) 1 retraction#1',
      '[0,28) 3 on_time#0',
      '[0,28) 4 late#1',
    ]);
    expect(expected.counters).toMatchObject({ assigned: 4, onTime: 2, acceptedLate: 2 });
  });

  it('of several partitions are undefined as soon as one event may come after a neighbour has closed', () => {
    const config = configOf(session(10));
    const inTime = { id: 'p1', events: [eventAt(5), eventAt(12)] };
    const late = { id: 'p1', events: [eventAt(12), eventAt(1)] };
    const p0 = { id: 'p0', events: [eventAt(0), eventAt(9)] };
    expect(oracle(config, [p0, inTime])).toMatchObject({ sessionsDefined: true, windows: [{ span: { end: 22 } }] });
    expect(oracle(config, [p0, late])).toMatchObject({ sessionsDefined: false, undefinedSessions: ['session'] });
  });

  it('that the watermark of an event has passed are not joined, whatever the size of the batches', () => {
    const config = configOf(session(10));
    const events = [eventAt(0), eventAt(11), eventAt(9)];
    const spans = [
      [0, 10],
      [9, 21],
    ];
    expect(bounds(oracle(config, [{ id: 'p0', events }]).windows.map(({ span }) => span))).toEqual(spans);
    const oneBatch: Step[] = [{ type: 'events', partition: 'p0', events }, finish];
    const single = [...events.map((event): Step => ({ type: 'events', partition: 'p0', events: [event] })), finish];
    for (const steps of [oneBatch, single]) {
      expect(firings(oracleStepwise(config, ['p0'], steps))).toEqual(['[0,10) 1 on_time#0', '[9,21) 2 on_time#0']);
    }
  });
});

describe('lateness', () => {
  it('lets a late event fire its window again until it is more than the lateness behind the watermark', () => {
    const s = 1000;
    const config = configOf(tumbling(60 * s, 0, 60 * s), { outOfOrderness: 30 * s });
    const times = [10, 70, 95, 20, 200, 30, 115].map((seconds) => seconds * s);
    const expected = oracleStepwise(
      config,
      ['p0'],
      times.map((at) => e(at)),
    );
    expect(firings(expected)).toEqual([
      '[0,60000) 1 on_time#0',
      '[0,60000) 2 late#1',
      '[60000,120000) 2 on_time#0',
      '[60000,120000) 3 late#1',
    ]);
    expect(expected.drops.map(({ event, watermark }) => [event.timestamp, watermark])).toEqual([[30 * s, 170 * s]]);
    expect(expected.panes.map(({ json }) => json.pane.final)).toEqual([false, false, false, false]);
    expect(expected.counters).toEqual({
      assigned: 7,
      onTime: 4,
      outOfOrder: 0,
      acceptedLate: 2,
      droppedLate: 1,
      unassigned: 0,
    });
  });

  it('is judged by the event or, if so ruled, by the window', () => {
    const times = [0, 25, 9];
    for (const [lateRule, dropped] of [
      ['event', 1],
      ['window', 0],
    ] as const) {
      // The watermark is 24: by the event, 9 and later are taken; by the window, all of [0, 10).
      const config = configOf(tumbling(10, 0, 15), { lateRule, outOfOrderness: 1 });
      const { counters } = oracle(config, [{ id: 'p0', events: [...times, 8].map(eventAt) }]);
      expect(counters).toMatchObject({ droppedLate: dropped, acceptedLate: 2 - dropped });
    }
  });

  it('makes an event out of order, not late, while its window is open', () => {
    const { counters } = oracle(configOf(tumbling(10)), [{ id: 'p0', events: [5, 4, 5].map(eventAt) }]);
    expect(counters).toMatchObject({ onTime: 2, outOfOrder: 1 });
  });
});

describe('several partitions', () => {
  const atSixty = (allowedLateness: number): StepwiseExpected =>
    oracleStepwise(
      configOf(tumbling(50, 0, allowedLateness)),
      ['p0', 'p1'],
      [e(100, 'p0'), e(40, 'p1'), { type: 'idle', partition: 'p1' }, e(60, 'p1'), e(130, 'p0'), e(110, 'p1')],
    );

  it('the least watermark counts; an idle partition is left out until it has caught up', () => {
    expect(atSixty(0).watermarks).toEqual([-Infinity, 40, 100, 100, 130, 130]);
  });

  it('an event of a partition that was idle is judged by its own watermark while the state is there', () => {
    const expected = atSixty(100);
    expect(firings(expected)).toContain('[50,100) 1 on_time#0');
    expect(expected.drops).toEqual([]);
  });

  it('and dropped by the watermark of the pipeline where the state is gone', () => {
    expect(atSixty(0).drops.map(({ event, watermark }) => [event.timestamp, watermark])).toEqual([[60, 100]]);
  });

  it('all idle: the greatest watermark; all finished: no bound', () => {
    const { watermarks } = oracleStepwise(
      configOf(tumbling(10)),
      ['p0', 'p1'],
      [
        e(100, 'p0'),
        e(40, 'p1'),
        { type: 'idle', partition: 'p0' },
        { type: 'idle', partition: 'p1' },
        { type: 'finish', partition: 'p0' },
        { type: 'finish', partition: 'p1' },
      ],
    );
    expect(watermarks).toEqual([-Infinity, 40, 40, 100, 100, Infinity]);
  });
});

describe('early panes', () => {
  it('come whenever enough elements are there, and the watermark counts on from them', () => {
    const config = configOf({ ...tumbling(10), fireEvery: 2 });
    const events = [1, 2, 3, 4, 5].map(eventAt);
    const expected = oracleStepwise(config, ['p0'], [{ type: 'events', partition: 'p0', events }, finish]);
    expect(firings(expected)).toEqual(['[0,10) 2 early#0', '[0,10) 4 early#1', '[0,10) 5 on_time#2']);
    expect(expected.panes.map(({ json }) => json.pane.final)).toEqual([false, false, true]);
  });
});

describe('firing order', () => {
  it('is by end, then start, then key', () => {
    const windows: WindowDefinition[] = [tumbling(10), { ...sliding(20, 10), name: 'sliding' }];
    const config = { ...configOf(tumbling(10)), windows };
    const events = ['b', 'a'].flatMap((key) =>
      [15, 5].map((timestamp): OracleEvent => ({ timestamp, key: [['k', key]], values: [], offset: 0 })),
    );
    const { panes } = oracleStepwise(
      { ...config, outOfOrderness: 50 },
      ['p0'],
      [{ type: 'events', partition: 'p0', events }, finish],
    );
    expect(panes.map(({ json }) => json.id.slice('vectors/'.length))).toEqual([
      'sliding/k=a/-10/10/0',
      'sliding/k=b/-10/10/0',
      'tumbling/k=a/0/10/0',
      'tumbling/k=b/0/10/0',
      'sliding/k=a/0/20/0',
      'sliding/k=b/0/20/0',
      'tumbling/k=a/10/20/0',
      'tumbling/k=b/10/20/0',
      'sliding/k=a/10/30/0',
      'sliding/k=b/10/30/0',
    ]);
  });
});
