import { present } from '../../errors/assert.ts';
import { instanceOf } from '../../sources/partition-share.ts';
import { combinedWatermark } from '../../time/combined-watermark.ts';
import type { Instant } from '../../time/instant.ts';
import { instantFromJson, instantToJson } from '../../time/snapshot-json.ts';
import type { EpochMeta } from '../epoch-store.ts';
import { stillPassed, type PassedPartitions } from '../passed-partitions.ts';
import type { FormerSinks, StoredPlan } from '../plan-fingerprint.ts';
import type { OldPartition, OldState } from './old-states.ts';

/** What a new instance begins with, besides its windows. */
export interface NewEpoch {
  readonly meta: Omit<EpochMeta, 'restartEntries'>;
  readonly plan: StoredPlan;
  readonly watermark: Instant;
  readonly partitions: readonly OldPartition[];
}

/**
 * Deals out what epochs commit besides windows: positions and progress go with their partition, the totals of an old
 * instance to the new one of its number modulo the new count, so that they add up for each and for all. Epochs go on above all
 * old ones. Sinks go on where those of the instance of the same number stood, even if there was none of it meanwhile: it
 * delivers under the same name, and what it finds delivered must be known, or it would take itself for an old one.
 */
export function dealEpochs(states: readonly OldState[], instances: number): readonly NewEpoch[] {
  const epoch = Math.max(...states.map(({ meta }) => meta.epoch));
  const sinks = sinksByInstance(states);
  const former = [...sinks].filter(([instance]) => instance >= instances);
  return Array.from({ length: instances }, (_, instance): NewEpoch => {
    const partitions = states
      .flatMap((state) => state.partitions)
      .filter(({ number }) => instanceOf(number, instances) === instance)
      .toSorted((a, b) => a.number - b.number || (a.id < b.id ? -1 : 1));
    const shares = partitions.map(({ progress: { state, watermark } }) => ({
      state,
      watermark: instantFromJson(watermark),
    }));
    const watermark = combinedWatermark(shares, -Infinity);
    const positions = partitions.flatMap(({ id, position }) =>
      position === undefined ? [] : [[id, position] as const],
    );
    return {
      meta: {
        epoch,
        positions: new Map(positions),
        progress: { watermark: instantToJson(watermark), partitions: partitions.map(({ progress }) => progress) },
        totals: totalsOf(states.filter((state) => instanceOf(state.share.instance, instances) === instance)),
        sinks: new Map(sinks.get(instance)),
      },
      plan: {
        ...planOf(states, { instance, instances, partitions, watermark }),
        ...(instance > 0 || former.length === 0
          ? {}
          : { formerSinks: former.map(([of, at]) => ({ instance: of, sinks: at })) }),
      },
      watermark,
      partitions,
    };
  });
}

/** Where the sinks of each instance stood that there ever was. */
function sinksByInstance(states: readonly OldState[]): ReadonlyMap<number, FormerSinks['sinks']> {
  const former = states
    .flatMap(({ plan }) => plan.formerSinks ?? [])
    .map(({ instance, sinks }) => [instance, sinks] as const);
  const current = states.map(({ share, meta }) => [share.instance, [...meta.sinks]] as const);
  return new Map([...former, ...current].toSorted(([a], [b]) => a - b));
}

function totalsOf(states: readonly OldState[]): Readonly<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (const { meta } of states) {
    for (const [name, count] of Object.entries(meta.totals)) totals[name] = (totals[name] ?? 0) + count;
  }
  return totals;
}

interface NewInstance extends Pick<NewEpoch, 'partitions' | 'watermark'> {
  readonly instance: number;
  readonly instances: number;
}

function planOf(states: readonly OldState[], { instance, instances, partitions, watermark }: NewInstance): StoredPlan {
  // All are the same but for what is said here anew.
  const {
    passed: _passed,
    formerSinks: _former,
    windows,
    ...common
  } = present(states[0], 'state that is dealt out').plan;
  const numbers = [...new Set(partitions.map(({ number }) => number))];
  const lateness = windows.map(({ name, allowedLatenessMs: ms }) => ({ name, beforeMs: ms, nowMs: ms }));
  const passed = stillPassed(grouped(numbers, states), lateness, watermark);
  return {
    ...common,
    windows: windows.map(({ goneUntil: _goneUntil, ...window }) => window),
    share: { instances, instance, partitionedByKey: true },
    ...(passed.length === 0 ? {} : { passed }),
  };
}

/** What the windows of some partitions have been through, those together of which the same is said. */
function grouped(numbers: readonly number[], states: readonly OldState[]): readonly PassedPartitions[] {
  const groups = new Map<string, { readonly said: Omit<PassedPartitions, 'partitions'>; partitions: number[] }>();
  for (const number of numbers) {
    const state = states[instanceOf(number, states.length)];
    if (state === undefined) continue;
    const said = passedBy(number, state);
    const text = JSON.stringify(said);
    const group = groups.get(text) ?? { said, partitions: [] };
    group.partitions.push(number);
    groups.set(text, group);
  }
  return [...groups.values()].map(({ said, partitions }) => ({ partitions, ...said }));
}

/** By the old instance of a partition, and by those that had it before. */
function passedBy(number: number, { plan, watermark }: OldState): Omit<PassedPartitions, 'partitions'> {
  const before = plan.passed?.find(({ partitions }) => partitions.includes(number));
  const goneUntil = new Map(before?.goneUntil);
  for (const { name, goneUntil: until = -Infinity } of plan.windows) {
    const known = goneUntil.get(name) ?? -Infinity;
    if (until > known) goneUntil.set(name, until);
  }
  const reached = Math.max(watermark, before === undefined ? -Infinity : instantFromJson(before.watermark));
  return { watermark: instantToJson(reached), goneUntil: [...goneUntil] };
}
