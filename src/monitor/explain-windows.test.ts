import { describe, expect, it } from 'vitest';
import type { OpenSpanStatus, PartitionStatus } from '../runtime/status.ts';
import { explainWindows, type ExplainedRun } from './explain-windows.ts';
import type { PipelineOutline } from './pipeline-outline.ts';

const OUTLINE: PipelineOutline = {
  name: 'p',
  source: 'memory',
  time: 'event',
  key: ['k'],
  metrics: [],
  windows: [
    { name: 'tumbling', type: 'tumbling', description: '', allowedLatenessMs: 5000, hasTrigger: false },
    { name: 'triggered', type: 'tumbling', description: '', allowedLatenessMs: 0, hasTrigger: true },
  ],
  disorderMs: 2000,
  idleTimeoutMs: 60_000,
  sinks: [],
  hasLateSink: false,
  hasDeadLetterSink: false,
  stateBackend: 'memory',
  commitIntervalMs: 100,
  bufferSize: 10_000,
};

function partition(id: string, watermark: number, change: Partial<PartitionStatus> = {}): PartitionStatus {
  const rest = { offset: 0, committedOffset: null, caughtUp: false, silentMs: 0, lagRecords: null };
  return { id, state: 'active', watermark, ...rest, ...change };
}

const SPAN: OpenSpanStatus = { name: 'tumbling', start: 0, end: 10_000, key: 'k=a', fired: false, windows: 3 };

function run(partitions: readonly PartitionStatus[], change: Partial<ExplainedRun> = {}): ExplainedRun {
  const watermark = Math.min(...partitions.filter(({ state }) => state === 'active').map((each) => each.watermark));
  return { state: 'running', watermark, partitions, components: {}, openSpans: [SPAN], ...change };
}

const idle = { state: 'idle', caughtUp: true, silentMs: 90_000 } as const;

describe('an open window has not fired, since', () => {
  const DISORDER = 'That is reached by an event 2 s after the end, for so much disorder is allowed.';
  it.each<[string, ExplainedRun, string, string, number | null]>([
    [
      'the watermark is not there yet',
      run([partition('p0', 4000)]),
      'watermark',
      `The watermark of partition p0 is 6 s before the end. ${DISORDER}`,
      6000,
    ],
    [
      'one partition is behind the others',
      run([partition('p0', 9500), partition('p1', 2500), partition('p2', 9000)]),
      'watermark',
      `The watermark of partition p1, the furthest behind, is 7.5 s before the end. ${DISORDER}`,
      7500,
    ],
    [
      'a partition is silent, and not for long enough',
      run([partition('p0', 9500), partition('p1', 2500, { caughtUp: true, silentMs: 12_345 })]),
      'watermark',
      `The watermark of partition p1, the furthest behind, is 7.5 s before the end. ${DISORDER} It has been silent for 12 s, and after 1 m of it is waited for no longer.`,
      7500,
    ],
    [
      'a partition has had no event',
      run([partition('p0', 9500), partition('p1', -Infinity)]),
      'no_events',
      'The watermark waits for partition p1, which has not had an event yet.',
      null,
    ],
    [
      'all partitions are silent',
      run([partition('p0', 4000, idle), partition('p1', 1000, idle)], { watermark: 4000 }),
      'all_idle',
      'All 2 partitions are silent, for longer than the 1 m of the idle timeout: nothing moves the watermark. It needs an event 6 s further on.',
      6000,
    ],
    ['there is nothing to read', run([], { watermark: -Infinity }), 'all_idle', 'There is no partition to read.', null],
    [
      'the pipeline is only starting',
      run([], { watermark: -Infinity, state: 'starting' }),
      'not_running',
      'Nothing is being read: the pipeline is starting.',
      null,
    ],
    ['its epoch is under way', run([partition('p0', 11_000)]), 'due', 'Its time is over, and it is about to fire.', 0],
    [
      'a sink holds up its epoch',
      run([partition('p0', 11_000)], { components: { 'sink:file': { status: 'degraded', message: 'no room' } } }),
      'due',
      'Its time is over. It waits for sink:file: no room.',
      0,
    ],
    [
      'it has, and is kept for late events',
      run([partition('p0', 11_000)], { openSpans: [{ ...SPAN, fired: true }] }),
      'fired',
      'It has fired, and is kept for late events until the watermark is 4 s further on.',
      0,
    ],
    [
      'its trigger has not asked for it',
      run([partition('p0', 4000)], { openSpans: [{ ...SPAN, name: 'triggered' }] }),
      'watermark',
      `The watermark of partition p0 is 6 s before the end. ${DISORDER} Its trigger may fire it before.`,
      6000,
    ],
  ])('%s', (_, explained, reason, text, remainingMs) => {
    expect(explainWindows(explained, OUTLINE)).toMatchObject([{ reason, text, remainingMs, keys: 3 }]);
  });

  it('a partition that is behind the watermark holds nobody up: it is one that has joined', () => {
    const returned = run([partition('p0', 1000), partition('p1', 4000)], { watermark: 4000 });
    expect(explainWindows(returned, OUTLINE)[0]?.text).toContain('The watermark of partition p1,');
  });

  it('says until when it is kept, each by its own lateness', () => {
    const later = { ...SPAN, name: 'triggered', start: 10_000, end: 20_000 };
    const explained = explainWindows(run([partition('p0', 4000)], { openSpans: [SPAN, later] }), OUTLINE);
    expect(explained).toMatchObject([
      { start: 0, key: 'k=a', keptUntil: 15_000 },
      { start: 10_000, keptUntil: 20_000 },
    ]);
  });
});
