import { resultsOf } from '../oracle/aggregates.ts';
import type { Counters, Drop } from '../oracle/model.ts';
import { oracle, type Expected } from '../oracle/oracle.ts';
import { lateJson, type LateJson, type ResultJson } from '../oracle/result-json.ts';
import { keyText } from '../oracle/result-json.ts';
import { judge, watermarksBefore } from '../oracle/rules.ts';
import { compare } from '../properties/compare.ts';
import { canonical, sameJson } from '../properties/equality.ts';
import type { Observed } from '../properties/subject.ts';
import type { DrawnCase } from './draw.ts';

/** What is there to see when all has ended. */
export interface Remains {
  /** Lines of the file-like sink, in order, none left out. */
  readonly file: readonly ResultJson[];
  /** What the store has, in order of first coming. */
  readonly store: readonly ResultJson[];
  /** What each id of the store has come to hold last, in order of last coming. */
  readonly late: readonly LateJson[];
  /** Lines of the file-like sink of late events. */
  readonly deadLetters: ReadonlySet<string>;
  readonly counters: Observed['counters'];
  /** History went back to a checkpoint. */
  readonly rewound: boolean;
  /** What readers of committed records see; null where nothing goes to Kafka. */
  readonly kafka: KafkaRemains | null;
}

/** What is in the topics, in the order in which it was written. */
export interface KafkaRemains {
  readonly results: readonly ResultJson[];
  /** Each once; null where they go elsewhere. */
  readonly late: readonly LateJson[] | null;
  readonly letters: readonly string[] | null;
  /** Where the source stands by its consumer group, by partition; null where nobody could be told, or it is forgotten. */
  readonly offsets: ReadonlyMap<string, number> | null;
  /** Something was delivered again because the operator has said so. */
  readonly repeats: boolean;
}

/** What a seed came to. */
export interface Verdict {
  /** How many windows there were to give. */
  readonly windows: number;
  /** Events that a partition had after it was idle, too late for the watermark that had not waited. */
  readonly unawaited: number;
  /** Differences between what the seed must give and what it gave. */
  readonly differences: readonly string[];
}

/** Compares what is there with what the oracle says. */
export function verdict(drawn: DrawnCase, remains: Remains): Verdict {
  const { config, inputs } = drawn;
  const { file, store, counters, rewound } = remains;
  const plain = oracle(config, inputs);
  const late = withoutLost(plain, remains);
  const { expected, differences } = drawn.goesIdle
    ? withoutUnawaited(drawn, plain, late)
    : { expected: plain, differences: [] };
  const found = [
    ...differences,
    ...compare(expected, { results: file, late, counters }).map((text) => `file: ${text}`),
  ];
  const fixedPanes = config.windows.every(
    ({ allowedLateness, fireEvery }) => allowedLateness === 0 && fireEvery === undefined,
  );
  // Read again from before, the same windows may fire in other panes, and the store keeps those that were.
  if (!rewound) {
    found.push(...compare(expected, { results: store, late, counters }).map((text) => `store: ${text}`));
    found.push(...unlike(file, store));
  } else if (fixedPanes && expected.sessionsDefined) found.push(...unlike(file, store));
  if (remains.kafka !== null)
    found.push(...unlikeAtKafka(drawn, remains.kafka, { expected, file, late, counters, fixedPanes }));
  const malformed = drawn.partitions.flatMap(({ id, records }) =>
    records.flatMap((record, offset) => ('malformed' in record ? [`${id}/${String(offset)}`] : [])),
  );
  const letters = remains.kafka?.letters ?? [...remains.deadLetters];
  for (const id of malformed) if (!letters.includes(id)) found.push(`dead letters: ${id} is missing`);
  if (letters.length > malformed.length) found.push('dead letters: there are too many');
  if (counters.rejected !== malformed.length) {
    found.push(`rejected: expected ${String(malformed.length)}, found ${String(counters.rejected)}`);
  }
  const unawaited = expected.drops.length - plain.drops.length;
  return { windows: expected.windows.length, unawaited, differences: found };
}

/**
 * Late events, without those that a lost line of history has left in a topic. Where history has gone back, and everything is
 * delivered again, partitions are read in another order: sessions that depend on that may then drop other events. What must
 * be dropped is there all the same, and so are as many as were counted.
 */
function withoutLost({ drops, sessionsDefined }: Expected, { kafka, late, counters }: Remains): readonly LateJson[] {
  const found = kafka?.late ?? late;
  if (kafka?.repeats !== true || sessionsDefined) return found;
  const known = new Set(drops.map((drop) => canonical(lateJson(drop))));
  const [must, may] = [true, false].map((isKnown) => found.filter((json) => known.has(canonical(json)) === isKnown));
  return [...(must ?? []), ...(may ?? [])].slice(0, counters.droppedLate);
}

interface Comparison {
  readonly expected: Expected;
  readonly file: readonly ResultJson[];
  readonly late: readonly LateJson[];
  readonly counters: Observed['counters'];
  readonly fixedPanes: boolean;
}

/** A reader of committed records must see what the file has, each once; repeated only where somebody wanted that. */
function unlikeAtKafka(
  drawn: DrawnCase,
  { results, repeats, offsets }: KafkaRemains,
  { expected, file, late, counters, fixedPanes }: Comparison,
): readonly string[] {
  const found: string[] = [];
  if (!repeats) found.push(...compare(expected, { results, late, counters }));
  if (!repeats || (fixedPanes && expected.sessionsDefined)) {
    const byId = new Map(results.map((result) => [result.id, result]));
    found.push(...unlike(file, [...byId.values()]));
  }
  for (const { id, records } of drawn.partitions) {
    const offset = offsets?.get(id) ?? 0;
    if (offsets !== null && records.length > 0 && offset !== records.length) {
      found.push(`${id}: the group stands at ${String(offset)} of ${String(records.length)}`);
    }
  }
  return found.map((text) => `kafka: ${text}`);
}

/** Both sinks must have the same. */
function unlike(file: readonly ResultJson[], store: readonly ResultJson[]): readonly string[] {
  const byId = new Map(store.map((result) => [result.id, result]));
  const differing = file.filter((result) => !sameJson(result, byId.get(result.id)));
  const surplus = byId.size - new Set(file.map(({ id }) => id)).size;
  return [
    ...differing.map(({ id }) => `${id}: the sinks differ`),
    ...(surplus > 0 ? [`${String(surplus)} results are in the store only`] : []),
  ];
}

interface Adjusted {
  readonly expected: Expected;
  readonly differences: readonly string[];
}

/**
 * Where a partition went idle, the watermark did not wait for what it had afterwards. Such an event may be dropped, and is
 * then expected in the side output and nowhere else; any other must have been waited for.
 */
function withoutUnawaited(drawn: DrawnCase, plain: Expected, late: readonly LateJson[]): Adjusted {
  const known = new Set(plain.drops.map((drop) => canonical(lateJson(drop))));
  const extra = late.filter((json) => !known.has(canonical(json)));
  const differences: string[] = [];
  const drops: Drop[] = [...plain.drops];
  const counters: Counters = { ...plain.counters };
  const gone = new Map<string, Set<string>>();
  for (const { source, window, watermark } of extra) {
    const partition = drawn.partitions.find(({ id }) => id === source.partition);
    const event = drawn.inputs
      .find(({ id }) => id === source.partition)
      ?.events.find(({ offset }) => offset === source.offset);
    const [definition] = plain.config.windows;
    if (partition === undefined || event === undefined || definition === undefined) {
      differences.push(`late event that was never read: ${canonical(source)}`);
      continue;
    }
    if (source.offset < partition.firstUnawaited) {
      differences.push(`${canonical(source)}: the watermark did not wait for it`);
    }
    const span = { start: Date.parse(window.start), end: Date.parse(window.end) };
    drops.push({ windowName: definition.name, partition: partition.id, event, span, watermark: Date.parse(watermark) });
    const before = ownWatermark(drawn, partition.id, source.offset);
    const { outcome } = judge({
      timestamp: event.timestamp,
      end: span.end,
      ownWatermark: before,
      watermark: -Infinity,
      allowedLateness: definition.allowedLateness,
      lateRule: plain.config.lateRule,
    });
    counters[outcome] -= 1;
    counters.droppedLate += 1;
    const windowText = `${keyText(event.key)}/${String(span.start)}`;
    const set = gone.get(windowText) ?? new Set();
    gone.set(windowText, set.add(`${partition.id}/${String(source.offset)}`));
  }
  return { expected: { ...plain, drops, counters, windows: withoutEvents(drawn, plain, gone) }, differences };
}

function withoutEvents(
  drawn: DrawnCase,
  plain: Expected,
  gone: ReadonlyMap<string, ReadonlySet<string>>,
): Expected['windows'] {
  const partitionOf = new Map(drawn.inputs.flatMap(({ id, events }) => events.map((event) => [event, id] as const)));
  return plain.windows.flatMap((window) => {
    const lost = gone.get(`${keyText(window.key)}/${String(window.span.start)}`);
    if (lost === undefined) return [window];
    const events = window.events.filter(
      (event) => !lost.has(`${partitionOf.get(event) ?? ''}/${String(event.offset)}`),
    );
    return events.length === 0 ? [] : [{ ...window, events, results: resultsOf(plain.config, events) }];
  });
}

function ownWatermark({ inputs, config }: DrawnCase, partition: string, offset: number): number {
  const events = inputs.find(({ id }) => id === partition)?.events ?? [];
  const before = watermarksBefore(
    events.map(({ timestamp }) => timestamp),
    config.outOfOrderness,
  );
  return before[events.findIndex((event) => event.offset === offset)] ?? -Infinity;
}
