import { styleText } from 'node:util';
import stringWidth from 'string-width';
import { formatBytes, formatCount } from '../quantity.ts';
import { namesByInterest, type Glance, type KeyOrder } from './glance.ts';
import { fit, fitEnd, shortNumber, shortSeconds, sparkline, timeOfDay, wrapped } from './text-cells.ts';

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

type Status = Glance['status'];
type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** Columns that tables keep between their cells. */
const GAP = '  ';
const INDENT = '  ';
const TREND_COLUMNS = 16;
/** What is kept for the first column of a table, before others are left out. */
const LEAST_FIRST = 22;
/** Of the line, what a key keeps before numbers are left out. */
const KEY_SHARE = 0.45;
/** Below so many columns a table has only what tells most. */
const NARROW = 60;
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
  const { health, state } = status;
  const word = state === 'running' ? health : state;
  const mark = `● ${word}`;
  const [first = '', ...further] = wrapped(titlePieces(status, mark), columns - INDENT.length);
  const faults = status.components
    .filter((component) => component.status !== 'ok')
    .map(({ name, message }) => paint('yellow', fit(`  ${name}: ${message ?? 'not well'}`, columns)));
  const indented = (pieces: readonly string[]): readonly string[] =>
    wrapped(pieces, columns - INDENT.length).map((line) => `${INDENT}${line}`);
  return [
    `${paint(HEALTH[health] ?? 'red', mark)}${paint('bold', first.slice(mark.length))}${INDENT}`,
    ...further.map((line) => `${INDENT}${line}`),
    ...faults,
    ...indented(flowPieces(status, rates)),
    ...indented(heldPieces(status)),
  ];
}

function titlePieces(status: Status, mark: string): readonly string[] {
  const { pipeline, uptime_seconds: uptime, epoch, watermark } = status;
  const behind = shortSeconds(status.watermark_lag_seconds);
  return [
    `${mark} ${pipeline}`,
    `up ${shortSeconds(uptime)}`,
    `epoch ${formatCount(epoch)}`,
    watermark === null ? 'no watermark' : `watermark ${timeOfDay(watermark)} UTC, ${behind} behind`,
  ];
}

function flowPieces({ rates: now, counters }: Status, rates: Glance['rates']): readonly string[] {
  const read = rates.stretches.map((stretch) => stretch.rates.read);
  const rate = (value: number | undefined): string =>
    value === undefined ? '–' : `${shortNumber(Number(value.toPrecision(3)))}/s`;
  return [
    `read ${rate(now?.read)} ${sparkline(read, 20).trimStart()}`.trimEnd(),
    `results ${rate(now?.delivered)}`,
    `late ${rate(now?.accepted_late)}`,
    `dropped ${formatCount(counters.dropped_late)}`,
    `rejected ${formatCount(counters.rejected)}`,
  ];
}

function heldPieces({ storage, open_windows: windows, firing }: Status): readonly string[] {
  const { last_commit: commit, last_checkpoint: checkpoint } = storage;
  return [
    `state ${storage.backend}, ${formatBytes(storage.size_bytes)}`,
    `${formatCount(windows)} windows${firing ? ', firing' : ''}`,
    ...(commit === null
      ? []
      : [`committed ${shortSeconds(commit.age_seconds)} ago in ${shortSeconds(commit.duration_seconds)}`]),
    ...(checkpoint === null
      ? []
      : [`checkpoint ${shortSeconds(checkpoint.age_seconds)} ago, ${formatBytes(checkpoint.size_bytes)}`]),
  ];
}

/** A column of a table: its title, and a cell for each row. */
type Column = readonly [title: string, ...cells: readonly string[]];

interface TableStyle {
  readonly paint: Paint;
  readonly columns: number;
  /** What the first column keeps where it needs it. */
  readonly least?: number;
  /** How its cells are cut. */
  readonly cut?: (cell: string, width: number) => string;
}

/** A table: a head in grey, and rows. The first column takes what is left by those of the others that fit beside it. */
function table(
  first: Column,
  others: readonly Column[],
  { paint, columns, least = LEAST_FIRST, cut = fit }: TableStyle,
): readonly string[] {
  const widthOf = (column: Column): number => Math.max(...column.map((cell) => stringWidth(cell)));
  let room = columns - Math.min(least, widthOf(first));
  const shown = others.flatMap((column) => {
    const width = widthOf(column);
    room -= room < width + GAP.length ? Infinity : width + GAP.length;
    return room < 0 ? [] : [{ column, width }];
  });
  const left = columns - shown.reduce((sum, { width }) => sum + width + GAP.length, 0);
  return first.map((cell, row) => {
    const cells = shown.map(({ column, width }) => fit(column[row] ?? '', width, 'right'));
    const line = fit([row === 0 ? fit(cell, left) : cut(cell, left), ...cells].join(GAP), columns);
    return row === 0 ? paint('dim', line) : line;
  });
}

function partitionTable({ partitions }: Glance, paint: Paint, columns: number, limit: number): readonly string[] {
  const rows = visiblePartitions(partitions.partitions, limit - 1);
  type Row = (typeof rows)[number];
  const column = (title: string, cell: (row: Row) => string): Column => [title, ...rows.map(cell)];
  const lagOf = ({ lag_records: lag, caught_up: caughtUp }: Row): string =>
    lag === null ? (caughtUp ? '0' : '?') : formatCount(lag);
  const marked = (cell: string, width: number): string => `${cell.slice(0, 2)}${fitEnd(cell.slice(2), width - 2)}`;
  return table(
    column(
      `PARTITIONS (${formatCount(partitions.total)})`,
      ({ id, holds_back: holds }) => `${holds ? '▸ ' : INDENT}${id}`,
    ),
    [
      column('STATE', ({ state }) => state),
      column('BEHIND', ({ behind_seconds: behind }) => shortSeconds(behind)),
      column('LAG', lagOf),
      column('WATERMARK', ({ watermark }) => timeOfDay(watermark)),
      column('SILENT', ({ silent_seconds: silent }) => shortSeconds(silent)),
    ],
    { paint, columns, cut: marked },
  );
}

/** The first ones, in an order that does not change under a reader's eyes; the one that all wait for is among them. */
function visiblePartitions<P extends { readonly holds_back: boolean }>(all: readonly P[], limit: number): readonly P[] {
  const first = all.slice(0, limit);
  const holder = all.slice(limit).find(({ holds_back: holds }) => holds);
  return holder === undefined ? first : [...first.slice(0, -1), holder];
}

function windowTable({ windows }: Glance, paint: Paint, columns: number, limit: number): readonly string[] {
  const rows = windows.windows.slice(0, limit - 1);
  const spans = rows.map(({ window, start, end }) => `${INDENT}${window} ${timeOfDay(start)} – ${timeOfDay(end)}`);
  const title = `OPEN WINDOWS (${formatCount(windows.total)})`;
  const span = Math.min(columns - 10, Math.max(title.length, ...spans.map((text) => text.length)));
  const isNarrow = columns < NARROW;
  const line = (cells: readonly string[]): string => fit(cells.join(GAP), columns);
  return [
    paint('dim', line([fit(title, span), ...(isNarrow ? [] : ['  KEYS']), '  TO END', ...(isNarrow ? [] : ['WHY'])])),
    ...rows.map((open, row) => {
      const keys = isNarrow ? [] : [fit(formatCount(open.keys), 6, 'right')];
      const left = open.reason === 'fired' ? 'over' : shortSeconds(open.remaining_seconds);
      return line([
        fit(spans[row] ?? '', span),
        ...keys,
        fit(left, 8, 'right'),
        ...(isNarrow ? [] : [whyOpen(open, windows)]),
      ]);
    }),
  ];
}

type OpenSpan = Glance['windows']['windows'][number];

function whyOpen(
  { reason, kept_until: keptUntil, text }: OpenSpan,
  { held_back_by: holder }: Glance['windows'],
): string {
  if (reason === 'fired') return `fired; kept for late events until the watermark is at ${timeOfDay(keptUntil)}`;
  return reason === 'watermark' && holder !== null ? `waits for ${fitEnd(holder.partition, 40).trimEnd()}` : text;
}

/** The fields of a key, as the dashboard shows them. */
function keyText(fields: Readonly<Record<string, string | null>>): string {
  const values = Object.values(fields).map((value) => (value === '' ? '(empty)' : (value ?? '(none)')));
  return values.length === 0 ? '(all)' : values.join(' · ');
}

function keyTable({ keys, pipeline }: Glance, paint: Paint, columns: number, limit: number): readonly string[] {
  const rows = keys.keys.slice(0, limit - 1);
  const names = namesByInterest(pipeline.values.map(({ name }) => name));
  // The events of a key are the same whatever is measured of them.
  const titleOf = (name: string): string => (name.endsWith('.count') ? 'count' : name);
  const numbers = names.map((name): Column => [titleOf(name), ...rows.map(({ latest }) => shortNumber(latest[name]))]);
  const [, telling] = names;
  const trend: Column = [
    keys.value === telling ? 'TREND' : (keys.value ?? 'TREND'),
    ...rows.map(({ recent }) =>
      sparkline(
        recent.map(([, value]) => value),
        TREND_COLUMNS,
      ),
    ),
  ];
  const [count, ...others] = numbers;
  const beside = columns < NARROW ? others.slice(0, 1) : [...numbers.slice(0, 2), trend, ...numbers.slice(2)];
  const window = keys.window === null ? '' : ` in ${keys.window}`;
  return table(
    [
      `KEYS (${formatCount(keys.total)})${window}`,
      ...rows.map(({ fields, revised }) => `${revised ? '↻ ' : INDENT}${keyText(fields)}`),
    ],
    beside.length === 0 && count !== undefined ? [count] : beside,
    { paint, columns, least: Math.floor(columns * KEY_SHARE) },
  );
}
