import type { OracleConfig } from '../../oracle/model.ts';
import { drawParts, oracleOf, settingsOf } from '../drawn-pipeline.ts';
import { drawInput, type InputRecord } from '../input.ts';
import { Random } from '../random.ts';
import type { Codec } from './input-producer.ts';
import { drawScript, type PartitionScript, type Step } from './script.ts';

/**
 * How a life of the process ends. `takeover`: it is held still, another process takes its place with a copy of its state, and
 * then it wakes up. `both`: it and the broker are killed at the same time.
 */
export type KafkaEnd = 'random' | 'recovery' | 'sigterm' | 'takeover' | 'both';

/** What happens in a life of the process. */
export interface KafkaLife {
  readonly end: KafkaEnd;
  /** How far into what it waits for the end comes, from 0 to 1. */
  readonly moment: number;
  /** What the broker goes through in it; the process must go on by itself. */
  readonly brokerFault: BrokerFault | null;
}

/** The broker is killed and comes back, or is held still for a while, longer than the source waits for an answer. */
export interface BrokerFault {
  readonly type: 'kill' | 'freeze';
  readonly moment: number;
  readonly awayMs: number;
}

/** Everything of a round that follows from its seed. */
export interface KafkaWorld {
  readonly seed: number;
  readonly oracle: OracleConfig;
  /** Of the input, all there will be. */
  readonly partitions: readonly PartitionScript[];
  /** How many of them there are at first. */
  readonly firstPartitions: number;
  readonly resultPartitions: number;
  readonly steps: readonly Step[];
  /** Of the producer without transactions, then of each one that has them. */
  readonly codecs: readonly Codec[];
  /** Time of the event that ends each partition, and by which all other windows close. */
  readonly closingTime: number;
  /** Of `processor:`, without what depends on the folder, the topics and the broker. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of `kafka.consumer` and `kafka.producer`, likewise. */
  readonly consumer: Readonly<Record<string, unknown>>;
  readonly producer: Readonly<Record<string, unknown>>;
  readonly lives: readonly KafkaLife[];
}

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
/** How long the source waits for an answer. */
const SESSION_MS = 1000;
/** By how much the events of a new partition are newer than those of the others before it was there, at least. */
const NEWER_MS = 60_000;
const MOST_NEW_RECORDS = 600;
/** Of a partition. */
const MOST_RECORDS = 3000;
const SMALL_BUFFER = 100;

/** The world of a seed. The name of the pipeline is its own, for the broker is not. */
export function drawKafkaWorld(seed: number, pipeline = `chaos-${String(seed)}`): KafkaWorld {
  const random = new Random(seed);
  const firstPartitions = random.whole(1, 4);
  const oracle = { ...oracleOf(random, drawParts(random, { hasGaps: true })), pipeline };
  const isCold = random.chance(0.1);
  // What sessions of several partitions hold depends on the order of reading, where events are late.
  const hasSessions = oracle.windows.some(({ type }) => type === 'session');
  const mayBeLate = firstPartitions === 1 || !hasSessions;
  const options = { source: 'follow', oracle, senders: 1, mayBeLate, isCold, mayRotate: false } as const;
  const input = drawInput(random, { ...options, partitions: firstPartitions });
  const producers = random.whole(0, 3);
  const settings = settingsOf(random, oracle, input.keyFields, isCold);
  // An epoch is a transaction: where it is small, there are not to be too many.
  const most = settings['buffer_size'] === SMALL_BUFFER ? MOST_RECORDS / 4 : MOST_RECORDS;
  const first = input.files.map(({ records }, partition) => ({ partition, records: shortened(records, most) }));
  const grown = random.chance(0.2) && !(mayBeLate && hasSessions) ? grow(random, first, input.closingTime) : null;
  const partitions = [...first, ...(grown?.added ?? [])];
  return {
    seed,
    oracle,
    partitions,
    firstPartitions,
    resultPartitions: random.whole(1, 3),
    steps: stepsOf(random, first, grown, producers),
    codecs: Array.from({ length: producers + 1 }, () => random.one<Codec>(CODECS)),
    closingTime: input.closingTime,
    settings,
    consumer: {
      max_poll_records: random.one([10, 100, 500, 5000]),
      // So small that transactions do not fit in an answer.
      fetch_max_bytes: random.one([2000, 20_000, 52_428_800]),
      max_wait_ms: random.one([5, 50, 500]),
      session_timeout_ms: SESSION_MS,
      metadata_max_age_ms: 500,
    },
    producer: { compression_type: random.one<Codec>(CODECS) },
    lives: drawLives(random),
  };
}

/** The first of them, and the last, which closes all windows. */
function shortened(records: readonly InputRecord[], most: number): readonly InputRecord[] {
  return records.length <= most ? records : [...records.slice(0, most - 1), ...records.slice(-1)];
}

/** What is to be done after the topic has more partitions. */
interface Grown {
  /** How much of each of the others has been sent by then, as a share. */
  readonly share: number;
  readonly added: readonly PartitionScript[];
}

/**
 * More partitions, with events that are newer than any before them: so all of their windows are still open when the
 * processor finds them, as long as the others wait for that.
 */
function grow(random: Random, first: readonly PartitionScript[], closingTime: number): Grown {
  const share = 0.2 + random.next() * 0.6;
  const times = first.flatMap(({ records }) =>
    records
      .slice(0, Math.ceil(records.length * share))
      .flatMap(({ event }) => (event === null ? [] : [event.timestamp])),
  );
  const newest = Math.max(...times);
  const count = random.whole(1, 2);
  const added = Array.from({ length: count }, (_, index): PartitionScript => {
    const model = random.one([first[0] ?? { partition: 0, records: [] }, ...first]).records;
    const copied = model.slice(0, Math.min(model.length - 1, MOST_NEW_RECORDS));
    const oldest = Math.min(...copied.flatMap(({ event }) => (event === null ? [] : [event.timestamp])));
    const records = copied.map((record) => later(record, newest + NEWER_MS - oldest));
    const closing = model.filter(({ event }) => event?.timestamp === closingTime);
    return { partition: first.length + index, records: [...records, ...closing] };
  });
  return { share, added };
}

function later({ text, event, reason }: InputRecord, ms: number): InputRecord {
  if (event === null) return { text, event, reason };
  const timestamp = event.timestamp + ms;
  return {
    text: JSON.stringify({ ...(JSON.parse(text) as object), timestamp }),
    event: { ...event, timestamp },
    reason,
  };
}

function stepsOf(
  random: Random,
  first: readonly PartitionScript[],
  grown: Grown | null,
  producers: number,
): readonly Step[] {
  if (grown === null) {
    return drawScript(
      random,
      first.map((script) => ({ ...script, from: 0, to: script.records.length })),
      producers,
    );
  }
  const cut = first.map(({ partition, records }) => ({
    partition,
    records,
    at: Math.ceil(records.length * grown.share),
  }));
  const before = cut.map(({ partition, records, at }) => ({ partition, records, from: 0, to: at }));
  const after = [
    ...cut.map(({ partition, records, at }) => ({ partition, records, from: at, to: records.length })),
    ...grown.added.map(({ partition, records }) => ({ partition, records, from: 0, to: records.length })),
  ];
  return [
    ...drawScript(random, before, producers),
    { type: 'grow', partitions: first.length + grown.added.length },
    ...drawScript(random, after, producers),
  ];
}

function drawLives(random: Random): readonly KafkaLife[] {
  return Array.from({ length: random.whole(1, 4) }, (_, life): KafkaLife => ({
    end: random.one<KafkaEnd>([
      ...(['random', 'random', 'random', 'sigterm', 'both', 'takeover'] as const),
      // The first life has nothing to take up.
      ...(life === 0 ? [] : (['recovery', 'recovery'] as const)),
    ]),
    moment: random.next(),
    brokerFault: random.chance(0.25) ? drawBrokerFault(random) : null,
  }));
}

function drawBrokerFault(random: Random): BrokerFault {
  const moment = random.next();
  if (random.chance(0.5)) return { type: 'kill', moment, awayMs: random.whole(0, 1500) };
  return { type: 'freeze', moment, awayMs: random.whole(200, 2.5 * SESSION_MS) };
}
