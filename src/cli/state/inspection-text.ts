import type { PipelineContents, StateContents } from '../../runtime/state-inspection.ts';
import type { StoredPlan } from '../../runtime/plan-fingerprint.ts';
import { printable, truncate } from '../../sinks/console/printable.ts';
import { formatInstant, type Instant } from '../../time/instant.ts';
import { formatBytes, formatCount } from '../quantity.ts';
import { progressOf, type InspectionFacts } from './inspection-json.ts';
import { textTable } from './text-table.ts';

const WIDTH = 80;
const LABEL_COLUMNS = 13;
const SHOWN_PARTITIONS = 20;
/** Of the counters, what a person asks for first. */
const COUNTERS: readonly (readonly [name: string, label: string])[] = [
  ['read', 'read'],
  ['rejected', 'rejected'],
  ['filtered', 'filtered'],
  ['assigned', 'assigned'],
  ['acceptedLate', 'late'],
  ['droppedLate', 'too late'],
  ['unassigned', 'in no window'],
  ['fired', 'fired'],
];
const RIGHT = { align: 'right' } as const;
const SIZES = [
  { title: 'Entries', ...RIGHT },
  { title: 'Size', ...RIGHT },
];

/** An inspection for people, 80 columns wide. */
export function inspectionText({ pipelines, others }: StateContents, { path, size }: InspectionFacts): string {
  const heading = `${path}: ${formatBytes(size.bytes)} on disk, in ${formatCount(size.files)} files\n`;
  const parts = pipelines.map(pipelineText);
  if (pipelines.length === 0) parts.push('No pipeline has committed anything to it.\n');
  if (others.entries > 0) {
    parts.push(`Besides, ${formatCount(others.entries)} entries of no pipeline: ${formatBytes(others.bytes)}\n`);
  }
  return [heading, ...parts].join('\n');
}

function pipelineText(pipeline: PipelineContents): string {
  const { name, epoch, size } = pipeline;
  const heading = `Pipeline ${printable(name)}: ${formatCount(size.entries)} entries, ${formatBytes(size.bytes)}\n`;
  return [heading + factsOf(pipeline, epoch?.plan), ...tablesOf(pipeline)].join('\n');
}

function factsOf({ epoch, ...pipeline }: PipelineContents, plan: StoredPlan | undefined): string {
  if (epoch === undefined) return fact('epoch', 'none: its record is missing');
  const { meta, outbox } = epoch;
  const { watermark } = progressOf({ epoch, ...pipeline });
  const counted = COUNTERS.filter(([name]) => (meta.totals[name] ?? 0) > 0);
  const undelivered = [
    [outbox.results.length, 'results'] as const,
    [outbox.lateEvents.length, 'late events'] as const,
    [outbox.deadLetters.length, 'dead letters'] as const,
  ].filter(([count]) => count > 0);
  return [
    fact('epoch', formatCount(meta.epoch)),
    fact('watermark', instantText(watermark)),
    fact('counted', list(counted.map(([key, label]) => `${formatCount(meta.totals[key] ?? 0)} ${label}`))),
    fact('undelivered', list(undelivered.map(([count, what]) => `${formatCount(count)} ${what}`))),
    ...(plan === undefined ? [] : planFacts(plan)),
  ].join('');
}

function planFacts({ source, share, key, metrics, windows }: StoredPlan): readonly string[] {
  const { instance = 0, instances = 1 } = share ?? {};
  return [
    fact('source', source),
    ...(share === undefined
      ? []
      : [fact('instance', `${String(instance)} of ${String(instances)}, state by partition`)]),
    fact('key', list(key)),
    fact('values', list(metrics)),
    fact('windows', list(windows.map(({ name, shape }) => (shape.startsWith(name) ? shape : `${name}: ${shape}`)))),
  ];
}

function tablesOf(pipeline: PipelineContents): readonly string[] {
  const { windows, earliest, keyPrefixes, otherKeys } = pipeline.windowState;
  const { partitions } = progressOf(pipeline);
  const tables: string[] = [];
  if (partitions.length > 0) {
    const rows = partitions
      .slice(0, SHOWN_PARTITIONS)
      .map(({ id, offset, state, watermark }) => [
        id,
        offset === null ? '-' : formatCount(offset),
        state,
        instantText(watermark),
      ]);
    const columns = [{ title: 'Partition', most: 28 }, { title: 'Offset', ...RIGHT }, { title: 'State' }];
    const more = partitions.length - SHOWN_PARTITIONS;
    tables.push(
      textTable([...columns, { title: 'Watermark' }], rows, '  ') +
        (more > 0 ? `  and ${formatCount(more)} more\n` : ''),
    );
  }
  if (windows.size > 0) {
    const rows = [...windows].map(([name, { entries, bytes }]) => [name, formatCount(entries), formatBytes(bytes)]);
    tables.push(textTable([{ title: 'Windows', most: 40 }, ...SIZES], rows, '  '));
  }
  if (earliest.length > 0) {
    const rows = earliest.map(({ windowName, start, end, entries, bytes }) => [
      windowName,
      instantText(start),
      instantText(end),
      formatCount(entries),
      formatBytes(bytes),
    ]);
    const columns = [{ title: 'Earliest windows', most: 16 }, { title: 'Start' }, { title: 'End' }];
    tables.push(textTable([...columns, { title: 'Keys', ...RIGHT }, { title: 'Size', ...RIGHT }], rows, '  '));
  }
  if (keyPrefixes.length > 0) {
    const rows = keyPrefixes.map(([prefix, { entries, bytes }]) => [prefix, formatCount(entries), formatBytes(bytes)]);
    if (otherKeys.entries > 0) rows.push(['all others', formatCount(otherKeys.entries), formatBytes(otherKeys.bytes)]);
    tables.push(textTable([{ title: 'Largest keys, by first field', most: 46 }, ...SIZES], rows, '  '));
  }
  return tables;
}

function fact(label: string, value: string): string {
  return `  ${label.padEnd(LABEL_COLUMNS)}${truncate(printable(value), WIDTH - LABEL_COLUMNS - 2)}\n`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.join(', ');
}

/** A watermark in words. Without milliseconds where there are none, so that five columns fit. */
export function instantText(at: Instant): string {
  if (at === -Infinity) return 'none yet';
  return at === Infinity ? 'end of input' : formatInstant(at).replace('.000Z', 'Z');
}
