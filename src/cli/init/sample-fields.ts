import { createReadStream } from 'node:fs';
import { csvFields } from '../../sources/framing/csv-splitter.ts';
import { formatOfPath } from '../../sources/framing/stream-format.ts';
import { instantOfText, type TimestampUnit } from '../../time/timestamp.ts';

/** A field that holds a time, and what it counts where it is a number. */
export interface TimeField {
  readonly path: string;
  readonly unit: TimestampUnit;
}

/** Fields of events, by what they seem to be good for. */
export interface SampleFields {
  /** Those that hold a time, texts before numbers. */
  readonly times: readonly TimeField[];
  /** Short texts with few different values. */
  readonly keys: readonly string[];
  /** Numbers that are no times. */
  readonly numbers: readonly string[];
}

const SAMPLE_BYTES = 262_144;
const MAX_KEY_LENGTH = 64;
/** Names whose numbers are no measures. */
const ID = /(?:^|_|\.)(?:id|uuid|version|seq|offset)$/i;
const TIME = /time|stamp|date|(?:^|_|\.)(?:ts|at)$/i;
/** What a number of the years 2001 to 2100 is, by its magnitude. */
const UNITS: readonly (readonly [least: number, most: number, unit: TimestampUnit])[] = [
  [1e9, 4.2e9, 's'],
  [1e12, 4.2e12, 'ms'],
  [1e15, 4.2e15, 'us'],
  [1e18, 4.2e18, 'ns'],
];
/** A name that stands in a path as it is. */
const PLAIN_NAME = /^[^.[\]]+$/;

/** What the events at the beginning of a file hold; null where none can be read. */
export async function fieldsOfFile(path: string): Promise<SampleFields | null> {
  if (path.endsWith('.gz')) return null;
  let head: string;
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(path, { end: SAMPLE_BYTES - 1 })) chunks.push(chunk as Buffer);
    head = Buffer.concat(chunks).toString('utf8');
  } catch {
    return null; // What is wrong with a file is told by running on it.
  }
  const rows = head.split('\n');
  // The last one may have been cut off.
  if (Buffer.byteLength(head) >= SAMPLE_BYTES) rows.pop();
  const events = formatOfPath(path) === 'csv' ? eventsOfCsv(rows) : eventsOfLines(rows);
  return events.length === 0 ? null : fieldsOf(events);
}

function eventsOfLines(rows: readonly string[]): readonly object[] {
  return rows.flatMap((row) => {
    try {
      const event: unknown = JSON.parse(row.replace(/^[[,]|[\],]\s*$/g, ''));
      return typeof event === 'object' && event !== null && !Array.isArray(event) ? [event] : [];
    } catch {
      return []; // A blank, broken or half line.
    }
  });
}

function eventsOfCsv([header = '', ...rows]: readonly string[]): readonly object[] {
  const names = csvFields(header.trimEnd());
  return rows
    .filter((row) => row.trim() !== '')
    .map((row) => Object.fromEntries(csvFields(row.trimEnd()).map((cell, i) => [names[i] ?? '', valueOfCell(cell)])));
}

function valueOfCell(cell: string): string | number {
  return cell.trim() !== '' && Number.isFinite(Number(cell)) ? Number(cell) : cell;
}

/** Sorts the fields of events by what they are good for. */
export function fieldsOf(events: readonly object[]): SampleFields {
  const columns = new Map<string, unknown[]>();
  for (const event of events) collect(event, '', columns);
  const times: TimeField[] = [];
  const texts: string[] = [];
  const numbers: string[] = [];
  for (const [path, values] of columns) {
    const unit = unitOf(path, values);
    if (unit !== undefined) times.push({ path, unit });
    else if (values.every((value) => typeof value === 'number')) {
      if (!ID.test(path)) numbers.push(path);
    } else if (isKey(values, events.length)) texts.push(path);
  }
  return { times, keys: texts, numbers };
}

function collect(value: object, before: string, columns: Map<string, unknown[]>): void {
  for (const [name, field] of Object.entries(value) as [string, unknown][]) {
    if (!PLAIN_NAME.test(name) || field === null || Array.isArray(field)) continue;
    const path = `${before}${name}`;
    if (typeof field === 'object') collect(field, `${path}.`, columns);
    else columns.set(path, [...(columns.get(path) ?? []), field]);
  }
}

function unitOf(path: string, values: readonly unknown[]): TimestampUnit | undefined {
  if (values.every((value) => typeof value === 'string' && instantOfText(value) !== undefined)) return 'ms';
  if (!TIME.test(path)) return undefined;
  return UNITS.find(([least, most]) =>
    values.every((value) => typeof value === 'number' && value >= least && value < most),
  )?.[2];
}

/** Few different values, and not one of its own for every event. */
function isKey(values: readonly unknown[], events: number): boolean {
  const different = new Set(values);
  const areShort = values.every((value) => typeof value === 'string' && value.length <= MAX_KEY_LENGTH);
  return areShort && values.length > events / 2 && different.size <= Math.max(2, events / 2);
}
