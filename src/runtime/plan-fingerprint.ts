import type { DecodePlan, Selector } from '../decode/decode-plan.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { PipelinePlan, WindowPlan } from '../plan/plan.ts';
import type { PartitionShare } from '../sources/partition-share.ts';
import { formatDuration } from '../time/duration.ts';
import type { Instant, Millis } from '../time/instant.ts';
import { stillPassed, type PassedPartitions } from './passed-partitions.ts';

/** A window definition, as far as stored state depends on it. */
export interface StoredWindowPlan {
  readonly name: string;
  /** Type, size, slide, gap and offset, in words: `tumbling(size=5m)`. */
  readonly shape: string;
  readonly allowedLatenessMs: Millis;
  /** What the trigger does to the state; which trigger it is makes no difference. */
  readonly trigger: 'none' | 'fires early' | 'fires early and purges';
  /** Windows that end by then are gone, whatever the lateness: they were under a shorter one. Absent for none. */
  readonly goneUntil?: Instant;
}

/** What stored state depends on of a plan: plain JSON, kept beside the state. */
export interface StoredPlan {
  /** Type of the source: positions mean something to it alone. */
  readonly source: string;
  /** The part of the source that is read; absent where that is all of it, and state is not kept by partition. */
  readonly share?: PartitionShare;
  /** Partitions that the state of another instance held before. Absent for none. */
  readonly passed?: readonly PassedPartitions[];
  /** Where the sinks of instances stood that there are no more: kept by the first instance. Absent for none. */
  readonly formerSinks?: readonly FormerSinks[];
  readonly time: DecodePlan['time'];
  /** Path and unit of event time; a function is only known to be one. Empty where time is not the event's. */
  readonly timestamp: string;
  /** Kinds of the transforms, in order. What their functions do is not known. */
  readonly transforms: readonly string[];
  /** Each field as its path, or `name=path` where they differ; a function is only known to be one. */
  readonly key: readonly string[];
  /** Each metric likewise, in order. */
  readonly metrics: readonly string[];
  readonly flatResults: boolean;
  readonly windows: readonly StoredWindowPlan[];
  readonly lateRule: string;
  /** Enabled aggregates, sorted. */
  readonly aggregates: readonly string[];
  readonly percentiles: readonly number[];
  readonly percentileMethod: string;
  readonly relativeAccuracy: number;
  /** Names of the custom aggregators, in order. */
  readonly aggregators: readonly string[];
}

/** Where the sinks of an instance stood at its end: whoever has its number again delivers under its name. */
export interface FormerSinks {
  readonly instance: number;
  /** Name of the sink, and its position. */
  readonly sinks: readonly (readonly [name: string, position: string])[];
}

/** A difference that makes stored state unusable: the key of the configuration, what it was and what it is, in words. */
export interface PlanChange {
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/** What of a plan its stored state depends on. */
export function describePlan(plan: PipelinePlan): StoredPlan {
  const { decode, aggregation, source } = plan;
  const { timestamp, timestampUnit } = decode;
  return {
    source: source.name,
    ...describeShare(source.share),
    time: decode.time,
    timestamp: decode.time === 'event' ? `${inPlace('', timestamp)}, numbers in ${timestampUnit}` : '',
    transforms: decode.transforms.map(({ type }) => type),
    key: typeof decode.key === 'function' ? ['a function'] : decode.key.map(describeField),
    metrics: decode.metrics.map(describeField),
    flatResults: plan.flatResults,
    windows: plan.windows.map(describeWindow),
    lateRule: plan.lateRule,
    aggregates: [...aggregation.aggregates].sort(),
    percentiles: aggregation.percentiles,
    percentileMethod: aggregation.percentileMethod,
    relativeAccuracy: aggregation.relativeAccuracy,
    aggregators: plan.aggregators.map(({ name }) => name),
  };
}

/** The keys of the configuration that a stored plan is compared by, besides those of each window definition. */
const COMPARED = {
  source: 'source.type',
  time: 'event.time',
  timestamp: 'event.timestamp',
  transforms: 'transforms',
  key: 'event.key',
  metrics: 'event.values',
  flatResults: 'flat results (event.value)',
  lateRule: 'windows.late_rule',
  aggregates: 'aggregation.enabled',
  percentiles: 'aggregation.percentiles',
  percentileMethod: 'aggregation.percentile_method',
  relativeAccuracy: 'aggregation.relative_accuracy',
  aggregators: 'aggregators',
} as const satisfies Partial<Record<keyof StoredPlan, string>>;

/** The share of one that reads all of a source. */
const WHOLE: PartitionShare = { instances: 1, instance: 0, partitionedByKey: false };
/** The keys of the configuration that a share is compared by, below those of the source. */
const SHARE_FIELDS = {
  instances: 'instances',
  instance: 'instance',
  partitionedByKey: 'partitioned_by_key',
} as const satisfies Record<keyof PartitionShare, string>;

/** What a field of a stored plan can be, for comparing; undefined for what is not there. */
type Comparable = string | number | boolean | readonly (string | number)[] | undefined;

/**
 * The changes from `stored` to `current` under which the state cannot be used; empty where it carries over. An allowed
 * lateness may have grown, but not shrunk.
 */
export function comparePlans(stored: StoredPlan, current: StoredPlan): readonly PlanChange[] {
  const changes: PlanChange[] = [];
  const compare = (field: string, from: Comparable, to: Comparable): void => {
    const [before, after] = [inWords(from), inWords(to)];
    if (before !== after) changes.push({ field, from: before, to: after });
  };
  const names = new Set([...stored.windows, ...current.windows].map(({ name }) => name));
  for (const name of names) {
    const [before, after] = [windowOf(stored, name), windowOf(current, name)];
    compare(`windows.${name}`, before?.shape, after?.shape);
    if (before === undefined || after === undefined) continue;
    compare(`trigger of windows.${name}`, before.trigger, after.trigger);
    if (after.allowedLatenessMs >= before.allowedLatenessMs) continue;
    const field = `allowed lateness of windows.${name}`;
    compare(field, formatDuration(before.allowedLatenessMs), formatDuration(after.allowedLatenessMs));
  }
  for (const field of typedKeys(COMPARED)) compare(COMPARED[field], stored[field], current[field]);
  const [before, after] = [stored.share ?? WHOLE, current.share ?? WHOLE];
  for (const field of typedKeys(SHARE_FIELDS)) {
    compare(`${stored.source}.consumer.${SHARE_FIELDS[field]}`, before[field], after[field]);
  }
  return changes;
}

/**
 * The plan to keep from here on where `current` goes on from `stored`, for which {@link comparePlans} has found nothing;
 * `watermark` is the pipeline's. Where a lateness has grown, windows that were let go under the shorter one are noted: a
 * late event would otherwise begin them anew, and report a part of them under the ids of the whole.
 */
export function takeOverPlan(stored: StoredPlan, current: StoredPlan, watermark: Instant): StoredPlan {
  const windows = current.windows.map((window): StoredWindowPlan => {
    const before = windowOf(stored, window.name);
    if (before === undefined) return window;
    const hasGrown = window.allowedLatenessMs > before.allowedLatenessMs;
    // At the end of all input every window goes.
    const letGo = hasGrown && Number.isFinite(watermark) ? watermark - before.allowedLatenessMs : -Infinity;
    const goneUntil = Math.max(letGo, before.goneUntil ?? -Infinity);
    return Number.isFinite(goneUntil) ? { ...window, goneUntil } : window;
  });
  const lateness = current.windows.map(({ name, allowedLatenessMs }) => {
    const before = windowOf(stored, name)?.allowedLatenessMs ?? allowedLatenessMs;
    return { name, beforeMs: before, nowMs: allowedLatenessMs };
  });
  const passed = stillPassed(stored.passed ?? [], lateness, watermark);
  const { formerSinks } = stored;
  return {
    ...current,
    windows,
    ...(passed.length === 0 ? {} : { passed }),
    ...(formerSinks === undefined ? {} : { formerSinks }),
  };
}

/** The error that refuses to go on with a state: every changed field, and what can be done. */
export function planMismatch(pipeline: string, changes: readonly PlanChange[]): ProcessorError<'state'> {
  const width = Math.max(...changes.map(({ field }) => field.length));
  const lines = changes.map(({ field, from, to }) => `  ${field.padEnd(width)}  was ${from}; is now ${to}`);
  const message = [`the state of "${pipeline}" does not fit this configuration:`, ...lines, waysOut(changes)].join(
    '\n',
  );
  return new ProcessorError('state', 'STATE_MISMATCH', message);
}

const ANEW = `or give the pipeline a new name and so a state of
its own, or drop the state and begin anew: processor state reset`;

function waysOut(changes: readonly PlanChange[]): string {
  const changed = new Set(changes.map(({ field }) => /\.consumer\.(\w+)$/.exec(field)?.[1] ?? ''));
  if (changed.has('')) return `Go back to the old configuration, ${ANEW}`;
  if (changed.has(SHARE_FIELDS.partitionedByKey)) {
    return `State is kept by partition from its first epoch on, or never. Go back to the old
configuration, ${ANEW}`;
  }
  if (changed.has(SHARE_FIELDS.instances)) {
    return `It holds what belongs to the partitions of one instance of the old number. Go back
to that number, or stop all instances and deal their states out to the new one:
processor state rescale`;
  }
  return `It is the state of another instance. Give each instance the state.path of its own, or
deal the states of all of them out anew: processor state rescale`;
}

function typedKeys<T extends object>(of: T): readonly (keyof T)[] {
  return Object.keys(of) as (keyof T)[]; // An object of our own has no keys but its type's.
}

function describeWindow({ name, assigner, allowedLatenessMs, trigger }: WindowPlan): StoredWindowPlan {
  const purges = trigger?.shouldPurge !== undefined;
  const kind = trigger === undefined ? 'none' : purges ? 'fires early and purges' : 'fires early';
  return { name, shape: assigner.describe(), allowedLatenessMs, trigger: kind };
}

function describeShare(share: PartitionShare | undefined): Pick<StoredPlan, 'share'> {
  if (share === undefined) return {};
  const { instances, instance, partitionedByKey } = share;
  return instances === 1 && !partitionedByKey ? {} : { share: { instances, instance, partitionedByKey } };
}

function describeField({ name, selector }: { readonly name: string; readonly selector: Selector }): string {
  return inPlace(name, selector);
}

const PLAIN_STEP = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** A selector in words: no two paths are the same words. */
function inPlace(name: string, selector: Selector): string {
  const before = name === '' ? '' : `${name}=`;
  if (selector.type !== 'path') return `${before}a function`;
  const isPlain = selector.path.every((step) => typeof step === 'string' && PLAIN_STEP.test(step));
  const place = isPlain ? selector.path.join('.') : JSON.stringify(selector.path);
  return place === name ? place : `${before}${place}`;
}

function windowOf(plan: StoredPlan, name: string): StoredWindowPlan | undefined {
  return plan.windows.find((window) => window.name === name);
}

function inWords(value: Comparable): string {
  const text = typeof value === 'object' ? value.join(', ') : String(value ?? '');
  return text === '' ? 'none' : text;
}
