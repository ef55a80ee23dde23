import { describe, expect, it } from 'vitest';
import { rescaleState } from '../../src/cli/state/rescale-command.ts';
import { Pipeline } from '../../src/pipeline/pipeline.ts';
import { readingsPipeline, type Reading } from '../../src/runtime/run-fixtures.contract.ts';
import { KafkaAggregationSink } from '../../src/sinks/kafka/kafka-aggregation-sink.ts';
import { KafkaSource } from '../../src/sources/kafka/kafka-source.ts';
import { RocksDBStateBackend } from '../../src/state/rocksdb/rocksdb-state-backend.ts';
import { scratchFolder } from '../processes/folder.ts';
import { until } from '../waiting.ts';
import { clusterAt, RawProducer } from './raw-producer.ts';
import { sharedBroker } from './shared-broker.ts';
import { contentOf } from './topic-content.ts';
import { createTopic, uniqueName } from './topics.ts';

const kafka = await sharedBroker();
const { bootstrapServers } = kafka;
const { at } = scratchFolder();

const PARTITIONS = 6;
const PER_PARTITION = 300;
const WINDOW_MS = 10;
/** Behind all windows that are looked at. */
const END = 1_000_000;

/** Of a partition, two keys in turn; one event a millisecond, and one that closes all windows before it. */
const EVENTS = Array.from({ length: PARTITIONS }, (_, p) => [
  ...Array.from({ length: PER_PARTITION }, (_unused, i): Reading => ({
    timestamp: i,
    key: `k${String(p)}-${String(i % 2)}`,
    value: i,
  })),
  { timestamp: END, key: `end-${String(p)}`, value: 0 },
]);

/** Each window once, with what it holds. */
function expected(): readonly string[] {
  const sums = new Map<string, readonly [count: number, sum: number]>();
  for (const { timestamp, key, value } of EVENTS.flat()) {
    if (timestamp === END) continue;
    const start = Math.floor(timestamp / WINDOW_MS) * WINDOW_MS;
    const id = `key=${key}/${String(start)}/${String(start + WINDOW_MS)}/0`;
    const [count, sum] = sums.get(id) ?? [0, 0];
    sums.set(id, [count + 1, sum + value]);
  }
  return [...sums].map(([id, [count, sum]]) => `${id} ${String(count)} ${String(sum)}`).toSorted();
}

interface World {
  readonly name: string;
  readonly events: string;
  readonly results: string;
}

/** Topics with all events in them, each key in one partition. */
async function world(): Promise<World> {
  const events = await createTopic(bootstrapServers, 'events', { partitions: PARTITIONS });
  const results = await createTopic(bootstrapServers, 'results', { partitions: 3 });
  const cluster = await clusterAt(bootstrapServers);
  const producer = await RawProducer.open(cluster);
  for (const [partition, each] of EVENTS.entries()) {
    for (let i = 0; i < each.length; i += 20) {
      const values = each.slice(i, i + 20).map((event) => JSON.stringify(event));
      await producer.write(events, partition, values);
    }
  }
  cluster.close();
  return { name: uniqueName('rescaled'), events, results };
}

/** An instance with its state in a folder. */
function instanceOf({ name, events, results }: World, folder: string, instance: number, instances: number): Pipeline {
  const { plan } = readingsPipeline([], name)
    .withTumblingWindow(WINDOW_MS, { name: 'w' })
    .withCommitInterval(20)
    .withBufferSize(20)
    .withSource(
      new KafkaSource({
        bootstrapServers,
        topics: [events],
        maxPollRecords: 5,
        maxWait: 20,
        instances,
        instance,
        partitionedByKey: true,
      }),
    )
    .withSink(new KafkaAggregationSink({ bootstrapServers, resultTopic: results }))
    .withStateBackend(new RocksDBStateBackend(folder, `${folder}-checkpoints`))
    .build();
  return new Pipeline(plan);
}

/** Runs all instances side by side until they have read so much, and stops them; gives how much that is. */
async function run(given: World, folders: readonly string[], reads: number): Promise<number> {
  const pipelines = folders.map((folder, i) => instanceOf(given, at(folder), i, folders.length));
  const running = pipelines.map((pipeline) => pipeline.run());
  const failed = Promise.all(running).then(() => false);
  const total = (): number => pipelines.reduce((sum, pipeline) => sum + pipeline.status().counters.read, 0);
  await Promise.race([failed, until(() => total() >= reads)]);
  for (const pipeline of pipelines) void pipeline.stop();
  const ends = await Promise.all(running);
  for (const { counters } of ends) {
    expect(counters.assigned).toBe(
      counters.onTime + counters.outOfOrder + counters.acceptedLate + counters.droppedLate,
    );
    expect(counters.read).toBe(counters.decoded + counters.rejected);
  }
  return ends.reduce((sum, { counters }) => sum + counters.read, 0);
}

interface ResultJson {
  readonly id: string;
  readonly results: { readonly count: number; readonly sum: number };
}

describe.skipIf(kafka.missing)('instances on a real broker whose number changes', () => {
  it('give each result once, with the right value, to a read_committed consumer: 2 to 3 to 1', async () => {
    const given = await world();
    const out: string[] = [];
    const stdout = { write: (text: string) => out.push(text) > 0, isTTY: false };
    const dealt = (to: number, from: readonly string[], into: readonly string[]): Promise<number> =>
      rescaleState({ to: String(to), from: from.map(at), into: into.map(at) }, { stdout } as never);
    const total = EVENTS.flat().length;
    const [two, three, one] = [['a0', 'a1'], ['b0', 'b1', 'b2'], ['c0']];
    // Stopped in the midst of it, wherever they are.
    const first = await run(given, two, total / 4);
    expect(await dealt(3, two, three)).toBe(0);
    const second = await run(given, three, total / 2);
    expect(await dealt(1, three, one)).toBe(0);
    expect(await run(given, one, total)).toBe(total);
    expect(first).toBeLessThan(second);
    expect(second).toBeLessThan(total);
    const content = await contentOf(bootstrapServers, given.results);
    const found = [...content.values()].flat().map((text) => JSON.parse(text) as ResultJson);
    const shown = found.map(
      ({ id, results }) => `${id.split('/').slice(2).join('/')} ${String(results.count)} ${String(results.sum)}`,
    );
    expect(shown.toSorted()).toEqual(expected());
    expect(out.join('')).toContain('the states of 3 instances are dealt out to 1');
  });
});
