import type { AggregationResult, Pane } from '../../results/aggregation-result.ts';
import { decimalsFor, formatNumber } from './number-format.ts';
import { fit, printable, truncate, widthOf } from './printable.ts';
import { groupResults, valueOf, type ResultGroup, type ResultRow } from './result-groups.ts';
import {
  chooseLayout,
  GAP,
  INDENT,
  totalWidth,
  type Candidate,
  type NumberColumn,
  type TableContent,
  type TableLayout,
} from './table-layout.ts';
import { formatSpan } from './window-span.ts';

const HEADER_EVERY_LINES = 40;
const NARROWEST_NUMBER = 6;
const NARROWEST_NAME = 16;
/** What stands beside the name of a window at most: times, timing and two days. */
const LONGEST_SPAN = 64;
const WIDEST_KEY = 40;
const TITLES: ReadonlyMap<string, string> = new Map([['average', 'avg']]);
const TIMINGS: Readonly<Record<Pane['timing'], string>> = {
  early: 'early',
  on_time: '',
  late: 'late update',
  retraction: 'retracted',
};

/** Escape sequences that open and close a style. */
const BOLD = ['\x1b[1m', '\x1b[22m'] as const;
const DIM = ['\x1b[2m', '\x1b[22m'] as const;
const YELLOW = ['\x1b[33m', '\x1b[39m'] as const;

/**
 * Writes results as a table that grows downward: windows as headings, keys as rows. Columns keep their place from one
 * delivery to the next; the header is written again when they have to change, and now and then so that it stays in sight.
 */
export class ResultTable {
  readonly #color: boolean;
  /** The widest that each column has been, and its decimals, by the column's id. */
  readonly #widths = new Map<string, number>();
  readonly #decimals = new Map<string, number>();
  /** Metrics and aggregates seen, for as long as the key's fields are the same. */
  readonly #columns = new Map<string | null, Set<string>>();
  #schema = '';
  #countsDiffer = false;
  #header = '';
  #linesSinceHeader = 0;
  #lastGroup = '';
  #lastDays = '';

  constructor(options: { readonly color: boolean }) {
    this.#color = options.color;
  }

  /** The lines that show `results` on a terminal `width` columns wide. */
  render(results: readonly AggregationResult<object>[], width: number): string[] {
    const lines: string[] = [];
    for (const group of groupResults(results)) this.#renderGroup(group, width, lines);
    return lines;
  }

  #renderGroup(group: ResultGroup, width: number, lines: string[]): void {
    this.#observe(group);
    const layout = chooseLayout(this.#content(group), width);
    const header = this.#headerOf(layout, width);
    const isNew = group.id !== this.#lastGroup;
    if (isNew) {
      if (this.#lastGroup !== '') this.#push(lines, '');
      this.#push(lines, this.#heading(group, width));
      this.#lastGroup = group.id;
    }
    const text = header.join('\n');
    if (text !== this.#header || this.#linesSinceHeader >= HEADER_EVERY_LINES) {
      if (!isNew) this.#push(lines, '');
      this.#pushHeader(lines, header);
    }
    for (const row of group.rows) {
      if (this.#linesSinceHeader >= HEADER_EVERY_LINES) this.#pushHeader(lines, header);
      this.#push(lines, this.#line(row, layout));
    }
  }

  /** Takes note of columns and widths. */
  #observe(group: ResultGroup): void {
    const schema = JSON.stringify([group.spanTitle, group.keyNames]);
    if (schema !== this.#schema) {
      this.#schema = schema;
      this.#columns.clear();
      this.#widths.clear();
      this.#countsDiffer = false;
    }
    for (const row of group.rows) {
      this.#widen('span', widthOf(row.span), Infinity);
      row.keys.forEach((key, index) => this.#widen(`key ${String(index)}`, widthOf(key), WIDEST_KEY));
      const counts = new Set(row.metrics.map(({ aggregates }) => aggregates.get('count')));
      if (counts.size > 1) this.#countsDiffer = true;
      for (const { metric, aggregates } of row.metrics) {
        const known = this.#columns.get(metric) ?? new Set();
        for (const aggregate of aggregates.keys()) known.add(aggregate);
        this.#columns.set(metric, known);
      }
    }
    for (const [metric, aggregates] of this.#columns) {
      for (const aggregate of aggregates) this.#measure(group.rows, metric, aggregate);
    }
  }

  #measure(rows: readonly ResultRow[], metric: string | null, aggregate: string): void {
    const id = columnId(metric, aggregate);
    const values = rows.map((row) => valueOf(row, metric, aggregate));
    const decimals = decimalsFor(values, this.#decimals.get(id));
    this.#decimals.set(id, decimals);
    for (const value of values) this.#widen(id, formatNumber(value, decimals).length, Infinity);
  }

  #widen(id: string, width: number, limit: number): void {
    this.#widths.set(id, Math.min(limit, Math.max(width, this.#widths.get(id) ?? 0)));
  }

  /** What could be shown, at the widths seen so far. */
  #content(group: ResultGroup): TableContent {
    const shared = !this.#countsDiffer && [...this.#columns.values()].every((aggregates) => aggregates.has('count'));
    const metrics = [...this.#columns].map(([metric, aggregates]) =>
      [...aggregates]
        .filter((aggregate) => !(shared && aggregate === 'count'))
        .map((aggregate) => this.#column(metric, aggregate)),
    );
    const [first] = this.#columns.keys();
    return {
      span: group.spanTitle === null ? null : { title: group.spanTitle, width: this.#widths.get('span') ?? 0 },
      keys: group.keyNames.map((title, index) => ({
        title,
        width: Math.max(Math.min(WIDEST_KEY, widthOf(title)), this.#widths.get(`key ${String(index)}`) ?? 0),
      })),
      count: shared && first !== undefined ? this.#column(first, 'count') : null,
      metrics,
    };
  }

  #column(metric: string | null, aggregate: string): NumberColumn {
    const metricTitle = printable(metric ?? '');
    const title = TITLES.get(aggregate) ?? printable(aggregate);
    const id = columnId(metric, aggregate);
    const width = Math.max(NARROWEST_NUMBER, widthOf(title), this.#widths.get(id) ?? 0);
    return { id, title, width, metric, metricWidth: widthOf(metricTitle), aggregate };
  }

  #heading(group: ResultGroup, width: number): string {
    const { windowName, window, pane } = group.result;
    const span = group.spanTitle === null ? formatSpan(window.start, window.end) : '';
    const days = group.days === this.#lastDays ? '' : `${group.days} UTC`;
    this.#lastDays = group.days;
    const timing = TIMINGS[pane.timing];
    const name = truncate(printable(windowName), Math.max(NARROWEST_NAME, width - LONGEST_SPAN));
    const parts = [this.#style(BOLD, span === '' ? name : `${name}  ${span}`)];
    if (timing !== '') parts.push(this.#style(YELLOW, timing));
    if (days !== '') parts.push(this.#style(DIM, days));
    return parts.join('  ');
  }

  #headerOf(layout: TableLayout, width: number): string[] {
    const lead = leadingColumns(layout);
    const titles = [
      ...lead.map((column) => fit(column.title, column.width, column === layout.count ? 'right' : 'left')),
      ...layout.metrics.flat().map((column) => fit(column.title, column.width, 'right')),
    ];
    const lines = [`${' '.repeat(INDENT)}${titles.join(' '.repeat(GAP))}`];
    const blocks = layout.metrics.flatMap((columns) => blockTitle(columns));
    if (blocks.length > 0) {
      const before = lead.length === 0 ? INDENT : totalWidth(lead) + GAP;
      lines.unshift(' '.repeat(before) + blocks.join(' '.repeat(GAP)));
    }
    if (layout.hiddenMetrics > 0) {
      const note = `(${String(layout.hiddenMetrics)} more metrics: no room for them here; the format json has all)`;
      lines.push(' '.repeat(INDENT) + truncate(note, Math.max(1, width - INDENT)));
    }
    return lines;
  }

  #line(row: ResultRow, layout: TableLayout): string {
    const cells = layout.span === null ? [] : [fit(row.span, layout.span.width, 'left')];
    layout.keys.forEach((column, index) => cells.push(fit(row.keys[index] ?? '', column.width, 'left')));
    const numbers = [...(layout.count === null ? [] : [layout.count]), ...layout.metrics.flat()];
    for (const { id, metric, aggregate, width } of numbers) {
      const decimals = this.#decimals.get(id) ?? 0;
      cells.push(formatNumber(valueOf(row, metric, aggregate), decimals).padStart(width));
    }
    return `${' '.repeat(INDENT)}${cells.join(' '.repeat(GAP))}`.trimEnd();
  }

  #pushHeader(lines: string[], header: readonly string[]): void {
    for (const line of header) this.#push(lines, this.#style(DIM, line));
    this.#header = header.join('\n');
    this.#linesSinceHeader = 0;
  }

  #push(lines: string[], line: string): void {
    lines.push(line);
    this.#linesSinceHeader += 1;
  }

  #style([open, close]: readonly [string, string], text: string): string {
    return this.#color ? `${open}${text}${close}` : text;
  }
}

function columnId(metric: string | null, aggregate: string): string {
  return JSON.stringify([metric, aggregate]);
}

function leadingColumns(layout: TableLayout): Candidate[] {
  return [
    ...(layout.span === null ? [] : [layout.span]),
    ...layout.keys,
    ...(layout.count === null ? [] : [layout.count]),
  ];
}

/** The name of a metric in the middle above its columns, in a rule where there is room: `── latency_ms ──`. */
function blockTitle(columns: readonly NumberColumn[]): string[] {
  const metric = columns[0]?.metric;
  if (metric === undefined || metric === null) return [];
  const width = columns.reduce((sum, column) => sum + column.width + GAP, -GAP);
  const name = truncate(printable(metric), width);
  const rest = width - widthOf(name);
  if (rest < 4) return [' '.repeat(rest) + name];
  return [`${'─'.repeat(Math.floor(rest / 2) - 1)} ${name} ${'─'.repeat(Math.ceil(rest / 2) - 1)}`];
}
