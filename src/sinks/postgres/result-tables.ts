import { ProcessorError } from '../../errors/processor-error.ts';
import { quoteIdentifier } from './identifier.ts';
import { columnsOf, EPOCH_COLUMNS, LEDGER_COLUMNS, RESULT_COLUMNS, type ResultColumn } from './result-columns.ts';
import type { TableColumn } from './result-columns.ts';
import type { PostgresSinkOptions } from './postgres-options.ts';

/** A table as it should be. */
export interface TableShape {
  /** Schema and name, as SQL writes them. */
  readonly name: string;
  readonly columns: readonly TableColumn[];
  /** What identifies a row; the primary key, where the sink makes the table. */
  readonly identity: readonly string[];
}

/** The names and statements of a sink. All that comes from outside stands in them as quoted identifiers, or is a parameter. */
export class ResultTables {
  readonly results: TableShape;
  readonly ledger: TableShape;
  /** The columns that each row has a value of its own for, in the order of the parameters of `upsert`. */
  readonly columns: readonly ResultColumn[];
  /** Writes rows: a list for each of the columns, then pipeline, writer and epoch. */
  readonly upsert: string;
  /** Removes rows: lists of `window_start` and `window_id`. */
  readonly remove: string;
  /** Removes what epochs after one have written: pipeline, writer, epoch. */
  readonly rewind: string;

  /** @throws ProcessorError CONFIG_INVALID for names that Postgres does not take. */
  constructor(options: Pick<PostgresSinkOptions, 'schema' | 'table' | 'columns' | 'panes'>) {
    const { schema, table = 'processor_results', columns = {}, panes = 'latest' } = options;
    if (typeof table !== 'string' || table.includes('.')) throw invalidTable(table);
    const prefix = schema === undefined ? '' : `${quoteIdentifier(schema, 'schema')}.`;
    // The longer name first: what is said of it is true of both.
    const ledger = prefix + quoteIdentifier(`${table}_epochs`, 'table of epochs');
    const results = prefix + quoteIdentifier(table, 'table');
    this.columns = [...RESULT_COLUMNS, ...columnsOf(columns)];
    this.results = {
      name: results,
      columns: [...this.columns, ...EPOCH_COLUMNS],
      identity: ['window_start', 'window_id', ...(panes === 'all' ? ['pane_index'] : [])],
    };
    this.ledger = { name: ledger, columns: LEDGER_COLUMNS, identity: ['pipeline', 'writer'] };
    this.upsert = upsertOf(this.results, this.columns);
    this.remove = `DELETE FROM ${results} AS t USING unnest($1::timestamptz[], $2::uuid[]) AS gone (window_start, window_id) WHERE t.window_start = gone.window_start AND t.window_id = gone.window_id`;
    this.rewind = `DELETE FROM ${results} WHERE pipeline = $1 AND writer = $2 AND epoch > $3::bigint`;
  }
}

/** The statement that makes a table; nothing where it is there. */
export function creationOf({ name, columns, identity }: TableShape): string {
  const lines = columns.map((column) => {
    const filled = column.name === 'updated_at' ? ' DEFAULT now()' : '';
    return `  ${quoteIdentifier(column.name, 'column')} ${column.type}${column.isRequired ? ' NOT NULL' : ''}${filled}`;
  });
  return `CREATE TABLE IF NOT EXISTS ${name} (\n${lines.join(',\n')},\n  PRIMARY KEY ${listOf(identity)}\n)`;
}

/** Names in brackets, as SQL writes them. */
export function listOf(names: readonly string[]): string {
  return `(${names.map((name) => quoteIdentifier(name, 'column')).join(', ')})`;
}

function invalidTable(table: unknown): ProcessorError {
  const message = `the table ${JSON.stringify(table)} has a dot in its name; give the schema as an option of its own`;
  return new ProcessorError('configuration', 'CONFIG_INVALID', message);
}

/** As many parameters as columns, whatever the number of rows. */
function upsertOf({ name, columns: all, identity }: TableShape, columns: readonly ResultColumn[]): string {
  const lists = columns.map(({ type }, index) => `$${String(index + 1)}::${type}[]`);
  const [pipeline, writer, epoch] = [1, 2, 3].map((place) => `$${String(columns.length + place)}`);
  const updates = all.filter((column) => !identity.includes(column.name));
  const set = updates.map((column) => `${quoteIdentifier(column.name)} = EXCLUDED.${quoteIdentifier(column.name)}`);
  return [
    `INSERT INTO ${name} ${listOf(all.map((column) => column.name))}`,
    `SELECT r.*, ${pipeline ?? ''}::text, ${writer ?? ''}::text, ${epoch ?? ''}::bigint FROM unnest(${lists.join(', ')}) AS r`,
    `ON CONFLICT ${listOf(identity)} DO UPDATE SET ${set.join(', ')}`,
  ].join('\n');
}
