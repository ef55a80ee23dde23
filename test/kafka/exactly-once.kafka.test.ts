import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createPipeline } from '../../src/pipeline/create-pipeline.ts';
import type { Pipeline } from '../../src/pipeline/pipeline.ts';
import { ErrorHandler, ErrorPolicy } from '../../src/plan/error-handler.ts';
import { LateEventHandler } from '../../src/plan/late-event-handler.ts';
import type { MetricResults } from '../../src/results/aggregation-result.ts';
import { DurableBackend } from '../../src/runtime/run-fixtures.contract.ts';
import { DeadLetterSink } from '../../src/sinks/dead-letter/dead-letter-sink.ts';
import { KafkaAggregationSink } from '../../src/sinks/kafka/kafka-aggregation-sink.ts';
import { KafkaSource } from '../../src/sources/kafka/kafka-source.ts';
import type { StateBackend } from '../../src/state/state-backend.ts';
import { BoundedOutOfOrdernessWatermark } from '../../src/time/bounded-out-of-orderness-watermark.ts';
import { API, Proxy, type PassingRequest } from './proxy.ts';
import { clusterAt, RawProducer } from './raw-producer.ts';
import { sharedBroker } from './shared-broker.ts';
import { valuesOf } from './topic-content.ts';
import { createTopic, uniqueName, withAdmin } from './topics.ts';

const kafka = await sharedBroker();

/** For tests that start a broker of their own, and end it. */

/** The topics of a pipeline from Kafka to Kafka, and its name. */
interface Topics {
  readonly name: string;
  readonly events: string;
  readonly results: string;
  readonly late: string;
  readonly letters: string;
}

interface Event {
  readonly at: number;
  readonly key: string;
}

async function makeTopics(bootstrapServers: string): Promise<Topics> {
  const make = (prefix: string, partitions = 3): Promise<string> =>
    createTopic(bootstrapServers, prefix, { partitions });
  const [events, results, late, letters] = [
    await make('events', 1),
    await make('results'),
    await make('late'),
    await make('letters'),
  ];
  return { name: uniqueName('pipeline'), events, results, late, letters };
}

async function write(bootstrapServers: string, topic: string, events: readonly (Event | string)[]): Promise<void> {
  const cluster = await clusterAt(bootstrapServers);
  const producer = await RawProducer.open(cluster);
  await producer.write(
    topic,
    0,
    events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event))),
  );
  cluster.close();
}

/** A state that the machine which had it cannot close for another. */
class MovedBackend extends DurableBackend {
  override async close(): Promise<void> {
    // Stays open.
  }
}

interface Settings {
  readonly bootstrapServers: string;
  readonly topics: Topics;
  readonly backend?: StateBackend;
}

function pipelineOf({ bootstrapServers, topics, backend = new DurableBackend() }: Settings): Pipeline<MetricResults> {
  return createPipeline(topics.name)
    .withSource(new KafkaSource({ bootstrapServers, topics: [topics.events] }))
    .withTimestamp('at')
    .withKey('key')
    .withValue('at')
    .withMaxFuture(Infinity)
    .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0))
    .withTumblingWindow(10)
    .withAggregations('count')
    .withLateEventHandler(new LateEventHandler(0).withSideOutput(new DeadLetterSink(topics.late)))
    .withErrorHandler(
      new ErrorHandler(ErrorPolicy.retry({ initialDelay: 20, maxDelay: 200 }), { deliveryTimeout: '5s' }).withSink(
        new DeadLetterSink(topics.letters),
      ),
    )
    .withSink(new KafkaAggregationSink({ bootstrapServers, resultTopic: topics.results }))
    .withStateBackend(backend)
    .withCommitInterval(20)
    .build();
}

/** Waits until something is so. */
async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await after(20);
}

/** `[start) key count` of every result that a reader of committed records sees. */
async function resultsOf({ bootstrapServers, topics }: Settings): Promise<readonly string[]> {
  const values = await valuesOf(bootstrapServers, topics.results);
  return values
    .map((text) => {
      const { window, results } = JSON.parse(text) as {
        window: { start: string; key: string };
        results: MetricResults;
      };
      return `${Date.parse(window.start)} ${window.key} ${results.count}`;
    })
    .toSorted();
}

/** So many events, 1 ms apart, of three keys; what a window of 10 ms holds of each. */
function eventsOf(count: number, from = 0): readonly Event[] {
  return Array.from({ length: count }, (_, i) => ({ at: from + i, key: 'abc'[(from + i) % 3] ?? '' }));
}

function expectedOf(all: readonly Event[], before: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const { at, key } of all) {
    const start = Math.floor(at / 10) * 10;
    if (start + 10 > before) continue;
    const window = `${start} key=${key}`;
    counts.set(window, (counts.get(window) ?? 0) + 1);
  }
  return [...counts].map(([window, count]) => `${window} ${count}`).toSorted();
}

interface GroupOffset {
  readonly offset: number;
  readonly metadata: string;
}

async function groupOf(bootstrapServers: string, group: string, topic: string): Promise<GroupOffset | undefined> {
  return withAdmin(bootstrapServers, async (admin) => {
    const [found] = await admin.listConsumerGroupOffsets({ groups: [group], requireStable: true });
    const partition = found?.topics
      .find(({ name }) => name === topic)
      ?.partitions.find((each) => each.partitionIndex === 0);
    if (partition === undefined || partition.committedOffset < 0n) return undefined;
    return { offset: Number(partition.committedOffset), metadata: partition.metadata ?? '' };
  });
}

describe.skipIf(kafka.missing)('a pipeline from Kafka to Kafka', () => {
  it('writes results, late events and dead letters to their topics, and where it stands to its group', async () => {
    const { bootstrapServers } = kafka;
    const topics = await makeTopics(bootstrapServers);
    await write(bootstrapServers, topics.events, [
      ...eventsOf(50),
      { at: 3, key: 'a' },
      'no json',
      { at: 100, key: 'a' },
    ]);
    const settings = { bootstrapServers, topics };
    const pipeline = pipelineOf(settings);
    const run = pipeline.run();
    await until(async () => (await resultsOf(settings)).length === 15);
    await pipeline.stop();
    await run;
    expect(await resultsOf(settings)).toEqual(expectedOf(eventsOf(50), 100));
    const [late] = await valuesOf(bootstrapServers, topics.late);
    expect(JSON.parse(late ?? '')).toMatchObject({
      error: { code: 'late' },
      source: { partition: `${topics.events}/0`, offset: 50 },
    });
    const [letter] = await valuesOf(bootstrapServers, topics.letters);
    expect(JSON.parse(letter ?? '')).toMatchObject({ error: { code: 'not_json' }, source: { offset: 51 } });
    const { epoch } = pipeline.status();
    expect(await groupOf(bootstrapServers, topics.name, topics.events)).toEqual({
      offset: 53,
      metadata: `epoch ${epoch}`,
    });
    const mark = await groupOf(bootstrapServers, `${topics.name}-0`, topics.results);
    expect(JSON.parse(mark?.metadata ?? '')).toMatchObject({ pipeline: topics.name, epoch });
  });

  it('goes on where it stood, by a state that outlives it, and repeats nothing', async () => {
    const { bootstrapServers } = kafka;
    const topics = await makeTopics(bootstrapServers);
    const settings = { bootstrapServers, topics, backend: new DurableBackend() };
    for (let life = 0; life < 3; life += 1) {
      await write(bootstrapServers, topics.events, eventsOf(100, 100 * life));
      const pipeline = pipelineOf(settings);
      const run = pipeline.run();
      await until(() => pipeline.status().counters.read === 100 * (life + 1));
      await pipeline.stop();
      await run;
    }
    expect(await resultsOf(settings)).toEqual(expectedOf(eventsOf(300), 299));
  });

  it('is fenced by a second one of the same name, which goes on from what it finds', async () => {
    const { bootstrapServers } = kafka;
    const topics = await makeTopics(bootstrapServers);
    const settings = { bootstrapServers, topics, backend: new MovedBackend() };
    await write(bootstrapServers, topics.events, eventsOf(100));
    const first = pipelineOf(settings)
      .run()
      .catch((error: unknown) => error);
    await until(async () => (await resultsOf(settings)).length > 0);
    // As after a failure of its machine: the second has the state, and the first does not know.
    const second = pipelineOf(settings);
    const run = second.run();
    expect(await first).toMatchObject({
      kind: 'sink',
      code: 'SINK_FENCED',
      message: /another instance with the transactional id/,
    });
    await write(bootstrapServers, topics.events, eventsOf(100, 100));
    await until(() => second.status().counters.read === 200);
    await second.stop();
    await run;
    expect(await resultsOf(settings)).toEqual(expectedOf(eventsOf(200), 199));
  });

  it('refuses to go on where its state was lost, unless it may deliver again', async () => {
    const { bootstrapServers } = kafka;
    const topics = await makeTopics(bootstrapServers);
    const settings = { bootstrapServers, topics };
    await write(bootstrapServers, topics.events, eventsOf(100));
    const pipeline = pipelineOf(settings);
    const run = pipeline.run();
    await until(async () => (await resultsOf(settings)).length > 0);
    await pipeline.stop();
    await run;
    await expect(pipelineOf(settings).run()).rejects.toMatchObject({
      kind: 'state',
      code: 'DELIVERY_MISMATCH',
      message: /has been delivered, and the state is empty/,
    });
  });
});

describe.skipIf(kafka.missing)('connections that end', () => {
  it('before or after any request of a transaction is answered lose nothing and repeat nothing', async () => {
    const { proxy, bootstrapServers } = await Proxy.withBroker();
    const apis = Object.values(API);
    const found = await Promise.all(apis.map((api) => survive(proxy, bootstrapServers, api)));
    expect(found).toEqual(apis.map(() => expectedOf(eventsOf(480), 479)));
  });

  /** The pipelines of the others have other clients. */
  async function survive(proxy: Proxy, bootstrapServers: string, api: number): Promise<readonly string[]> {
    const topics = await makeTopics(bootstrapServers);
    const settings = { bootstrapServers, topics };
    const pipeline = pipelineOf(settings);
    const run = pipeline.run();
    await until(() => pipeline.status().state === 'running');
    const seen = new Map<number, number>();
    const clientId = `${topics.name}-0`;
    proxy.decide(clientId, (request: PassingRequest) => {
      const count = (seen.get(request.api) ?? 0) + 1;
      seen.set(request.api, count);
      // Now and then a transaction fails in the end, so that there is something to settle.
      if (request.api !== api) return request.api === API.endTransaction && count % 15 < 5 ? 'lose' : 'pass';
      // Several in a row, so that the attempts that a request has are used up.
      if (count % 11 < 5) return count % 2 === 0 ? 'cut' : 'lose';
      return 'pass';
    });
    for (let block = 0; block < 12; block += 1) {
      await write(bootstrapServers, topics.events, eventsOf(40, 40 * block));
      await until(() => pipeline.status().counters.read === 40 * (block + 1));
      await after(30);
    }
    proxy.decide(clientId, () => 'pass');
    await until(async () => (await resultsOf(settings)).length === expectedOf(eventsOf(480), 479).length);
    await pipeline.stop();
    await run;
    expect(seen.get(api)).toBeGreaterThan(3);
    return resultsOf(settings);
  }
});

describe.skipIf(kafka.missing)('a broker that is killed', () => {
  it('and comes back is waited for; nothing is lost or repeated, and the run goes on', async () => {
    const { broker, bootstrapServers } = await Proxy.withBroker();
    const topics = await makeTopics(bootstrapServers);
    const settings = { bootstrapServers, topics };
    const pipeline = pipelineOf(settings);
    const run = pipeline.run();
    await write(bootstrapServers, topics.events, eventsOf(100));
    await until(async () => (await resultsOf(settings)).length > 0);
    await broker.kill();
    await until(() => pipeline.status().health === 'degraded');
    await broker.restart();
    await until(() => pipeline.status().health === 'ok');
    await write(bootstrapServers, topics.events, eventsOf(100, 100));
    await until(async () => (await resultsOf(settings)).length === expectedOf(eventsOf(200), 199).length);
    await pipeline.stop();
    await run;
    expect(await resultsOf(settings)).toEqual(expectedOf(eventsOf(200), 199));
  });
});
