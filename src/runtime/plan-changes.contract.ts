import type { PipelineBuilder } from '../pipeline/pipeline-builder.ts';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import { LateEventHandler } from '../plan/late-event-handler.ts';
import type { EventSource } from '../sources/event-source.ts';
import { MemorySource } from '../sources/memory/memory-source.ts';
import { BoundedOutOfOrdernessWatermark } from '../time/bounded-out-of-orderness-watermark.ts';
import { PeriodicWatermarkGenerator } from '../time/periodic-watermark-generator.ts';
import { CountTrigger } from '../windows/count-trigger.ts';
import { EventTimeTrigger } from '../windows/event-time-trigger.ts';
import type { PlanChange } from './plan-fingerprint.ts';
import { CollectingSink, readingsPipeline, type Reading } from './run-fixtures.contract.ts';

/** A pipeline of readings, with anything for results. */
export type ReadingsBuilder = PipelineBuilder<Reading, unknown>;
/** Makes a pipeline over the given events. */
export type BuildOver = (events: readonly Reading[]) => ReadingsBuilder;

const base = (events: readonly Reading[]) =>
  readingsPipeline(events).withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(2));
const tumbling: BuildOver = (events) => base(events).withTumblingWindow(10, { name: 'w', allowedLateness: 5 });
const change = (field: string, from: string, to: string): PlanChange => ({ field, from, to });

function renamed(events: readonly Reading[], name: string): EventSource<Reading> {
  const source = new MemorySource(events);
  return { name, open: (context) => source.open(context) };
}

/** The events as one partition, which has a number where it must have one, of a source that is shared. */
function shared(instances: number, instance: number, partitionedByKey: boolean): BuildOver {
  return (events) => {
    const source = new MemorySource(partitionedByKey ? { 'topic/0': events } : events);
    const share = { instances, instance, partitionedByKey };
    return tumbling(events).withSource({ name: source.name, share, open: (context) => source.open(context) });
  };
}

const last = {
  name: 'last',
  createAccumulator: () => ({ value: 0 }),
  add: (accumulator: { value: number }, value: number): void => {
    accumulator.value = value;
  },
  merge: (_: unknown, right: { value: number }) => right,
  getResult: ({ value }: { value: number }): number => value,
};

/** What is changed, the pipeline before and after, and what is said of it: state cannot go on under these. */
export const REFUSED: readonly (readonly [string, BuildOver, BuildOver, readonly PlanChange[]])[] = [
  [
    'the size of a window',
    tumbling,
    (events) => base(events).withTumblingWindow(20, { name: 'w', allowedLateness: 5 }),
    [change('windows.w', 'tumbling(size=10ms)', 'tumbling(size=20ms)')],
  ],
  [
    'the offset of a window',
    tumbling,
    (events) => base(events).withTumblingWindow(10, { name: 'w', allowedLateness: 5, offset: 3 }),
    [change('windows.w', 'tumbling(size=10ms)', 'tumbling(size=10ms, offset=3ms)')],
  ],
  [
    'the slide of a window',
    (events) => base(events).withSlidingWindow(10, 5),
    (events) => base(events).withSlidingWindow(10, 2),
    [change('windows.sliding', 'sliding(size=10ms, slide=5ms)', 'sliding(size=10ms, slide=2ms)')],
  ],
  [
    'the gap of sessions',
    (events) => base(events).withSessionWindow(3),
    (events) => base(events).withSessionWindow(4),
    [change('windows.session', 'session(gap=3ms)', 'session(gap=4ms)')],
  ],
  [
    'the type of a window',
    tumbling,
    (events) => base(events).withSessionWindow(10, { name: 'w', allowedLateness: 5 }),
    [change('windows.w', 'tumbling(size=10ms)', 'session(gap=10ms)')],
  ],
  [
    'the name of a window',
    tumbling,
    (events) => base(events).withTumblingWindow(10, { name: 'v', allowedLateness: 5 }),
    [change('windows.w', 'tumbling(size=10ms)', 'none'), change('windows.v', 'none', 'tumbling(size=10ms)')],
  ],
  [
    'a window that is new',
    tumbling,
    (events) => tumbling(events).withSessionWindow(3),
    [change('windows.session', 'none', 'session(gap=3ms)')],
  ],
  [
    'a window that is gone',
    (events) => tumbling(events).withSessionWindow(3),
    tumbling,
    [change('windows.session', 'session(gap=3ms)', 'none')],
  ],
  [
    'a lateness that has shrunk',
    tumbling,
    (events) => base(events).withTumblingWindow(10, { name: 'w', allowedLateness: 4 }),
    [change('allowed lateness of windows.w', '5ms', '4ms')],
  ],
  [
    'a trigger that is new',
    tumbling,
    (events) => tumbling(events).withTrigger(new CountTrigger(2)),
    [change('trigger of windows.w', 'none', 'fires early')],
  ],
  [
    'the late rule',
    tumbling,
    (events) => tumbling(events).withLateEventHandler(new LateEventHandler(5, { rule: 'window' })),
    [change('windows.late_rule', 'event', 'window')],
  ],
  ['the key', tumbling, (events) => tumbling(events).withKey('value'), [change('event.key', 'key', 'value')]],
  ['no key', tumbling, (events) => tumbling(events).withKey(), [change('event.key', 'key', 'none')]],
  [
    'where a field of the key is found',
    tumbling,
    (events) => tumbling(events).withKey({ key: ['key', 'a.b'] }),
    [change('event.key', 'key', 'key=["key","a.b"]')],
  ],
  [
    'a key by a function',
    tumbling,
    (events) => tumbling(events).withKey({ key: (event) => event.key }),
    [change('event.key', 'key', 'key=a function')],
  ],
  [
    'a key that is a function',
    tumbling,
    (events) => tumbling(events).withKey(() => null),
    [change('event.key', 'key', 'a function')],
  ],
  [
    'the metrics',
    (events) => tumbling(events).withValues({ value: 'value' }),
    (events) => tumbling(events).withValues({ value: 'value', other: 'timestamp' }),
    [change('event.values', 'value', 'value, other=timestamp')],
  ],
  [
    'the path of a metric',
    tumbling,
    (events) => tumbling(events).withValue('timestamp'),
    [change('event.values', 'value', 'value=timestamp')],
  ],
  [
    'flat results',
    tumbling,
    (events) => tumbling(events).withValues({ value: 'value' }),
    [change('flat results (event.value)', 'true', 'false')],
  ],
  [
    'where event time is found',
    tumbling,
    (events) => tumbling(events).withTimestamp('value'),
    [change('event.timestamp', 'timestamp, numbers in ms', 'value, numbers in ms')],
  ],
  [
    'the unit of event time',
    tumbling,
    (events) => tumbling(events).withTimestamp('timestamp', { unit: 's' }),
    [change('event.timestamp', 'timestamp, numbers in ms', 'timestamp, numbers in s')],
  ],
  [
    'the kind of time',
    tumbling,
    (events) => tumbling(events).withIngestionTime(),
    [change('event.time', 'event', 'ingestion'), change('event.timestamp', 'timestamp, numbers in ms', 'none')],
  ],
  ['a transform', tumbling, (events) => tumbling(events).filter(() => true), [change('transforms', 'none', 'filter')]],
  [
    'the aggregates',
    (events) => tumbling(events).withAggregations('sum', 'count'),
    (events) => tumbling(events).withAggregations('count', 'max'),
    [change('aggregation.enabled', 'count, sum', 'count, max')],
  ],
  [
    'the percentiles',
    tumbling,
    (events) => tumbling(events).withPercentiles([50, 99.9]),
    [change('aggregation.percentiles', '50, 95, 99', '50, 99.9')],
  ],
  [
    'how percentiles are computed',
    tumbling,
    (events) => tumbling(events).withPercentiles([50, 95, 99], { percentileMethod: 'sketch', relativeAccuracy: 0.02 }),
    [
      change('aggregation.percentile_method', 'auto', 'sketch'),
      change('aggregation.relative_accuracy', '0.01', '0.02'),
    ],
  ],
  [
    "an aggregator of one's own",
    tumbling,
    (events) => base(events).withAggregator(last).withTumblingWindow(10, { name: 'w', allowedLateness: 5 }),
    [change('aggregators', 'none', 'last')],
  ],
  [
    'the type of the source',
    tumbling,
    (events) => tumbling(events).withSource(renamed(events, 'file')),
    [change('source.type', 'memory', 'file')],
  ],
  ['the number of instances', shared(2, 0, true), shared(3, 0, true), [change('memory.consumer.instances', '2', '3')]],
  ['which instance it is', shared(2, 0, true), shared(2, 1, true), [change('memory.consumer.instance', '0', '1')]],
  [
    'whether state is kept by partition',
    shared(1, 0, false),
    shared(1, 0, true),
    [change('memory.consumer.partitioned_by_key', 'false', 'true')],
  ],
  [
    'one instance to one of several',
    tumbling,
    shared(2, 1, true),
    [
      change('memory.consumer.instances', '1', '2'),
      change('memory.consumer.instance', '0', '1'),
      change('memory.consumer.partitioned_by_key', 'false', 'true'),
    ],
  ],
];

/** What is changed, and the pipeline before and after: state goes on under these. */
export const CARRIED_OVER: readonly (readonly [string, BuildOver, BuildOver])[] = [
  ['nothing', tumbling, tumbling],
  [
    'a lateness that has grown',
    tumbling,
    (events) => base(events).withTumblingWindow(10, { name: 'w', allowedLateness: 9 }),
  ],
  [
    'the order of windows and aggregates',
    (events) => tumbling(events).withSessionWindow(3).withAggregations('count', 'sum'),
    (events) =>
      base(events)
        .withSessionWindow(3)
        .withTumblingWindow(10, { name: 'w', allowedLateness: 5 })
        .withAggregations('sum', 'count'),
  ],
  [
    'which trigger it is',
    (events) => tumbling(events).withTrigger(new CountTrigger(2)),
    (events) => tumbling(events).withTrigger(new EventTimeTrigger()),
  ],
  ['a share that is all there is', tumbling, shared(1, 0, false)],
  ['the sinks', tumbling, (events) => tumbling(events).withSink(new CollectingSink('another'))],
  ['where dead letters go', tumbling, (events) => tumbling(events).withDeadLetterSink(new CollectingSink('dead'))],
  [
    'where late events go',
    tumbling,
    (events) =>
      tumbling(events).withLateEventHandler(new LateEventHandler(5, { sideOutput: new CollectingSink('late') })),
  ],
  [
    'error handling',
    tumbling,
    (events) => tumbling(events).withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 9 }))),
  ],
  [
    'the disorder that is put up with',
    tumbling,
    (events) => tumbling(events).withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(4)),
  ],
  [
    'the interval of watermarks',
    tumbling,
    (events) =>
      tumbling(events).withWatermarkGenerator(new PeriodicWatermarkGenerator(5, new BoundedOutOfOrdernessWatermark(2))),
  ],
  ['the idle timeout', tumbling, (events) => tumbling(events).withIdleTimeout(5)],
  ['how far in the future events may be', tumbling, (events) => tumbling(events).withMaxFuture('1d')],
  ['the buffer', tumbling, (events) => tumbling(events).withBufferSize(7)],
  ['the commit interval', tumbling, (events) => tumbling(events).withCommitInterval('1s')],
  ['the memory limit', tumbling, (events) => tumbling(events).withStateMemoryLimit(64)],
  ['the threads', tumbling, (events) => tumbling(events).withParallelism(2)],
];
