import type { OracleConfig, OracleEvent, Step } from '../oracle/model.ts';
import type { LateJson, ResultJson } from '../oracle/result-json.ts';
import { GroupingKey } from '../../src/event/grouping-key.ts';
import { LateEventHandler } from '../../src/plan/late-event-handler.ts';
import { createPipeline } from '../../src/pipeline/create-pipeline.ts';
import type { PipelineBuilder } from '../../src/pipeline/pipeline-builder.ts';
import { TestDriver } from '../../src/testing/test-driver.ts';
import { BoundedOutOfOrdernessWatermark } from '../../src/time/bounded-out-of-orderness-watermark.ts';
import { CountTrigger } from '../../src/windows/count-trigger.ts';
import type { Case, Observed, Subject } from './subject.ts';

type Builder = PipelineBuilder<OracleEvent, unknown>;

/** The pipeline that a case describes; source, sinks and the rest are up to the caller. */
export function builderOf(config: OracleConfig): PipelineBuilder<OracleEvent, unknown> {
  const withMetrics = metricsOf(createPipeline<OracleEvent>(config.pipeline), config);
  let builder = withMetrics
    .withTimestamp((event) => event.timestamp)
    .withMaxFuture(Infinity)
    .withKey((event: OracleEvent) => (event.key === null ? null : GroupingKey.fromFields(event.key)))
    .withAggregations(...config.aggregates)
    .withPercentiles(config.percentiles)
    .withLateEventHandler(new LateEventHandler(0, { rule: config.lateRule }))
    .withIdleTimeout(1)
    .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(config.outOfOrderness ?? 0));
  for (const window of config.windows) {
    const options = {
      name: window.name,
      allowedLateness: window.allowedLateness,
      ...(window.fireEvery === undefined ? {} : { trigger: new CountTrigger(window.fireEvery) }),
    };
    switch (window.type) {
      case 'tumbling':
        builder = builder.withTumblingWindow(window.size, { ...options, offset: window.offset });
        break;
      case 'sliding':
        builder = builder.withSlidingWindow(window.size, window.slide, { ...options, offset: window.offset });
        break;
      case 'session':
        builder = builder.withSessionWindow(window.gap, options);
        break;
    }
  }
  return builder;
}

function metricsOf(builder: Builder, { metrics, flat }: OracleConfig): Builder {
  if (metrics.length === 0) return builder;
  if (flat) return builder.withValue((event) => event.values[0]);
  const values = Object.create(null) as Record<string, (event: OracleEvent) => number | null | undefined>;
  for (const [m, name] of metrics.entries()) values[name] = (event) => event.values[m];
  return builder.withValues(values);
}

/** The engine behind the public test driver, step by step. */
export const engineSubject: Subject = {
  name: 'reference engine',
  followsSteps: true,
  run(given: Case): Observed {
    const manual = given.config.outOfOrderness === null;
    const driver = new TestDriver(builderOf(given.config).build().plan, {
      watermarks: manual ? 'manual' : 'generated',
    });
    for (const { id } of given.partitions) {
      driver.addPartition(id);
      driver.setCaughtUp(false, id);
    }
    for (const step of given.steps) apply(driver, step);
    return observe(driver);
  },
};

function apply(driver: TestDriver<unknown>, step: Step): void {
  switch (step.type) {
    case 'events':
      driver.sendBatch(step.events, step.partition);
      // From here on it must not go idle together with another.
      driver.setCaughtUp(false, step.partition);
      break;
    case 'watermark':
      driver.watermark(step.at, step.partition);
      break;
    case 'idle':
      driver.setCaughtUp(true, step.partition);
      driver.advanceClock(2);
      break;
    case 'finish':
      driver.finish(step.partition);
      break;
  }
}

type TimedJson = ResultJson & { readonly timestamp?: string };

/** What a driver has collected, in the terms of the harness. */
function observe(driver: TestDriver<unknown>): Observed {
  const results = driver
    .takeResults()
    .map((result) => withoutTimestamp(JSON.parse(JSON.stringify(result)) as TimedJson));
  const late = driver.takeLateEvents().map((event) => identityOf(JSON.parse(JSON.stringify(event)) as LateJson));
  const { records, ...counters } = driver.counters;
  return { results, late, counters: { ...counters, read: records } };
}

function identityOf({ source, window, watermark, lateness_ms }: LateJson): LateJson {
  return { source, window, watermark, lateness_ms };
}

function withoutTimestamp(result: TimedJson): ResultJson {
  const { timestamp: _timestamp, ...rest } = result;
  return rest;
}
