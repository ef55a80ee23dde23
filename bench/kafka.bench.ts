/**
 * The processor with Kafka, beside what one writes by hand on the client's own stream of messages, and beside Kafka
 * Streams: one topic, one job, one broker on the same machine. Events per second, and per second of processor time of
 * the program alone, start and warm-up included and (as the difference of two topics of different lengths) excluded.
 * `npm run bench -- kafka [--events N] [--rounds N]`
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Broker } from '../test/kafka/broker.ts';
import { differences } from './compare-results.ts';
import type { Measurement } from './contender.ts';
import { buildPeer, javaArguments } from './kafka-streams.ts';
import { PARTITIONS, eventTopic, type EventTopic } from './kafka-topic.ts';
import { FOLDER, numbersOf } from './options.ts';
import { KEY_FIELDS, VALUE_FIELD, WINDOW_MS } from './sample-events.ts';
import { markdownTable, mebibytes, perSecond, times } from './table.ts';
import { measureUntil, type EndlessContender } from './until-results.ts';

const PROCESSOR = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js');
const KAFKA_FOLDER = join(FOLDER, 'kafka');

/** The shorter topic, as a part of the longer one. */
const SHORT = 0.25;

const { events, rounds } = numbersOf({ events: 6_000_000, rounds: 3 });

mkdirSync(KAFKA_FOLDER, { recursive: true });
const classPath = await buildPeer();
const broker = await Broker.start({ folder: KAFKA_FOLDER, java: ['-Xmx1g'] });
try {
  const long = await eventTopic(broker, KAFKA_FOLDER, classPath, events);
  const short = await eventTopic(broker, KAFKA_FOLDER, classPath, Math.round(events * SHORT));
  await compare(long, short);
} finally {
  await broker.stop();
  await broker.remove();
}

function configuration(topic: string, output: string): string {
  const config = {
    processor: {
      name: 'bench',
      event: { key: KEY_FIELDS, value: VALUE_FIELD },
      windows: { tumbling: { size_secs: WINDOW_MS / 1000 } },
      sinks: [{ type: 'file', path: output }],
      http: { port: 0 },
      kafka: {
        consumer: {
          bootstrap_servers: broker.bootstrapServers,
          group_id: 'bench',
          topics: [topic],
          auto_offset_reset: 'earliest',
        },
      },
    },
  };
  const path = join(KAFKA_FOLDER, `${topic}.yaml`);
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(config, undefined, 2));
  return path;
}

function contenders({ name: topic }: EventTopic): readonly EndlessContender[] {
  const output = (name: string): string => join(KAFKA_FOLDER, `${name}.ndjson`);
  const states = join(KAFKA_FOLDER, 'kafka-streams');
  rmSync(states, { recursive: true, force: true });
  const { bootstrapServers } = broker;
  const byHand = join(import.meta.dirname, 'kafka-by-hand.mjs');
  return [
    {
      name: 'Kafka Streams',
      command: 'java',
      args: javaArguments(classPath, 'KafkaStreamsPeer', bootstrapServers, topic, output('kafka-streams'), states),
      output: output('kafka-streams'),
    },
    {
      name: 'by hand',
      args: [byHand, bootstrapServers, topic, String(PARTITIONS), output('by-hand')],
      output: output('by-hand'),
    },
    {
      name: 'processor',
      args: [PROCESSOR, 'run', '--log-level', 'warn', '--config', configuration(topic, output('processor'))],
      output: output('processor'),
    },
  ];
}

/** A run over each of the topics. */
interface Round {
  readonly long: Measurement;
  readonly short: Measurement;
}

async function compare(long: EventTopic, short: EventTopic): Promise<void> {
  const [onLong, onShort] = [contenders(long), contenders(short)];
  const runs = new Map<string, Round[]>(onLong.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, one] of onLong.entries()) {
      const other = onShort[index];
      if (other === undefined) continue;
      const shortRun = await measureUntil(other, short.windows);
      runs.get(one.name)?.push({ short: shortRun, long: await measureUntil(one, long.windows) });
    }
  }
  console.log(
    `${perSecond(events)} events, ${perSecond(long.windows)} results, median of ${String(rounds)} rounds, Node ${process.version}\n`,
  );
  printTable(runs);
  const [first, ...others] = onLong;
  for (const { name, output } of others) {
    const found = await differences(first?.output ?? '', output);
    console.log(`\n${name}: ${found.length === 0 ? 'the same results' : `other results\n${found.join('\n')}`}`);
    if (found.length > 0) process.exitCode = 1;
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

function printTable(runs: ReadonlyMap<string, readonly Round[]>): void {
  const columns: readonly [string, (round: Round) => number][] = [
    ['events/s', ({ long }) => events / long.seconds],
    ['events/CPU s', ({ long }) => events / long.cpuSeconds],
    ['once warm', ({ long, short }) => (events * (1 - SHORT)) / (long.cpuSeconds - short.cpuSeconds)],
  ];
  const baseline = [...runs.values()][0] ?? [];
  const rows = [...runs].map(([name, measured]) => [
    name,
    ...columns.flatMap(([, figure]) => {
      const middle = median(measured.map(figure));
      return [perSecond(middle), times(middle / median(baseline.map(figure)))];
    }),
    mebibytes(median(measured.map(({ long }) => long.peakBytes))),
  ]);
  const head = ['', ...columns.flatMap(([title]) => [title, 'ratio']), 'peak memory'];
  console.log(markdownTable(head, rows));
}
