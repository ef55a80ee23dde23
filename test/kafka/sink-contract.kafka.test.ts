import { describe } from 'vitest';
import { GroupingKey } from '../../src/event/grouping-key.ts';
import { Window } from '../../src/event/window.ts';
import { AggregationResult } from '../../src/results/aggregation-result.ts';
import { describeEventSink, testContext, type SinkUnderTest } from '../../src/sinks/event-sink.contract.ts';
import type { Delivery, EventSink, SinkContext } from '../../src/sinks/event-sink.ts';
import { KafkaAggregationSink } from '../../src/sinks/kafka/kafka-aggregation-sink.ts';
import { ProcessorMetrics } from '../../src/telemetry/metrics.ts';
import { SystemClock } from '../../src/time/clock.ts';
import { sharedBroker } from './shared-broker.ts';
import { valuesOf } from './topic-content.ts';
import { createTopic, uniqueName } from './topics.ts';

const kafka = await sharedBroker();

const key = GroupingKey.fromFields([['model', 'a']]);

function resultOf(number: number): AggregationResult {
  return new AggregationResult({
    pipeline: 'p',
    windowName: 'tumbling',
    windowType: 'tumbling',
    window: new Window(number, number + 1, key),
    results: { count: number },
    pane: { index: 0, timing: 'on_time', final: true },
    timestamp: Date.UTC(2026, 0, 1),
  });
}

/** A sink that delivers in a transaction, as one that delivers each call in a transaction of its own. */
function eachInOne(sink: KafkaAggregationSink): EventSink {
  const { transaction } = sink;
  if (transaction === undefined) return sink;
  const metrics = new ProcessorMetrics();
  const pipeline = uniqueName('contract');
  let run = '';
  return {
    name: sink.name,
    async open(context: SinkContext) {
      await sink.open(context);
      const taken = await transaction.open({
        ...context,
        pipeline,
        clock: new SystemClock(),
        instruments: metrics,
        ordinal: 0,
        deliveryTimeoutMs: 10_000,
      });
      run = taken.run;
    },
    async sendBatch(items: readonly AggregationResult[], delivery: Delivery) {
      transaction.begin();
      await sink.sendBatch(items, delivery);
      const { epoch, signal } = delivery;
      await transaction.commit({ mark: { epoch, run }, positions: new Map(), signal });
    },
    async close() {
      await transaction.close();
      await sink.close();
    },
  };
}

describe.skipIf(kafka.missing).each(['all', 1] as const)('KafkaAggregationSink with acks %s', (acks) => {
  const { bootstrapServers } = kafka;

  describeEventSink('KafkaAggregationSink', async (): Promise<SinkUnderTest<AggregationResult>> => {
    const resultTopic = await createTopic(bootstrapServers, 'sink', { partitions: 3 });
    const sink = new KafkaAggregationSink({ bootstrapServers, resultTopic, acks });
    return {
      sink: acks === 'all' ? eachInOne(sink) : { ...plain(sink), name: sink.name },
      item: resultOf,
      arrived: async () =>
        (await valuesOf(bootstrapServers, resultTopic)).map(
          (text) => (JSON.parse(text) as { results: { count: number } }).results.count,
        ),
    };
  });
});

/** The clock of the contract stands still, and a connection needs one that does not. */
function plain(sink: KafkaAggregationSink): EventSink {
  return {
    open: () => sink.open({ ...testContext, clock: new SystemClock() }),
    sendBatch: (items, delivery) => sink.sendBatch(items, delivery),
    close: () => sink.close(),
  };
}
