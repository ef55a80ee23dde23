import { describe, expect, it } from 'vitest';
import { run, start } from '../processes/child.ts';
import { scratchFolder } from '../processes/folder.ts';
import { until } from '../waiting.ts';
import {
  COMPRESSIONS,
  JavaClient,
  Kcat,
  type ClientRecord,
  type JavaStep,
  type OtherClient,
  type PlacedRecord,
} from './other-clients.ts';
import { sharedBroker } from './shared-broker.ts';
import { valuesOf } from './topic-content.ts';
import { createTopic } from './topics.ts';

const PARTITIONS = 5;
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 5, 10);
const MODELS = ['gpt-4', 'claude 3', 'ä☃', 'a-name-that-is-somewhat-longer-than-others', 'm1', 'm2', 'm3', 'm4', 'm5'];

const kafka = await sharedBroker();
const { bootstrapServers } = kafka;
const { at, write } = scratchFolder();
const java = kafka.missing === undefined ? await JavaClient.at(bootstrapServers) : undefined;
const withoutKcat = kafka.missing ?? (await Kcat.whatIsMissing());
if (withoutKcat !== kafka.missing) process.stdout.write(`Tests with kcat are skipped: ${withoutKcat}.\n`);

/** What a client writes: each model some events in two minutes, and then one a while later that closes the windows. */
function eventsOf(value: number): readonly ClientRecord[] {
  const event = (model: string, ms: number): ClientRecord => ({
    key: `model=${model}`,
    value: JSON.stringify({ timestamp: new Date(START_MS + ms).toISOString(), model, latency_ms: value }),
  });
  return [0, 1000, MINUTE_MS].flatMap((ms) => MODELS.map((model) => event(model, ms)));
}

/** Ends of each partition: later than all events, so that their windows close. */
const LAST: readonly ClientRecord[] = Array.from({ length: 20 * PARTITIONS }, (_, i) => ({
  key: `last-${i}`,
  value: JSON.stringify({ timestamp: new Date(START_MS + 10 * MINUTE_MS).toISOString(), model: 'last', latency_ms: 0 }),
}));

interface ResultValue {
  readonly window: { readonly start: string; readonly key: string };
  readonly results: { readonly count: number; readonly sum: number };
}

/** A line for each result; the windows of the last events stay open. */
function summary(values: readonly (string | null)[]): readonly string[] {
  const lines = values.map((value) => {
    const { window, results } = JSON.parse(value ?? '') as ResultValue;
    return `${window.start} ${window.key} ${results.count} ${results.sum}`;
  });
  return lines.toSorted();
}

/** What the value of each compression, a power of ten, adds up to. */
const TOTAL = COMPRESSIONS.reduce((sum, _, i) => sum + 10 ** i, 0);

function expectedSummary(times: number, total: number): readonly string[] {
  const [first, second] = [0, MINUTE_MS].map((ms) => new Date(START_MS + ms).toISOString());
  const lines = MODELS.flatMap((model) => [
    `${first} model=${model} ${2 * times} ${2 * total}`,
    `${second} model=${model} ${times} ${total}`,
  ]);
  return lines.toSorted();
}

/** Runs the command line from one topic to another until all results are there, and ends it. */
async function runProcessor(input: string, output: string): Promise<void> {
  const config = {
    processor: {
      name: input,
      event: { key: ['model'], value: 'latency_ms' },
      windows: { tumbling: { size_secs: MINUTE_MS / 1000 } },
      watermark: { max_out_of_orderness_secs: 5 },
      state: { backend: 'rocksdb', path: at(`${input}-state`), checkpoint_path: at(`${input}-checkpoints`) },
      error_handling: { dead_letter_topic: `${input}-dead-letters` },
      http: { port: 0 },
      kafka: {
        consumer: { bootstrap_servers: bootstrapServers, topics: [input], auto_offset_reset: 'earliest' },
        producer: { bootstrap_servers: bootstrapServers, result_topic: output, create_topics: true },
      },
    },
  };
  const child = start(['run', '--config', write(`${input}.yaml`, JSON.stringify(config))]);
  await until(async () => {
    if (child.process.exitCode !== null) throw new Error(child.stderr);
    return (await valuesOf(bootstrapServers, output)).length >= 2 * MODELS.length;
  });
  child.signal('SIGTERM');
  expect(await child.ended()).toBe(0);
}

/** Checks that each record is in the partition in which the client itself puts the record's key. */
async function checkPlaces(client: OtherClient | undefined, records: readonly PlacedRecord[]): Promise<void> {
  const mirror = await createTopic(bootstrapServers, 'mirror', { partitions: PARTITIONS });
  await client?.write(mirror, [{ compression: 'none', records }]);
  const places = (some: readonly PlacedRecord[] = []): readonly string[] =>
    some.map(({ key, partition }) => `${key} in ${partition}`).toSorted();
  expect(places(records)).toEqual(places(await client?.read(mirror)));
}

/** Sends the events with `processor produce`, once in each compression. @returns the topic. */
async function produceAll(): Promise<string> {
  const topic = await createTopic(bootstrapServers, 'produced', { partitions: PARTITIONS });
  const lines = eventsOf(1).map(({ value }) => `${value}\n`);
  const file = write(`${topic}.ndjson`, lines.join(''));
  for (const compression of COMPRESSIONS) {
    const args = ['produce', '--input', file, '--key', 'model', '--compression', compression];
    const { code, stderr } = await run([...args, '--bootstrap-servers', bootstrapServers, '--topic', topic]);
    expect(code, stderr).toBe(0);
  }
  return topic;
}

/** The topic that {@link produceAll} has made for all of the clients. */
let produced: Promise<string> | undefined;

const clients: readonly (readonly [missing: string | undefined, client: OtherClient | undefined])[] = [
  [kafka.missing, java],
  [withoutKcat, new Kcat(bootstrapServers)],
];

for (const [missing, client] of clients) {
  describe.skipIf(missing)(`${client?.name}`, () => {
    it('writes what it reads', async () => {
      const topic = await createTopic(bootstrapServers, 'itself', { partitions: PARTITIONS });
      await client?.write(
        topic,
        COMPRESSIONS.map((compression) => ({ compression, records: eventsOf(1) })),
      );
      const read = (await client?.read(topic)) ?? [];
      const expected = COMPRESSIONS.flatMap(() => eventsOf(1)).map(({ key, value }) => `${key} ${value}`);
      expect(read.map(({ key, value }) => `${key} ${value}`).toSorted()).toEqual(expected.toSorted());
    });

    it('writes events, in every compression, and reads the results, by their keys', async () => {
      const input = await createTopic(bootstrapServers, 'events', { partitions: PARTITIONS });
      const output = await createTopic(bootstrapServers, 'results', { partitions: PARTITIONS });
      const batches = COMPRESSIONS.map((compression, i) => ({ compression, records: eventsOf(10 ** i) }));
      await client?.write(input, [...batches, { compression: 'lz4', records: LAST }]);
      await runProcessor(input, output);

      const results = (await client?.read(output)) ?? [];
      expect(summary(results.map(({ value }) => value))).toEqual(expectedSummary(COMPRESSIONS.length, TOTAL));
      await checkPlaces(client, results);
      expect(new Set(results.map(({ partition }) => partition)).size).toBeGreaterThan(1);
    });

    it('reads what processor produce writes, in every compression, by its keys', async () => {
      const topic = await (produced ??= produceAll());
      const read = (await client?.read(topic)) ?? [];
      const expected = COMPRESSIONS.flatMap(() => eventsOf(1)).map(({ key, value }) => `${key} ${value}`);
      expect(read.map(({ key, value }) => `${key} ${value}`).toSorted()).toEqual(expected.toSorted());
      await checkPlaces(client, read);
    });
  });
}

function transaction(records: readonly ClientRecord[], end: 'commit' | 'abort'): readonly JavaStep[] {
  return ['begin', ...records, end];
}

describe.skipIf(kafka.missing)('transactions of the Java client', () => {
  it('count where they are committed', async () => {
    const input = await createTopic(bootstrapServers, 'transactions', { partitions: PARTITIONS });
    const output = await createTopic(bootstrapServers, 'results', { partitions: PARTITIONS });
    const steps = [
      transaction(eventsOf(1), 'commit'),
      transaction(eventsOf(10), 'abort'),
      transaction(eventsOf(100), 'abort'),
      transaction(eventsOf(1000), 'commit'),
      transaction(LAST, 'commit'),
    ];
    await java?.produce(input, steps.flat(), { 'transactional.id': input, 'compression.type': 'lz4' });
    await runProcessor(input, output);
    expect(summary(await valuesOf(bootstrapServers, output))).toEqual(expectedSummary(2, 1001));
  });
});
