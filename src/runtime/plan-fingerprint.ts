import type { Selector } from '../decode/decode-plan.ts';
import type { PipelinePlan, WindowPlan } from '../plan/plan.ts';
import { formatDuration } from '../time/duration.ts';

/** A window definition, as far as stored state depends on it. */
export interface StoredWindowPlan {
  readonly name: string;
  /** Type, size, slide, gap and offset, in words: `tumbling(size=5m)`. */
  readonly shape: string;
  /** In ms. */
  readonly allowedLatenessMs: number;
}

/** What stored state depends on of a plan: plain JSON, kept beside the state. */
export interface StoredPlan {
  readonly windows: readonly StoredWindowPlan[];
  readonly lateRule: string;
  /** Each field as `name=path`; a function is only known to be one. */
  readonly key: readonly string[];
  /** Each metric as `name=path`, in order; a function is only known to be one. */
  readonly metrics: readonly string[];
  /** Enabled aggregates, sorted. */
  readonly aggregates: readonly string[];
  readonly percentiles: readonly number[];
  readonly percentileMethod: string;
  readonly relativeAccuracy: number;
  /** Names of the custom aggregators, in order. */
  readonly aggregators: readonly string[];
}

/** A difference that makes stored state unusable: the field, what it was and what it is, in words. */
export interface PlanChange {
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/** What of a plan its stored state depends on. */
export function describePlan(plan: PipelinePlan): StoredPlan {
  const { decode, aggregation } = plan;
  return {
    windows: plan.windows.map(describeWindow),
    lateRule: plan.lateRule,
    key: typeof decode.key === 'function' ? ['function'] : decode.key.map(describeField),
    metrics: decode.metrics.map(describeField),
    aggregates: [...aggregation.aggregates].sort(),
    percentiles: aggregation.percentiles,
    percentileMethod: aggregation.percentileMethod,
    relativeAccuracy: aggregation.relativeAccuracy,
    aggregators: plan.aggregators.map(({ name }) => name),
  };
}

/**
 * The changes from `stored` to `current` under which the state cannot be used; empty where it carries over. An allowed
 * lateness may have grown, but not shrunk.
 */
export function comparePlans(stored: StoredPlan, current: StoredPlan): readonly PlanChange[] {
  const changes: PlanChange[] = [];
  const compare = (field: string, from: Told, to: Told): void => {
    const [before, after] = [inWords(from), inWords(to)];
    if (before !== after) changes.push({ field, from: before, to: after });
  };
  const names = new Set([...stored.windows, ...current.windows].map(({ name }) => name));
  for (const name of names) {
    const [before, after] = [windowOf(stored, name), windowOf(current, name)];
    compare(`windows.${name}`, before?.shape, after?.shape);
    if (before === undefined || after === undefined || after.allowedLatenessMs >= before.allowedLatenessMs) continue;
    const field = `allowed lateness of windows.${name}`;
    compare(field, formatDuration(before.allowedLatenessMs), formatDuration(after.allowedLatenessMs));
  }
  for (const field of COMPARED) compare(field, stored[field], current[field]);
  return changes;
}

const COMPARED = [
  'lateRule',
  'key',
  'metrics',
  'aggregates',
  'percentiles',
  'percentileMethod',
  'relativeAccuracy',
  'aggregators',
] as const satisfies readonly (keyof StoredPlan)[];

function describeWindow({ name, assigner, allowedLatenessMs }: WindowPlan): StoredWindowPlan {
  return { name, shape: assigner.describe(), allowedLatenessMs };
}

function describeField({ name, selector }: { readonly name: string; readonly selector: Selector }): string {
  return `${name}=${selector.type === 'path' ? JSON.stringify(selector.path) : 'function'}`;
}

function windowOf(plan: StoredPlan, name: string): StoredWindowPlan | undefined {
  return plan.windows.find((window) => window.name === name);
}

type Told = string | number | readonly (string | number)[] | undefined;

function inWords(value: Told): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  return value === undefined || value.length === 0 ? 'none' : value.join(', ');
}
