import { expect, it } from 'vitest';
import { describePostgres, usePostgres } from '../../../test/servers/postgres-server.ts';
import { messageOf } from '../../errors/message-of.ts';
import { delivery, testContext } from '../event-sink.contract.ts';
import { PostgresSink } from './postgres-sink.ts';
import type { PostgresSinkOptions } from './postgres-options.ts';
import { reported } from '../reported-results.contract.ts';

const server = usePostgres();

/** What opening says; empty where it succeeds, and something can then be written. */
async function complaint(options: PostgresSinkOptions, user = 'postgres'): Promise<string> {
  const sink = new PostgresSink(server().url('postgres', user), options);
  try {
    await sink.open(testContext);
    await sink.sendBatch([reported({ key: [['model', 'm']] })], delivery());
    return '';
  } catch (error) {
    return messageOf(error);
  } finally {
    await sink.close();
  }
}

/** The statements that a complaint advises. */
function advice(text: string): string[] {
  return text.split('\n').flatMap((line) => /: ((?:ALTER|GRANT) .*)$/.exec(line)?.[1] ?? []);
}

/** A table that the sink has made, and that was then changed. */
async function changed(table: string, change: string, options: PostgresSinkOptions = {}): Promise<void> {
  expect(await complaint({ ...options, table })).toBe('');
  await server().query(change.replaceAll('$t', table));
}

describePostgres('the table of a PostgresSink', () => {
  it('is made, with that of the epochs, where it is not there', async () => {
    expect(await complaint({ table: 'made' })).toBe('');
    const found = await server().query(
      `SELECT c.relname, pg_get_constraintdef(o.oid) AS key FROM pg_constraint o JOIN pg_class c ON c.oid = conrelid WHERE relname LIKE 'made%' AND contype = 'p' ORDER BY 1`,
    );
    expect(found).toEqual([
      { relname: 'made', key: 'PRIMARY KEY (window_start, window_id)' },
      { relname: 'made_epochs', key: 'PRIMARY KEY (pipeline, writer)' },
    ]);
  });

  it('is made once by two that begin together', async () => {
    const both = await Promise.all([1, 2, 3].map((n) => complaint({ table: 'together', writer: String(n) })));
    expect(both).toEqual(['', '', '']);
  });

  it('is asked for, with the statement that makes it, where it is not to be made', async () => {
    const options = { table: 'by_hand', createTables: false, columns: { model: 'key.model' } };
    for (const name of ['by_hand', 'by_hand_epochs']) {
      const text = await complaint(options);
      expect(text).toMatch(new RegExp(`^the table "${name}" is not there; make it with\nCREATE TABLE`));
      await server().query(text.slice(text.indexOf('CREATE TABLE')));
    }
    expect(await complaint(options)).toBe('');
  });

  it('that does not fit is refused with all that is wrong, and what is advised puts it right', async () => {
    await changed(
      'bent',
      `ALTER TABLE $t DROP COLUMN pane_index, DROP COLUMN emitted_at, ALTER COLUMN key TYPE text, ADD COLUMN note text,
       ALTER COLUMN window_name TYPE varchar(12); UPDATE $t SET note = ''; ALTER TABLE $t ALTER COLUMN note SET NOT NULL,
       DROP CONSTRAINT $t_pkey; CREATE UNIQUE INDEX ON $t (window_start, window_id) WHERE epoch > 5;
       CREATE UNIQUE INDEX ON $t (window_id) INCLUDE (window_start)`,
    );
    const text = await complaint({ table: 'bent', columns: { model: 'key.model' } });
    expect(text.split('\n')).toEqual([
      'the table "bent" does not fit:',
      '- the column "window_name" is of type character varying(12), and text is needed: ALTER TABLE "bent" ALTER COLUMN "window_name" TYPE text USING "window_name"::text',
      '- the column "key" is of type text, and jsonb is needed: ALTER TABLE "bent" ALTER COLUMN "key" TYPE jsonb USING "key"::jsonb',
      '- there is no column "pane_index": ALTER TABLE "bent" ADD COLUMN "pane_index" integer',
      '- there is no column "emitted_at": ALTER TABLE "bent" ADD COLUMN "emitted_at" timestamptz',
      '- there is no column "model": ALTER TABLE "bent" ADD COLUMN "model" text',
      '- the column "note" must have a value, and the sink has none for it: ALTER TABLE "bent" ALTER COLUMN "note" DROP NOT NULL',
      '- no primary key or unique index over ("window_start", "window_id"): ALTER TABLE "bent" ADD PRIMARY KEY ("window_start", "window_id")',
    ]);
    for (const statement of advice(text)) await server().query(statement);
    expect(await complaint({ table: 'bent', columns: { model: 'key.model' } })).toBe('');
  });

  it('may have columns and indexes of the user’s own, generated ones too, and may be in partitions by time', async () => {
    await changed(
      'extended',
      `ALTER TABLE $t ADD COLUMN note text NOT NULL DEFAULT '', ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY,
       ADD COLUMN model text GENERATED ALWAYS AS (key ->> 'model') STORED; CREATE INDEX ON $t (model, window_end)`,
    );
    expect(await complaint({ table: 'extended' })).toBe('');
    expect(await server().query('SELECT model FROM extended')).toEqual([{ model: 'm' }]);
    await server().query(
      'CREATE TABLE parted (LIKE extended INCLUDING ALL EXCLUDING IDENTITY) PARTITION BY RANGE (window_start); CREATE TABLE parted_1 PARTITION OF parted DEFAULT; ALTER TABLE parted ALTER n DROP NOT NULL',
    );
    expect(await complaint({ table: 'parted' })).toBe('');
  });

  it('has its panes in its primary key where there is a row for each', async () => {
    expect(await complaint({ table: 'panes' })).toBe('');
    expect(await complaint({ table: 'panes', panes: 'all' })).toMatch(
      /no primary key or unique index over \("window_start", "window_id", "pane_index"\)/,
    );
  });

  it.each([
    ['a view', 'CREATE VIEW $t AS SELECT 1 AS x', /is a view/],
    ['a generated column', 'CREATE TABLE $t (id text GENERATED ALWAYS AS (1::text) STORED)', /"id" is generated/],
  ])('cannot be %s', async (what, statement, message) => {
    const table = what.replaceAll(' ', '_');
    await server().query(statement.replace('$t', table));
    expect(await complaint({ table })).toMatch(message);
  });

  it('must be one that the user may write to', async () => {
    await server().query('CREATE ROLE guest LOGIN');
    await changed('guarded', 'GRANT SELECT, INSERT ON $t TO guest; GRANT ALL ON $t_epochs TO guest');
    const text = await complaint({ table: 'guarded' }, 'guest');
    expect(text).toContain('the user guest may not UPDATE, DELETE: GRANT UPDATE, DELETE ON "guarded" TO guest');
    for (const statement of advice(text)) await server().query(statement);
    expect(await complaint({ table: 'guarded' }, 'guest')).toBe('');
    expect(await complaint({ table: 'elsewhere' }, 'guest')).toMatch(/permission denied .*SQLSTATE 42501\); grant/);
  });

  it('must be in a schema that is there', async () => {
    expect(await complaint({ schema: 'nowhere' })).toMatch(/schema "nowhere" does not exist \(SQLSTATE 3F000\)/);
    await server().query('CREATE SCHEMA somewhere');
    expect(await complaint({ schema: 'somewhere' })).toBe('');
  });
});
