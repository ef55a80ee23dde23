import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OracleEvent } from '../oracle/model.ts';

/** The two files of the Azure LLM inference trace 2023, by name. */
export const TRACE_FILES = ['code.csv', 'conv.csv'] as const;
export type TraceFile = (typeof TRACE_FILES)[number];

export const METRICS = ['ContextTokens', 'GeneratedTokens'] as const;

const HEADER = ['TIMESTAMP', ...METRICS].join();
const ROW = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})\d{4},(\d+),(\d+)$/;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a test says that is left out for want of the data. */
export const NO_DATA = 'the Azure trace is not here: set PROCESSOR_TEST_DATA to the folder that holds azure-llm-2023/';

/**
 * The folder of the trace: in `PROCESSOR_TEST_DATA`, or beside the project; undefined where it is not there.
 * @throws Error where it is not there and `CI` is `true`: nothing is left out there in silence.
 */
export function traceFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const folder = join(env['PROCESSOR_TEST_DATA'] ?? join(ROOT, '../shared/data'), 'azure-llm-2023');
  if (TRACE_FILES.every((file) => existsSync(join(folder, file)))) return folder;
  if (env['CI'] === 'true') throw new Error(NO_DATA);
  return undefined;
}

/** One request of the trace. */
export interface TraceRow {
  /** The row as it stands in the file, without the end of the line. */
  readonly text: string;
  /** In ms, fractions cut off. */
  readonly timestamp: number;
  readonly values: readonly number[];
}

/** The rows of a file in their order. @throws Error for a row that is none. */
export function readTrace(folder: string, file: TraceFile): readonly TraceRow[] {
  return parseTrace(readFileSync(join(folder, file), 'utf8'));
}

/** The rows of a CSV text. Lines end with CRLF or LF, the last one also with nothing. */
export function parseTrace(csv: string): readonly TraceRow[] {
  const [header, ...lines] = csv.split(/\r?\n/);
  if (header !== HEADER) throw new Error(`not the header of the trace: ${String(header)}`);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((text) => {
    const match = ROW.exec(text);
    if (match === null) throw new Error(`not a row of the trace: ${text}`);
    const [, day = '', time = '', context, generated] = match;
    return { text, timestamp: Date.parse(`${day}T${time}Z`), values: [Number(context), Number(generated)] };
  });
}

/** The rows as a CSV text, lines ending as published. */
export function formatTrace(rows: readonly TraceRow[]): string {
  return [HEADER, ...rows.map(({ text }) => text)].join('\r\n');
}

export function eventsOf(rows: readonly TraceRow[]): readonly OracleEvent[] {
  return rows.map(({ timestamp, values }, offset) => ({ timestamp, key: null, values, offset }));
}
