import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { LateEventHandler } from '../plan/late-event-handler.ts';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import type { PipelineBuilder } from '../pipeline/pipeline-builder.ts';
import type { RunSummary } from '../pipeline/pipeline.ts';
import type { AggregationResult, MetricResults } from '../results/aggregation-result.ts';
import type { LateEvent } from '../results/late-event.ts';
import { MemorySource } from '../sources/memory/memory-source.ts';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import type { StateBackend } from '../state/state-backend.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { BoundedOutOfOrdernessWatermark } from '../time/bounded-out-of-orderness-watermark.ts';
import { CountTrigger } from '../windows/count-trigger.ts';
import {
  CollectingSink,
  readings,
  readingsPipeline,
  settle,
  WatchedBackend,
  type Reading,
} from './run-fixtures.contract.ts';

type Builder = PipelineBuilder<Reading, unknown>;

/** Ends a process as far as a test can: everything that is not in the backend is gone. */
class Crash extends Error {
  override readonly message = 'crash';
}

/** Counts steps that a crash may come at, and crashes at one of them. */
class CrashPoint {
  steps = 0;
  readonly #at: number;

  constructor(at: number) {
    this.#at = at;
  }

  step(): void {
    this.steps += 1;
    if (this.steps === this.#at) throw new Crash();
  }
}

interface Outcome {
  readonly results: readonly AggregationResult<unknown>[];
  readonly late: readonly LateEvent[];
  readonly summary: RunSummary;
  readonly steps: number;
}

const NO_RETRY = new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 0 }));

/** Runs until it comes to its end; at the `crashAt`-th step of each run but the last it crashes. */
async function runThroughCrashes(build: () => Builder, crashes: readonly number[]): Promise<Outcome> {
  const backend = new WatchedBackend();
  const sink = new CollectingSink<AggregationResult<unknown>>();
  const late = new CollectingSink<LateEvent>();
  for (const crashAt of [...crashes, Infinity]) {
    const point = new CrashPoint(crashAt);
    // A commit that takes its time: the next epoch is read meanwhile.
    backend.beforeCommit = async () => {
      point.step();
      await settle(new ManualClock(), 2);
      point.step();
    };
    backend.afterCommit = async () => {
      point.step();
      await settle(new ManualClock(), 2);
    };
    backend.beforeNote = () => point.step();
    backend.afterNote = () => point.step();
    const pipeline = build()
      .withStateBackend(backend)
      .withErrorHandler(NO_RETRY)
      .withLateEventHandler(new LateEventHandler(6, { sideOutput: crashing(late, point) }))
      .withSink(crashing(sink, point))
      .build();
    try {
      const summary = await pipeline.run();
      return { results: sink.items, late: late.items, summary, steps: point.steps };
    } catch (error) {
      const cause = ProcessorError.is(error, 'sink') ? error.cause : error;
      if (!(cause instanceof Crash)) throw error;
    }
  }
  throw new Error('the last run has no crash');
}

/** Crashes before the sink has anything, half way through, or when it has all and nobody knows. */
function crashing<T>(sink: CollectingSink<T>, point: CrashPoint): { sendBatch: CollectingSink<T>['sendBatch'] } {
  return {
    async sendBatch(items, delivery) {
      const half = items.length >> 1;
      point.step();
      await sink.sendBatch(items.slice(0, half), delivery);
      point.step();
      await sink.sendBatch(items.slice(half), delivery);
      point.step();
    },
  };
}

function canonical(result: AggregationResult<unknown>): string {
  return JSON.stringify({ ...result.toJSON(), timestamp: null });
}

/** By id; what comes under one id twice must be the same twice. */
function distinct(results: readonly AggregationResult<unknown>[]): ReadonlyMap<string, string> {
  const byId = new Map<string, string>();
  for (const result of results) {
    const known = byId.get(result.id);
    const text = canonical(result);
    if (known !== undefined) expect(text).toBe(known);
    byId.set(result.id, text);
  }
  return byId;
}

function distinctLate(late: readonly LateEvent[]): readonly string[] {
  return [
    ...new Set(late.map(({ window, offset, watermark }) => JSON.stringify([window, offset, watermark]))),
  ].toSorted();
}

function expectSame(crashed: Outcome, whole: Outcome): void {
  const [found, expected] = [distinct(crashed.results), distinct(whole.results)];
  expect([...found.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
  for (const [id, text] of expected) expect(found.get(id)).toBe(text);
  expect(distinctLate(crashed.late)).toEqual(distinctLate(whole.late));
  const { skipped: _skipped, ...counters } = crashed.summary.counters;
  expect(whole.summary.counters).toMatchObject(counters);
  const { assigned, onTime, outOfOrder, acceptedLate, droppedLate, fired } = counters;
  expect(assigned).toBe(onTime + outOfOrder + acceptedLate + droppedLate);
  expect(fired).toBe(found.size);
}

/** Disordered, with some events far behind, in two keys. */
const disordered: readonly Reading[] = readings(80).map((one, i) => ({
  ...one,
  timestamp: i - ([0, 3, 0, 7, 0, 0, 14, 1][i % 8] ?? 0),
}));

const distinctValues = {
  name: 'distinct',
  createAccumulator: (): { values: number[] } => ({ values: [] }),
  add: (accumulator: { values: number[] }, value: number): void => {
    if (!accumulator.values.includes(value)) accumulator.values.push(value);
  },
  merge: (left: { values: number[] }, right: { values: number[] }): { values: number[] } => ({
    values: [...new Set([...left.values, ...right.values])],
  }),
  getResult: ({ values }: { values: number[] }): number => values.length,
};

const base = (events: readonly Reading[], bufferSize = 20): PipelineBuilder<Reading, MetricResults> =>
  readingsPipeline(events).withBufferSize(bufferSize).withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(2));

const PIPELINES: readonly (readonly [string, () => Builder])[] = [
  ['tumbling windows', () => base(disordered).withTumblingWindow(10)],
  ['sliding windows', () => base(disordered).withSlidingWindow(10, 4)],
  ['sessions', () => base(disordered).withSessionWindow(3)],
  [
    'count triggers',
    () => base(disordered).withTrigger(new CountTrigger(2)).withTumblingWindow(10).withSessionWindow(3),
  ],
  [
    'several metrics and windows, and an aggregator of one’s own',
    () =>
      base(disordered)
        .withValues({ value: 'value', half: (event: Reading) => (event.value % 3 === 0 ? null : event.value / 2) })
        .withAggregator(distinctValues)
        .withTumblingWindow(10)
        .withSlidingWindow(9, 3)
        .withSessionWindow(3),
  ],
];

describe('recovery', () => {
  it.each(PIPELINES)('after a crash at any step gives what an undisturbed run gives: %s', async (_, build) => {
    const whole = await runThroughCrashes(build, []);
    expect(whole.results.length).toBeGreaterThan(10);
    expect(whole.late.length).toBeGreaterThan(0);
    for (let at = 1; at <= whole.steps; at += 1) expectSame(await runThroughCrashes(build, [at]), whole);
  });

  it('gives the same after any number of crashes, whatever the events and the buffer', async () => {
    const events = fc.array(
      fc.record({
        timestamp: fc.integer({ min: 0, max: 60 }),
        key: fc.constantFrom('a', 'b', '__proto__'),
        value: fc.integer({ min: -1000, max: 1000 }),
      }),
      { minLength: 1, maxLength: 60, size: 'max' },
    );
    const crashes = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        events,
        crashes,
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        async (drawn, points, bufferSize, early) => {
          const sorted = drawn.map((one, i) => ({ ...one, timestamp: (one.timestamp + i) >> 1 }));
          const build = (): Builder => {
            const windows = base(sorted, bufferSize).withTumblingWindow(5).withSlidingWindow(7, 2).withSessionWindow(3);
            return early ? windows.withTrigger(new CountTrigger(2)) : windows;
          };
          expectSame(await runThroughCrashes(build, points), await runThroughCrashes(build, []));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('judges the first events by the watermark that had been reached', async () => {
    const backend: StateBackend = new MemoryStateBackend();
    const run = async (
      quiet: readonly Reading[],
      busy: readonly Reading[],
    ): Promise<RunSummary & { sink: CollectingSink }> => {
      const sink = new CollectingSink();
      const pipeline = readingsPipeline([])
        .withSource(new MemorySource({ quiet, busy }))
        .withTumblingWindow(10)
        .withStateBackend(backend)
        .withSink(sink)
        .build();
      return { ...(await pipeline.run()), sink };
    };
    const at = (timestamp: number): Reading => ({ timestamp, key: 'a', value: 1 });
    await run([at(1)], [at(2), at(100)]);
    // By their own partition's watermark these are in time; but their windows have fired, and are gone.
    const second = await run([at(1), at(15)], [at(2), at(100), at(20)]);
    expect(second.sink.items).toEqual([]);
    expect(second.counters).toMatchObject({ read: 5, assigned: 5, droppedLate: 2 });
  });

  it('has nothing to deliver again after a run that came to its end', async () => {
    const backend = new MemoryStateBackend();
    const sink = new CollectingSink();
    const build = () =>
      readingsPipeline(readings(10)).withTumblingWindow(5).withStateBackend(backend).withSink(sink).build();
    await build().run();
    expect(sink.items).toHaveLength(4);
    const { epoch } = await build().run();
    expect(epoch).toBe(1);
    expect(sink.items).toHaveLength(4);
  });

  it('begins anew where the backend cannot be recovered from', async () => {
    const sink = new CollectingSink();
    const pipeline = readingsPipeline(readings(10)).withTumblingWindow(5).withSink(sink).build();
    await pipeline.run();
    expect(await pipeline.run()).toMatchObject({ epoch: 1, counters: { read: 10 } });
    expect(sink.items.map(({ id }) => id).slice(4)).toEqual(sink.items.map(({ id }) => id).slice(0, 4));
  });
});
