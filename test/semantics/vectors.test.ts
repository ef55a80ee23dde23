import { describe, expect, it } from 'vitest';
import { createPipeline } from '../../src/pipeline/create-pipeline.ts';
import type { PipelineBuilder } from '../../src/pipeline/pipeline-builder.ts';
import { LateEventHandler } from '../../src/plan/late-event-handler.ts';
import type { AggregationResult, MetricResults } from '../../src/results/aggregation-result.ts';
import { TestDriver, type TestDriverOptions } from '../../src/testing/test-driver.ts';
import { BoundedOutOfOrdernessWatermark } from '../../src/time/bounded-out-of-orderness-watermark.ts';

type Builder = PipelineBuilder<unknown, MetricResults>;

function driverOf(builder: Builder, options?: TestDriverOptions): TestDriver<MetricResults> {
  return new TestDriver(builder.build(), options);
}

/** `[start,end) count timing#index`, as short as a table wants it. */
function show({ window, results, pane }: AggregationResult<MetricResults>): string {
  return `[${window.start},${window.end}) ${results.count} ${pane.timing}#${pane.index}`;
}

function take(driver: TestDriver<MetricResults>): string[] {
  return driver.takeResults().map(show);
}

/** Windows that events at the given instants end up in, with their counts. */
function windowsOf(builder: Builder, times: readonly number[]): string[] {
  const driver = driverOf(builder.withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(1_000_000)));
  for (const timestamp of times) driver.send({ timestamp });
  driver.finish();
  return driver.takeResults().map(({ window, results }) => `[${window.start},${window.end}) ${results.count}`);
}

describe('tumbling windows', () => {
  it('hold an event by floor division, before 1970 too', () => {
    expect(windowsOf(createPipeline().withTumblingWindow(10), [0, 9, 10, -1, -10])).toEqual([
      '[-10,0) 2',
      '[0,10) 2',
      '[10,20) 1',
    ]);
  });

  it('are shifted by their offset', () => {
    expect(windowsOf(createPipeline().withTumblingWindow(10, { offset: 3 }), [2, 3])).toEqual(['[-7,3) 1', '[3,13) 1']);
  });
});

describe('sliding windows', () => {
  it.each([
    { size: 10, slide: 5, at: 0, windows: ['[-5,5) 1', '[0,10) 1'] },
    { size: 10, slide: 3, at: 10, windows: ['[3,13) 1', '[6,16) 1', '[9,19) 1'] },
    { size: 3, slide: 10, at: 2, windows: ['[0,3) 1'] },
    { size: 3, slide: 10, at: 3, windows: [] },
  ])('of $size by $slide hold $at in $windows', ({ size, slide, at, windows }) => {
    expect(windowsOf(createPipeline().withSlidingWindow(size, slide), [at])).toEqual(windows);
  });

  it('count an event that falls in a gap between windows as unassigned', () => {
    const driver = driverOf(createPipeline().withSlidingWindow(3, 10));
    driver.sendBatch([{ timestamp: 2 }, { timestamp: 3 }, { timestamp: -1 }]);
    expect(driver.counters).toMatchObject({ assigned: 1, unassigned: 2 });
  });
});

describe('session windows', () => {
  it.each([
    { times: [0, 10], windows: ['[0,10) 1', '[10,20) 1'] },
    { times: [0, 9], windows: ['[0,19) 2'] },
    { times: [0, 20, 10], windows: ['[0,10) 1', '[10,20) 1', '[20,30) 1'] },
    { times: [0, 18, 9], windows: ['[0,28) 3'] },
  ])('with a gap of 10 over $times are $windows', ({ times, windows }) => {
    expect(windowsOf(createPipeline().withSessionWindow(10), times)).toEqual(windows);
  });

  it('judge an event by the session that it would merge', () => {
    const builder = createPipeline()
      .withSessionWindow(3000)
      .withLateEventHandler(new LateEventHandler(0, { rule: 'window' }));
    const driver = driverOf(builder, { watermarks: 'manual' });
    driver.send({ timestamp: 1000 });
    driver.watermark(1999);
    driver.send({ timestamp: 2000 });
    driver.watermark(4998);
    driver.send({ timestamp: 4500 });
    driver.send({ timestamp: 8500 });
    driver.watermark(7400);
    driver.send({ timestamp: 7000 });
    expect(take(driver)).toEqual([]);
    driver.watermark(11_501);
    expect(take(driver)).toEqual(['[1000,11500) 5 on_time#0']);
    driver.send({ timestamp: 11_600 });
    driver.watermark(14_600);
    expect(take(driver)).toEqual(['[11600,14600) 1 on_time#0']);
    driver.send({ timestamp: 10_000 });
    expect(driver.takeLateEvents().map(({ eventTime }) => eventTime)).toEqual([10_000]);
    driver.send({ timestamp: 14_500 });
    driver.watermark(20_000);
    expect(take(driver)).toEqual(['[14500,17500) 1 on_time#0']);
  });
});

describe('lateness', () => {
  it('is judged as the third vector of watermarks says: bounded 30 s, tumbling 60 s, allowed 60 s', () => {
    const second = 1000;
    const driver = driverOf(
      createPipeline()
        .withTumblingWindow(60 * second, { allowedLateness: 60 * second })
        .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(30 * second)),
      { now: 1000 * second },
    );
    const at = (seconds: number): string[] => {
      driver.send({ timestamp: seconds * second });
      return take(driver);
    };
    expect([...at(10), ...at(70), ...at(95)]).toEqual(['[0,60000) 1 on_time#0']);
    expect(at(20)).toEqual(['[0,60000) 2 late#1']);
    expect(at(200)).toEqual(['[60000,120000) 2 on_time#0']);
    expect(at(30)).toEqual([]);
    expect(driver.takeLateEvents().map(({ eventTime, latenessMs }) => [eventTime, latenessMs])).toEqual([
      [30_000, 140_000],
    ]);
    expect(at(115)).toEqual(['[60000,120000) 3 late#1']);
  });
});

describe('the watermark of several partitions', () => {
  it('is the least of the active ones, never falls, and judges a returning partition by its own', () => {
    const driver = driverOf(
      createPipeline()
        .withTumblingWindow(10, { allowedLateness: 1000 })
        .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0))
        .withIdleTimeout(1000),
    );
    driver.addPartition('p1');
    driver.send({ timestamp: 100 }, 'p0');
    driver.send({ timestamp: 40 }, 'p1');
    expect(driver.currentWatermark).toBe(40);
    driver.setCaughtUp(false, 'p0');
    driver.advanceClock('2s');
    expect(driver.currentWatermark).toBe(100);
    driver.takeResults();
    driver.send({ timestamp: 60 }, 'p1');
    expect(driver.currentWatermark).toBe(100);
    expect(driver.counters).toMatchObject({ droppedLate: 0, onTime: 3 });
    expect(take(driver)).toEqual(['[60,70) 1 on_time#0']);
  });
});

describe('a session that reaches around one that was gone for its partition', () => {
  it('is found, and taken in together with that one, by an event of another partition', () => {
    const builder = createPipeline().withSessionWindow(4).withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0));
    const driver = driverOf(builder);
    driver.addPartition('p1');
    // [0,4) is gone by p0's watermark when 2 and −1 make [−1,8) with 4; p1 then brings both together.
    driver.sendBatch(
      [0, 4, 2, -1].map((timestamp) => ({ timestamp })),
      'p0',
    );
    driver.send({ timestamp: 0 }, 'p1');
    driver.finish();
    expect(take(driver)).toEqual(['[-1,8) 5 on_time#0']);
  });
});
