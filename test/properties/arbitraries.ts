import fc from 'fast-check';
import type { KeyField } from '../../src/event/grouping-key.ts';
import type { Aggregate, OracleConfig, OracleEvent, PartitionInput, Step, WindowDefinition } from '../oracle/model.ts';
import type { Case } from './subject.ts';

const ALL_AGGREGATES: readonly Aggregate[] = [
  'count',
  'sum',
  'average',
  'min',
  'max',
  'percentile',
  'stddev',
  'stddev_sample',
];

/** Among them those whose rank comes out wrong in binary fractions: 55 % of 20, 28 % of 25. */
const PERCENTILES = [1, 7, 14, 25, 28, 50, 55, 56, 75, 90, 95, 99, 99.9, 100];

const NASTY_TEXTS = [
  '',
  'a',
  'b',
  'a=b',
  'a::b',
  'a%3Db',
  '%00',
  '__proto__',
  'constructor',
  'a/b',
  'ß',
  '☃',
  '"',
  '\n',
];

const METRICS: readonly (readonly string[])[] = [[], ['ms'], ['ms', '__proto__'], ['toString', 'cost', 'ms']];

/** What {@link pipelineCases} may leave out, for subjects that cannot do it. */
export interface CaseOptions {
  /** Count triggers. Default true. */
  readonly triggers?: boolean;
  /** Partitions that go idle, and may come back. Default true. */
  readonly idle?: boolean;
}

const lateness = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 30 }) },
);

/** A definition with small sizes, so that many events lie on a boundary. */
function definitions(name: string, options: CaseOptions): fc.Arbitrary<WindowDefinition> {
  const size = fc.integer({ min: 1, max: 25 });
  const offset = fc.integer({ min: -30, max: 30 });
  const base = fc.record({ name: fc.constant(name), allowedLateness: lateness });
  const bare: fc.Arbitrary<WindowDefinition> = fc.oneof(
    fc.tuple(base, size, offset).map(([b, s, o]) => ({ ...b, type: 'tumbling' as const, size: s, offset: o })),
    fc
      .tuple(base, size, fc.integer({ min: 1, max: 30 }), offset)
      // The slide may be longer than the size; a short one must not make hundreds of windows.
      .map(([b, s, d, o]) => ({
        ...b,
        type: 'sliding' as const,
        size: s,
        slide: Math.max(d, s / 8 + 1) | 0,
        offset: o,
      })),
    fc.tuple(base, size).map(([b, gap]) => ({ ...b, type: 'session' as const, gap })),
  );
  if (options.triggers === false) return bare;
  const fireEvery = fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
  );
  return fc
    .tuple(bare, fireEvery)
    .map(([definition, every]) => (every === undefined ? definition : { ...definition, fireEvery: every }));
}

/** Pipelines of one to three window definitions. */
function configs(options: CaseOptions = {}): fc.Arbitrary<OracleConfig> {
  return fc
    .record({
      windows: fc
        .integer({ min: 1, max: 3 })
        .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => definitions(`w${String(i)}`, options)))),
      lateRule: fc.constantFrom('event' as const, 'window' as const),
      outOfOrderness: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 })),
      aggregates: fc.shuffledSubarray([...ALL_AGGREGATES], { minLength: 1 }),
      percentiles: fc.shuffledSubarray(PERCENTILES, { minLength: 1, maxLength: 5 }),
      metrics: fc.constantFrom(...METRICS),
      flat: fc.boolean(),
    })
    .map((config) => ({ ...config, pipeline: 'p', flat: config.metrics.length === 1 && config.flat }));
}

const keyFields = fc.constantFrom(['model'], ['model', '__proto__'], ['constructor', 'a=b', 'a']);

/** Up to five keys of the same fields; none: nothing is grouped. */
const keyRings: fc.Arbitrary<readonly (readonly KeyField[])[]> = keyFields.chain((names) =>
  fc.uniqueArray(
    fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), fc.option(fc.constantFrom(...NASTY_TEXTS))))),
    { maxLength: 5, comparator: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  ),
);

/** A multiple of 1/1024, so that sums are exact, or nothing. */
const value = fc.option(
  fc.integer({ min: -(2 ** 20), max: 2 ** 20 }).map((n) => n / 1024),
  { freq: 6 },
);

interface Draw {
  /** How far event time moves on. */
  readonly advance: number;
  /** How far the event is behind. */
  readonly behind: number;
  readonly key: number;
  readonly values: readonly (number | null)[];
}

const draw: fc.Arbitrary<Draw> = fc.record({
  advance: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 25 })),
  behind: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 10 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 60 }) },
  ),
  key: fc.nat(4),
  values: fc.tuple(value, value, value),
});

/** The same instant several times over, for windows that hold many values. */
const crowds = fc
  .tuple(draw, fc.array(draw, { minLength: 15, maxLength: 40 }))
  .map(([first, rest]) => rest.map((one): Draw => ({ ...one, advance: 0, behind: 0, key: first.key })));

const partitionDraws = fc.oneof(
  { weight: 6, arbitrary: fc.array(draw, { maxLength: 30, size: 'max' }) },
  { weight: 1, arbitrary: crowds },
);

function partitionOf(
  id: string,
  draws: readonly Draw[],
  start: number,
  keys: readonly (readonly KeyField[])[],
  metrics: number,
): PartitionInput {
  let now = start;
  const events = draws.map(({ advance, behind, key, values }, offset): OracleEvent => {
    now += advance;
    return { timestamp: now - behind, key: keys[key % keys.length] ?? null, values: values.slice(0, metrics), offset };
  });
  return { id, events };
}

interface Turn {
  readonly partition: number;
  /** Length of the batch. */
  readonly events: number;
  readonly idle: boolean;
}

const turn: fc.Arbitrary<Turn> = fc.record({
  partition: fc.nat(3),
  events: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 8 })),
  idle: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
});

/** The steps of some turns; what they leave is read in the end, and each partition finishes with its last event. */
function interleave(partitions: readonly PartitionInput[], turns: readonly Turn[], idle: boolean): readonly Step[] {
  const read = partitions.map(() => 0);
  const finished = new Set<number>();
  const steps: Step[] = [];
  const rest = partitions.map((_, partition) => ({ partition, events: Infinity, idle: false }));
  for (const one of [...turns, ...rest]) {
    const index = one.partition % partitions.length;
    const partition = partitions[index];
    if (partition === undefined || finished.has(index)) continue;
    const from = read[index] ?? 0;
    const events = partition.events.slice(from, from + one.events);
    read[index] = from + events.length;
    if (events.length > 0) steps.push({ type: 'events', partition: partition.id, events });
    if (read[index] === partition.events.length) {
      steps.push({ type: 'finish', partition: partition.id });
      finished.add(index);
    } else if (one.idle && idle) steps.push({ type: 'idle', partition: partition.id });
  }
  return steps;
}

/** Random pipelines with random input: disorder, ties, times before 1970, missing values, uneven partitions. */
export function pipelineCases(options: CaseOptions = {}): fc.Arbitrary<Case> {
  return fc
    .record({
      config: configs(options),
      keys: keyRings,
      start: fc.integer({ min: -100, max: 60 }),
      draws: fc.array(fc.tuple(partitionDraws, fc.integer({ min: -10, max: 10 })), { minLength: 1, maxLength: 4 }),
      turns: fc.array(turn, { maxLength: 40, size: 'max' }),
      goesIdle: fc.boolean(),
      // In order: the sessions of several partitions are then defined.
      disordered: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
    })
    .map(({ config, keys, start, draws, turns, goesIdle, disordered }) => {
      const partitions = draws.map(([events, shift], i) =>
        partitionOf(
          `part-${String(i)}`,
          disordered ? events : events.map((event) => ({ ...event, behind: 0 })),
          start + shift,
          keys,
          config.metrics.length,
        ),
      );
      return { config, partitions, steps: interleave(partitions, turns, goesIdle && options.idle !== false) };
    });
}
