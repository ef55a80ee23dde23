import { styleText } from 'node:util';
import { formatBytes, formatCount } from '../quantity.ts';
import { namesByInterest, type Glance, type KeyOrder } from './glance.ts';
import { fit, shortNumber, shortSeconds, sparkline, timeOfDay } from './text-cells.ts';

/** The terminal, and what a person has asked for. */
export interface View {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
  readonly sort: KeyOrder;
  readonly paused: boolean;
  /** Why what is shown is not new; null while all is well. */
  readonly fault: string | null;
}

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** Columns that tables keep between their cells. */
const GAP = '  ';
const TREND_COLUMNS = 16;
const LEAST_COLUMNS = 40;

/** The lines of the screen, each as wide as the terminal; never more than it has rows. */
export function screenOf(glance: Glance | null, view: View): readonly string[] {
  const columns = Math.max(LEAST_COLUMNS, view.columns);
  const paint: Paint = (style, text) => (view.color ? styleText(style, text, { validateStream: false }) : text);
  const keys = footer(view, paint, columns);
  if (glance === null) return [...waiting(view, paint, columns), '', keys].slice(0, view.rows);
  const head = [...headLines(glance, paint, columns), ''];
  const left = Math.max(0, view.rows - head.length - 2);
  // A third each for partitions and windows at most; the keys take what is left.
  const partitions = partitionTable(glance, paint, columns, Math.max(2, Math.floor(left / 4)));
  const windows = windowTable(glance, paint, columns, Math.max(2, Math.floor(left / 4)));
  const used = head.length + partitions.length + windows.length + 3;
  const byKey = keyTable(glance, paint, columns, Math.max(2, view.rows - used));
  const body = [...head, ...partitions, '', ...windows, '', ...byKey];
  return [...body.slice(0, Math.max(0, view.rows - 1)), keys].slice(0, view.rows);
}

function waiting({ fault }: View, paint: Paint, columns: number): readonly string[] {
  if (fault === null) return [paint('dim', fit('Looking …', columns))];
  return [paint('yellow', fit(`○ ${fault}`, columns)), paint('dim', fit('  Trying again every second.', columns))];
}

function footer({ sort, paused }: View, paint: Paint, columns: number): string {
  const text = `q quit   p ${paused ? 'go on' : 'pause'}   s sort: ${SORTS[sort]}`;
  return paint('dim', fit(text, columns));
}

const SORTS: Readonly<Record<KeyOrder, string>> = { volume: 'events', key: 'name', value: 'first number' };
const HEALTH: Readonly<Record<string, Style>> = { ok: 'green', degraded: 'yellow', failed: 'red' };

function headLines({ status, rates }: Glance, paint: Paint, columns: number): readonly string[] {
  const { health, state, storage } = status;
  const word = state === 'running' ? health : state;
  const lag =
    status.watermark === null
      ? 'no watermark'
      : `${timeOfDay(status.watermark)} UTC, ${shortSeconds(status.watermark_lag_seconds)} behind`;
  const title = `${status.pipeline}   up ${shortSeconds(status.uptime_seconds)}   epoch ${formatCount(status.epoch)}   watermark ${lag}`;
  const mark = paint(HEALTH[health] ?? 'red', `● ${word}`);
  const read = rates.stretches.map((stretch) => stretch.rates.read);
  const now = status.rates;
  const rate = (value: number | undefined): string =>
    value === undefined ? '–' : shortNumber(Number(value.toPrecision(3)));
  const flow = `read ${rate(now?.read)}/s ${sparkline(read, 20).trimStart()}   results ${rate(now?.delivered)}/s   late ${rate(now?.accepted_late)}/s   dropped ${formatCount(status.counters.dropped_late)}   rejected ${formatCount(status.counters.rejected)}`;
  const commit =
    storage.last_commit === null
      ? ''
      : `   committed ${shortSeconds(storage.last_commit.age_seconds)} ago in ${shortSeconds(storage.last_commit.duration_seconds)}`;
  const checkpoint =
    storage.last_checkpoint === null
      ? ''
      : `   checkpoint ${shortSeconds(storage.last_checkpoint.age_seconds)} ago, ${formatBytes(storage.last_checkpoint.size_bytes)}`;
  const held = `state ${storage.backend}, ${formatBytes(storage.size_bytes)}, ${formatCount(status.open_windows)} windows${commit}${checkpoint}`;
  const faults = status.components
    .filter((component) => component.status !== 'ok')
    .map(({ name, message }) => paint('yellow', fit(`  ${name}: ${message ?? 'not well'}`, columns)));
  return [
    `${mark} ${paint('bold', fit(title, columns - word.length - 3))}`,
    ...faults,
    fit(`  ${flow}`, columns),
    fit(`  ${held}`, columns),
  ];
}

/** A table: a head in grey, and rows; the first column takes what is left. */
function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
  columns: number,
): readonly string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const others = widths.slice(1).reduce((sum, width) => sum + width + GAP.length, 0);
  const first = Math.max(12, columns - others);
  const line = (cells: readonly string[]): string =>
    fit(cells.map((cell, i) => (i === 0 ? fit(cell, first) : fit(cell, widths[i] ?? 0, 'right'))).join(GAP), columns);
  return [paint('dim', line(head)), ...rows.map(line)];
}

function partitionTable({ partitions }: Glance, paint: Paint, columns: number, limit: number): readonly string[] {
  const rows = visiblePartitions(partitions.partitions, limit - 1).map((partition) => [
    `${partition.holds_back ? '▸ ' : '  '}${partition.id}`,
    partition.state,
    timeOfDay(partition.watermark),
    shortSeconds(partition.behind_seconds),
    partition.lag_records === null ? (partition.caught_up ? '0' : '?') : formatCount(partition.lag_records),
    shortSeconds(partition.silent_seconds),
  ]);
  const title = `PARTITIONS (${formatCount(partitions.total)})`;
  return table([title, 'STATE', 'WATERMARK', 'BEHIND', 'LAG', 'SILENT'], rows, paint, columns);
}

/** The first ones, in an order that does not change under a reader's eyes; the one that all wait for is among them. */
function visiblePartitions<P extends { readonly holds_back: boolean }>(all: readonly P[], limit: number): readonly P[] {
  const first = all.slice(0, limit);
  const holder = all.slice(limit).find(({ holds_back: holds }) => holds);
  return holder === undefined ? first : [...first.slice(0, -1), holder];
}

function windowTable({ windows }: Glance, paint: Paint, columns: number, limit: number): readonly string[] {
  const rows = windows.windows.slice(0, limit - 1).map((open) => {
    const { window, start, end, keys } = open;
    const span = `${window} ${timeOfDay(start)} – ${timeOfDay(end)}`;
    return fit(`  ${fit(span, 32)}${GAP}${fit(formatCount(keys), 6, 'right')}${GAP}${whyOpen(open, windows)}`, columns);
  });
  const head = `${fit(`OPEN WINDOWS (${formatCount(windows.total)})`, 34)}${GAP}${fit('KEYS', 6, 'right')}${GAP}WHY`;
  return [paint('dim', fit(head, columns)), ...rows];
}

type OpenSpan = Glance['windows']['windows'][number];

function whyOpen(
  { reason, remaining_seconds: left, kept_until: keptUntil, text }: OpenSpan,
  all: Glance['windows'],
): string {
  const holder = all.held_back_by;
  if (reason === 'fired') return `fired; kept for late events until the watermark is at ${timeOfDay(keptUntil)}`;
  if (reason !== 'watermark' || holder === null || left === null) return text;
  return `the watermark is ${shortSeconds(left)} short; ${holder.partition} is furthest behind`;
}

function keyTable({ keys, pipeline }: Glance, paint: Paint, columns: number, limit: number): readonly string[] {
  const names = namesByInterest(pipeline.values.map(({ name }) => name));
  const shown = namesThatFit(names, columns);
  const rows = keys.keys.slice(0, limit - 1).map((row) => [
    `${row.revised ? '↻ ' : '  '}${row.key === '' ? '(all)' : row.key.replaceAll('::', '  ')}`,
    ...shown.map((name) => shortNumber(row.latest[name])),
    sparkline(
      row.recent.map(([, value]) => value),
      TREND_COLUMNS,
    ),
  ]);
  const window = keys.window === null ? '' : ` in ${keys.window}`;
  const trend = keys.value === shown[1] ? 'TREND' : fit(keys.value ?? 'TREND', TREND_COLUMNS, 'right').trimStart();
  return table([`KEYS (${formatCount(keys.total)})${window}`, ...shown, trend], rows, paint, columns);
}

/** Those that leave half of the line for the key and the trend. */
function namesThatFit(names: readonly string[], columns: number): readonly string[] {
  let room = columns * 0.75 - TREND_COLUMNS - 16;
  return names.filter((name) => {
    room -= Math.max(name.length, 9) + GAP.length;
    return room >= 0;
  });
}
