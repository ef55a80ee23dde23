import type { KeyField } from '../../src/event/grouping-key.ts';
import type { Aggregate, OracleConfig, OracleEvent, PartitionInput, WindowDefinition } from '../oracle/model.ts';
import { Random } from './random.ts';

/** An event as a source has it: what the oracle is given too, or what no pipeline can use. */
export type DrawnRecord = OracleEvent | { readonly malformed: true };

/** A partition, and when each record of it can be read. */
export interface DrawnPartition {
  readonly id: string;
  readonly records: readonly DrawnRecord[];
  /** By steady time, rising. */
  readonly availableAt: readonly number[];
  /** When the source first tells of the partition. */
  readonly appearsAt: number;
  /** When its end can be seen. */
  readonly endsAt: number;
  /** First record that may meet a watermark which did not wait for it; infinite where all are waited for. */
  readonly firstUnawaited: number;
}

/** How often what goes wrong, and how badly. */
export interface Hazards {
  /** Probability of dying at a kill point. */
  readonly kill: number;
  /** How often the process may die. */
  readonly mostKills: number;
  readonly powerLoss: number;
  readonly lostAnswer: number;
  readonly diskFull: boolean;
  readonly sourceFault: number;
  readonly sinkFault: number;
  readonly stop: boolean;
  readonly clockJumps: boolean;
  readonly damage: boolean;
  readonly changedConfiguration: number;
  /** Steps after which the world heals. */
  readonly faultSteps: number;
}

/** A cluster of Kafka that results go to, and what goes wrong with it. */
export interface KafkaHazards {
  /** Of each topic, at the start and from `growsAt` on. */
  readonly partitions: number;
  readonly partitionsLater: number;
  readonly growsAt: number;
  /** Whether late events and dead letters go there, too. */
  readonly takesLate: boolean;
  readonly takesLetters: boolean;
  readonly retries: number;
  readonly verifies: boolean;
  readonly transactionTimeoutMs: number;
  /** Probability that a request or its answer is lost. */
  readonly lost: number;
  /** Whether brokers go away for a while, and coordinators are moved. */
  readonly away: boolean;
  readonly moves: boolean;
  /** Probability that a life ends by another process taking over, while the old one stalls. */
  readonly stall: number;
  /** Probability that all committed offsets are gone when a process starts. */
  readonly expiry: number;
}

/** Everything a seed decides before anything happens. */
export interface DrawnCase {
  readonly config: OracleConfig;
  readonly partitions: readonly DrawnPartition[];
  readonly inputs: readonly PartitionInput[];
  /** True if partitions may go idle or appear later, so that the interleaving matters. */
  readonly goesIdle: boolean;
  readonly idleTimeoutMs: number;
  readonly bufferSize: number;
  readonly maxBlock: number;
  readonly commitIntervalMs: number;
  readonly checkpointIntervalMs: number;
  readonly checkpointsRetained: number;
  readonly foldBytes: number;
  /** State held in memory, in bytes, far below what a configuration may ask for: most of it is then on the disk. */
  readonly stateMemoryLimitBytes: number;
  readonly deliveryTimeoutMs: number;
  readonly maxAttempts: number;
  readonly sendsOneByOne: boolean;
  readonly hazards: Hazards;
  /** Null where no results go to Kafka. */
  readonly kafka: KafkaHazards | null;
}

const ALL_AGGREGATES: readonly [Aggregate, ...Aggregate[]] = [
  'count',
  'sum',
  'average',
  'min',
  'max',
  'percentile',
  'stddev',
  'stddev_sample',
];

const METRICS: readonly [readonly string[], ...(readonly string[])[]] = [['ms'], [], ['ms', '__proto__']];

/** The case of a seed. Drawn from numbers of its own, so that it stays the same whatever happens in the simulation. */
export function drawCase(seed: number): DrawnCase {
  const random = new Random(seed, 1);
  const goesIdle = random.chance(0.25);
  const config = drawConfig(random, goesIdle);
  const idleTimeoutMs = goesIdle ? random.int(60, 400) : random.pick([Infinity, 200]);
  // A backlog is read as fast as it can be; a live source says nothing before its time.
  const isLive = goesIdle || (idleTimeoutMs === Infinity && random.chance(0.5));
  const partitions = drawPartitions(random, config, { goesIdle, isLive, idleTimeoutMs });
  const hazards = drawHazards(random, goesIdle);
  const inputs = partitions.map(({ id, records }) => ({
    id,
    events: records.filter((record): record is OracleEvent => !('malformed' in record)),
  }));
  const drawn = {
    config,
    partitions,
    inputs,
    goesIdle,
    idleTimeoutMs,
    bufferSize: random.pick([1, 5, 20, 60, 500]),
    maxBlock: random.pick([1, 4, 16, 64]),
    commitIntervalMs: random.pick([1, 5, 20, 100]),
    checkpointIntervalMs: hazards.damage ? random.pick([20, 60, 200]) : random.pick([5, 50, 60_000]),
    checkpointsRetained: random.int(1, 3),
    foldBytes: random.pick([500, 5000, 50_000]),
    stateMemoryLimitBytes: random.pick([Infinity, 1, 2000, 20_000]),
    deliveryTimeoutMs: random.pick([100, 300, 1000]),
    maxAttempts: random.pick([1, 5, Infinity]),
    sendsOneByOne: random.chance(0.3),
    hazards,
  };
  const kafka = random.chance(0.6) ? drawKafka(random) : null;
  // A delivery to a cluster takes many requests.
  return kafka === null ? { ...drawn, kafka } : { ...drawn, kafka, deliveryTimeoutMs: 10 * drawn.deliveryTimeoutMs };
}

function drawKafka(random: Random): KafkaHazards {
  const partitions = random.int(1, 3);
  return {
    partitions,
    partitionsLater: partitions + random.pick([0, 0, random.int(1, 3)]),
    growsAt: random.next() * 2000,
    takesLate: random.chance(0.5),
    takesLetters: random.chance(0.5),
    retries: random.pick([0, 1, 3]),
    verifies: random.chance(0.5),
    transactionTimeoutMs: random.pick([300, 3000, 60_000]),
    lost: random.pick([0, 0.02, 0.1]),
    away: random.chance(0.3),
    moves: random.chance(0.3),
    stall: random.pick([0, 0.5, 1]),
    expiry: random.pick([0, 0, 0.1]),
  };
}

function drawHazards(random: Random, goesIdle: boolean): Hazards {
  const often = random.pick([0, 0.02, 0.1, 0.3]);
  // What was dropped by an idle partition's watermark is not known to a checkpoint from before.
  const damage = !goesIdle && random.chance(0.35);
  // These two show only where the process dies often enough.
  const diesOften = goesIdle || damage;
  return {
    kill: diesOften ? random.pick([0.002, 0.01]) : random.pick([0, 0.001, 0.005, 0.02]),
    mostKills: random.int(diesOften ? 3 : 0, 12),
    powerLoss: random.pick([0, 0.5, 1]),
    lostAnswer: random.pick([0, 0, 0.05, 0.3]),
    diskFull: random.chance(0.3),
    sourceFault: random.pick([0, often]),
    sinkFault: random.pick([0, often]),
    stop: random.chance(0.15),
    clockJumps: random.chance(0.3),
    damage,
    changedConfiguration: random.pick([0, 0, 0.3]),
    faultSteps: random.pick([300, 1500, 4000]),
  };
}

function drawConfig(random: Random, goesIdle: boolean): OracleConfig {
  const metrics = random.pick(METRICS);
  // Where partitions go idle, what a window lost is found by its span, which must then be of one definition.
  const count = goesIdle ? 1 : random.int(1, 3);
  const aggregates = ALL_AGGREGATES.filter(() => random.chance(0.5));
  return {
    pipeline: 'simulated',
    windows: Array.from({ length: count }, (_, i) => drawWindow(random, `w${String(i)}`, goesIdle)),
    lateRule: random.pick(['event', 'window']),
    outOfOrderness: random.pick([0, random.int(1, 20)]),
    aggregates: aggregates.length === 0 ? ['count'] : aggregates,
    percentiles: random.pick([[50], [7, 95, 99.9], [28, 100]]),
    metrics,
    flat: metrics.length === 1 && random.chance(0.5),
  };
}

function drawWindow(random: Random, name: string, goesIdle: boolean): WindowDefinition {
  const fireEvery = random.chance(0.15) ? { fireEvery: random.int(1, 4) } : {};
  const base = { name, allowedLateness: random.pick([0, 0, random.int(1, 30)]), ...fireEvery };
  const size = random.int(2, 25);
  const type = random.pick(['tumbling', 'sliding', goesIdle ? 'tumbling' : 'session']);
  if (type === 'session') return { ...base, type: 'session', gap: size };
  const offset = random.int(-30, 30);
  if (type === 'tumbling') return { ...base, type: 'tumbling', size, offset };
  return { ...base, type: 'sliding', size, slide: Math.max(random.int(1, 30), Math.ceil(size / 6)), offset };
}

interface Pace {
  readonly goesIdle: boolean;
  readonly isLive: boolean;
  readonly idleTimeoutMs: number;
}

function drawPartitions(random: Random, config: OracleConfig, pace: Pace): readonly DrawnPartition[] {
  const count = random.int(1, 4);
  const keys = drawKeys(random);
  const start = random.int(-100, 60);
  const mostRecords = random.pick([10, 40, 120]);
  const behind = random.pick([0, 10, 40]);
  const msPerUnit = random.pick([0.5, 3, 10]);
  const drawn = Array.from({ length: count }, (_, i): DrawnPartition => {
    const silentAt = pace.goesIdle && (i === 0 || random.chance(0.3)) ? random.int(0, mostRecords >> 1) : -1;
    const silence = pace.idleTimeoutMs * random.int(1, 5);
    // It then either goes on where the others are, or where it was.
    const catchesUp = random.chance(0.5);
    const late = pace.goesIdle && random.chance(0.2);
    let pause = 0;
    const records: DrawnRecord[] = [];
    const availableAt: number[] = [];
    let now = start + random.int(0, 10);
    const appearsAt = late ? random.int(1, 20) * msPerUnit : 0;
    let previous = 0;
    /** When the last event came: a record that is none does not keep a partition from being idle. */
    let heardAt = 0;
    let firstUnawaited = late ? 0 : Infinity;
    for (let n = random.int(0, mostRecords); n > 0; n -= 1) {
      now += random.pick([0, 1, random.int(0, 4), random.int(0, 20)]);
      if (records.length === silentAt && catchesUp) now += Math.ceil(silence / msPerUnit);
      else if (records.length === silentAt) pause = silence;
      const at = pace.isLive ? Math.max(previous, (now - start) * msPerUnit + pause + random.delay(5)) : 0;
      if (pace.goesIdle && at - heardAt >= pace.idleTimeoutMs) {
        firstUnawaited = Math.min(firstUnawaited, records.length);
      }
      availableAt.push(at);
      previous = at;
      const timestamp = now - (random.chance(0.3) ? random.int(0, behind) : 0);
      const record = drawRecord(random, config, keys, timestamp, records.length);
      if (!('malformed' in record)) heardAt = at;
      records.push(record);
    }
    const endsAt = previous + (random.chance(0.5) ? 0 : random.delay(500));
    return { id: `part-${String(i)}`, records, availableAt, appearsAt, endsAt, firstUnawaited };
  });
  // A source that can still grow has not come to its end.
  const lastAppears = Math.max(...drawn.map(({ appearsAt }) => appearsAt));
  return drawn.map((partition) => ({ ...partition, endsAt: Math.max(partition.endsAt, lastAppears) }));
}

function drawRecord(
  random: Random,
  config: OracleConfig,
  keys: readonly (readonly KeyField[] | null)[],
  timestamp: number,
  offset: number,
): DrawnRecord {
  if (random.chance(0.02)) return { malformed: true };
  const values = config.metrics.map(() => (random.chance(0.1) ? null : random.int(-(2 ** 20), 2 ** 20) / 1024));
  return { timestamp, key: keys[random.int(0, keys.length - 1)] ?? null, values, offset };
}

function drawKeys(random: Random): readonly (readonly KeyField[] | null)[] {
  const texts = ['a', 'b', '__proto__', 'a=b', 'a/b', '☃', ''];
  const count = random.int(0, 5);
  return count === 0 ? [null] : texts.slice(0, count).map((text) => [['model', text] as const]);
}
