import { createHash } from 'node:crypto';
import { ProcessorError } from '../../errors/processor-error.ts';
import { parseFieldPath, valueAt, type FieldPath } from '../../event/field-path.ts';
import type { AggregationResult } from '../../results/aggregation-result.ts';
import type { PostgresSinkOptions } from './postgres-options.ts';
import { jsonText, plainText } from './stored-text.ts';
import { timestampText } from './timestamp-text.ts';

/** What the sink writes. */
export type StoredResult = AggregationResult<object>;

/** A column of a table of the sink. */
export interface TableColumn {
  readonly name: string;
  /** As in `CREATE TABLE`. */
  readonly type: string;
  /** The types, as Postgres formats them, that serve as well. */
  readonly accepts: RegExp;
  readonly isRequired: boolean;
}

/** A column that each row has a value of its own for. */
export interface ResultColumn extends TableColumn {
  /** What the client is given; text where the type is none that it knows. */
  readonly valueOf: (result: StoredResult) => string | number | boolean | null;
}

const TYPES = {
  timestamptz: /^timestamp(?:\(\d\))? with time zone$/,
  uuid: /^uuid$/,
  text: /^(?:text|character varying)$/,
  jsonb: /^jsonb$/,
  integer: /^(?:integer|bigint)$/,
  bigint: /^bigint$/,
  boolean: /^boolean$/,
  'double precision': /^(?:double precision|numeric(?:\(.*\))?|real|bigint|integer)$/,
} as const;

/** A column that must have a value, unless it is said to be optional. */
function column(name: string, type: keyof typeof TYPES, isRequired = true): TableColumn {
  return { name, type, accepts: TYPES[type], isRequired };
}

/** The columns that every table of results has, time first. */
export const RESULT_COLUMNS: readonly ResultColumn[] = [
  { ...column('window_start', 'timestamptz'), valueOf: ({ window }) => timestampText(window.start) },
  { ...column('window_end', 'timestamptz'), valueOf: ({ window }) => timestampText(window.end) },
  { ...column('window_id', 'uuid'), valueOf: windowIdOf },
  { ...column('window_name', 'text'), valueOf: ({ windowName }) => plainText(windowName) },
  { ...column('key', 'jsonb', false), valueOf: ({ key }) => (key === null ? null : jsonText(key)) },
  { ...column('results', 'jsonb'), valueOf: ({ results }) => jsonText(results) },
  { ...column('pane_index', 'integer'), valueOf: ({ pane }) => pane.index },
  { ...column('pane_timing', 'text'), valueOf: ({ pane }) => pane.timing },
  { ...column('pane_final', 'boolean'), valueOf: ({ pane }) => pane.final },
  { ...column('emitted_at', 'timestamptz'), valueOf: ({ timestamp }) => timestampText(timestamp) },
  { ...column('id', 'text'), valueOf: ({ id }) => plainText(id) },
];

/** The columns that are the same for all rows of an epoch. */
export const EPOCH_COLUMNS: readonly TableColumn[] = [
  column('pipeline', 'text'),
  column('writer', 'text'),
  column('epoch', 'bigint'),
];

/** The columns of the table of epochs. */
export const LEDGER_COLUMNS: readonly TableColumn[] = [
  column('pipeline', 'text'),
  column('writer', 'text'),
  column('run', 'bigint'),
  column('epoch', 'bigint'),
  column('batch', 'text', false),
  column('updated_at', 'timestamptz'),
];

/**
 * Identifies a window of a key, whatever its pane: half of the SHA-256 of what a result's id is made of. A key may be
 * longer than an index takes, and may hold what no text of Postgres does.
 */
export function windowIdOf({ pipeline, windowName, window }: StoredResult): string {
  const identity = JSON.stringify([pipeline, windowName, window.key?.toString() ?? null, window.start, window.end]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

/**
 * Columns that the user has asked for, by name, each with its place in the result.
 * @throws ProcessorError CONFIG_INVALID for a name that is taken, or a place that is none.
 */
export function columnsOf(asked: NonNullable<PostgresSinkOptions['columns']>): readonly ResultColumn[] {
  const taken = new Set([...RESULT_COLUMNS, ...EPOCH_COLUMNS].map(({ name }) => name));
  const entries = asked instanceof Map ? [...asked] : Object.entries(asked);
  return entries.map(([name, path]: readonly [string, FieldPath]) => {
    if (taken.has(name))
      throw invalid(`the column ${JSON.stringify(name)} is one of the sink's own; choose another name`);
    const [root, ...steps] = parseFieldPath(path);
    if (steps.length > 0 && root === 'key') {
      return { ...column(name, 'text', false), valueOf: ({ key }) => textOf(valueAt(key?.toJSON(), steps)) };
    }
    if (steps.length > 0 && root === 'results') {
      return {
        ...column(name, 'double precision', false),
        valueOf: ({ results }) => numberOf(valueAt(results, steps)),
      };
    }
    const found = JSON.stringify(path);
    throw invalid(`the column ${JSON.stringify(name)} needs a place such as key.model or results.p95, found ${found}`);
  });
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? plainText(value) : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function invalid(message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message);
}
