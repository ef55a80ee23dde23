import { sinkFailed } from '../sink-error.ts';
import { quoteIdentifier } from './identifier.ts';
import type { Query } from './postgres-session.ts';
import { creationOf, listOf, type TableShape } from './result-tables.ts';

/** Taken while a table is made: two processes that begin together make it once. The number means nothing. */
const CREATION_LOCK = 4_702_111_234;

/** What the sink does with its tables. */
const PRIVILEGES = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;

interface Relation {
  readonly oid: number;
  readonly kind: string;
  /** The user that is connected, as SQL writes it. */
  readonly who: string;
  readonly lacking: readonly string[];
}

interface FoundColumn {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** Has a default, counts up or is generated: a row needs no value for it. */
  readonly filled: boolean;
  readonly generated: boolean;
}

const FIND_RELATION = `SELECT c.oid, c.relkind AS kind, quote_ident(current_user) AS who,
  array(SELECT p FROM unnest($2::text[]) AS p WHERE NOT has_table_privilege(c.oid, p)) AS lacking
  FROM pg_class AS c WHERE c.oid = to_regclass($1)`;

const FIND_COLUMNS = `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required,
  atthasdef OR attidentity <> '' AS filled, attgenerated <> '' AS generated
  FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped`;

/** The columns of each index that `ON CONFLICT` can go by. */
const FIND_IDENTITIES = `SELECT array_agg(a.attname::text) AS columns
  FROM pg_index AS i
  CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indimmediate
    AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
  GROUP BY i.indexrelid`;

/**
 * Makes a table that is not there, where that is asked for, and sees that one that is there fits. Columns of the user's own
 * may stand in it, as long as a row need not have a value for them.
 * @throws ProcessorError SINK_FAILED that says all that is wrong, and what to do.
 */
export async function ensureTable(query: Query, shape: TableShape, create: boolean): Promise<void> {
  let relation = await relationOf(query, shape);
  if (relation === undefined && create) {
    await query('SELECT pg_advisory_xact_lock($1)', [CREATION_LOCK]);
    await query(creationOf(shape));
    relation = await relationOf(query, shape);
  }
  if (relation === undefined) {
    throw sinkFailed(`the table ${shape.name} is not there; make it with\n${creationOf(shape)}`);
  }
  const wrong = await differencesOf(query, shape, relation);
  if (wrong.length === 0) return;
  throw sinkFailed(`the table ${shape.name} does not fit:\n${wrong.map((difference) => `- ${difference}`).join('\n')}`);
}

async function relationOf(query: Query, { name }: TableShape): Promise<Relation | undefined> {
  const [relation] = await query<Relation & Record<string, unknown>>(FIND_RELATION, [name, PRIVILEGES]);
  return relation;
}

async function differencesOf(query: Query, shape: TableShape, relation: Relation): Promise<string[]> {
  const { name } = shape;
  // An ordinary table, or one in partitions.
  if (!['r', 'p'].includes(relation.kind)) return ['it is a view, a foreign table or the like; name a table'];
  const wrong: string[] = [];
  if (relation.lacking.length > 0) {
    const lacking = relation.lacking.join(', ');
    wrong.push(`the user ${relation.who} may not ${lacking}: GRANT ${lacking} ON ${name} TO ${relation.who}`);
  }
  const columns = await query<FoundColumn & Record<string, unknown>>(FIND_COLUMNS, [relation.oid]);
  wrong.push(...missingOrOther(shape, columns), ...notFilled(shape, columns));
  const identities = await query<{ columns: string[] }>(FIND_IDENTITIES, [relation.oid]);
  const wanted = shape.identity.toSorted().join();
  if (!identities.some((identity) => identity.columns.toSorted().join() === wanted)) {
    const list = listOf(shape.identity);
    wrong.push(`no primary key or unique index over ${list}: ALTER TABLE ${name} ADD PRIMARY KEY ${list}`);
  }
  return wrong;
}

function missingOrOther({ name: table, columns }: TableShape, found: readonly FoundColumn[]): string[] {
  const byName = new Map(found.map((column) => [column.name, column]));
  return columns.flatMap(({ name, type, accepts }) => {
    const there = byName.get(name);
    const quoted = quoteIdentifier(name);
    if (there === undefined) return [`there is no column ${quoted}: ALTER TABLE ${table} ADD COLUMN ${quoted} ${type}`];
    if (there.generated) return [`the column ${quoted} is generated, and the sink writes it: drop the expression`];
    if (accepts.test(there.type)) return [];
    const change = `ALTER TABLE ${table} ALTER COLUMN ${quoted} TYPE ${type} USING ${quoted}::${type}`;
    return [`the column ${quoted} is of type ${there.type}, and ${type} is needed: ${change}`];
  });
}

function notFilled({ name: table, columns }: TableShape, found: readonly FoundColumn[]): string[] {
  const own = new Set(columns.map(({ name }) => name));
  const unfilled = found.filter(({ name, required, filled, generated }) => {
    return required && !filled && !generated && !own.has(name);
  });
  return unfilled.map(({ name }) => {
    const quoted = quoteIdentifier(name);
    return `the column ${quoted} must have a value, and the sink has none for it: ALTER TABLE ${table} ALTER COLUMN ${quoted} DROP NOT NULL`;
  });
}
