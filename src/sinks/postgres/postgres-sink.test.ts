import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describePostgres, usePostgres } from '../../../test/servers/postgres-server.ts';
import { rememberingLogger } from '../../runtime/run-fixtures.contract.ts';
import { delivery, describeEventSink, testContext } from '../event-sink.contract.ts';
import { PostgresSink } from './postgres-sink.ts';
import type { PostgresSinkOptions } from './postgres-options.ts';
import { reported, type Reported } from '../reported-results.contract.ts';
import { timestampText } from './timestamp-text.ts';

const server = usePostgres();
let tables = 0;

/** A table that no other test has. */
function newTable(): string {
  tables += 1;
  return `results_${String(tables)}`;
}

async function open(options: PostgresSinkOptions = {}, context = testContext) {
  const table = options.table ?? newTable();
  const sink = new PostgresSink(server().url(), { ...options, table });
  await sink.open(context);
  const rows = <R extends Record<string, unknown>>(columns: string, order = 'window_start, window_id, pane_index') =>
    server().query<R>(`SELECT ${columns} FROM "${table.replaceAll('"', '""')}" ORDER BY ${order}`);
  return { sink, table, rows };
}

describePostgres('PostgresSink', () => {
  describeEventSink('PostgresSink', async () => {
    const table = newTable();
    return {
      sink: new PostgresSink(server().url(), { table }),
      item: (number) => reported({ start: number * 60_000, results: { count: number } }),
      arrived: async () => {
        const rows = await server().query<{ count: number }>(
          `SELECT (results ->> 'count')::int AS count FROM ${table} ORDER BY window_start`,
        );
        return rows.map(({ count }) => count);
      },
    };
  });

  it('has a row for each window and key, in columns that can be asked for', async () => {
    const { sink, rows } = await open();
    const start = Date.UTC(2023, 10, 16, 18, 15);
    const key = [
      ['model', 'gpt-4'],
      ['region', null],
    ] as const;
    const results = { count: 3, average: 20.5, sum: null, 'p99.9': 1e300 };
    await sink.sendBatch([reported({ start, key, results, timestamp: start + 61_000 })], delivery(7));
    expect(await rows('*')).toEqual([
      {
        window_start: new Date(start),
        window_end: new Date(start + 60_000),
        window_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        window_name: 'tumbling',
        key: { model: 'gpt-4', region: null },
        results,
        pane_index: 0,
        pane_timing: 'on_time',
        pane_final: false,
        emitted_at: new Date(start + 61_000),
        id: `p/tumbling/model=gpt-4::region=%00/${String(start)}/${String(start + 60_000)}/0`,
        pipeline: 'processor',
        writer: 'main',
        epoch: '7',
      },
    ]);
    await sink.close();
  });

  it('keeps what a window was reported last, also within one delivery, and nothing of one that was retracted', async () => {
    const { sink, rows } = await open();
    const of = (start: number, pane: number, timing: Reported['timing'] = 'late') =>
      reported({ start, pane, timing, results: { count: pane + 1 } });
    await sink.sendBatch([of(0, 0), of(1, 0), of(2, 0), of(0, 1), of(3, 0), of(3, 1, 'retraction')], delivery(1));
    await sink.sendBatch([of(0, 2), of(1, 1, 'retraction')], delivery(2));
    expect(await rows(`results ->> 'count' AS count, epoch`)).toEqual([
      { count: '3', epoch: '2' },
      { count: '1', epoch: '1' },
    ]);
    await sink.sendBatch([of(1, 2)], delivery(3));
    expect(await rows('pane_index')).toHaveLength(3);
    await sink.close();
  });

  it('has a row for each pane where all are asked for, retractions too', async () => {
    const { sink, rows } = await open({ panes: 'all' });
    await sink.sendBatch([reported(), reported({ pane: 1, timing: 'late' })], delivery(1));
    await sink.sendBatch([reported({ pane: 2, timing: 'retraction' }), reported({ pane: 0 })], delivery(2));
    expect(await rows('pane_index, pane_timing')).toEqual([
      { pane_index: 0, pane_timing: 'on_time' },
      { pane_index: 1, pane_timing: 'late' },
      { pane_index: 2, pane_timing: 'retraction' },
    ]);
    await sink.close();
  });

  it('fills columns of the user’s own, and leaves null what is not there', async () => {
    const { sink, rows } = await open({
      columns: new Map<string, string | string[]>([
        ['model', 'key.model'],
        ['p95', 'results.latency_ms.p95'],
        ['p99.9', ['results', 'latency_ms', 'p99.9']],
        ['__proto__', ['key', '__proto__']],
      ]),
    });
    const latency = { p95: 12.5, 'p99.9': 1e-300 };
    const key = [
      ['model', 'a\0b'],
      ['__proto__', 'x'],
    ] as const;
    await sink.sendBatch([reported({ key, results: { latency_ms: latency } }), reported({ start: 1 })], delivery());
    const found = await rows('model, p95, "p99.9", "__proto__" AS proto');
    expect(found).toEqual([
      { model: 'a\u{fffd}b', p95: 12.5, 'p99.9': 1e-300, proto: 'x' },
      { model: null, p95: null, 'p99.9': null, proto: null },
    ]);
    await sink.close();
  });

  it('keeps apart windows that differ in anything but their pane, also where no text of Postgres could', async () => {
    const { sink, rows } = await open();
    const results = [
      reported(),
      reported({ windowName: 'other' }),
      reported({ end: 1 }),
      reported({ key: [['a', null]] }),
      reported({ key: [['a', '']] }),
      reported({ key: [['a', '\0']] }),
      reported({ key: [['a', '\ud800']] }),
      reported({ key: [['a', '\udfff']] }),
      reported({ key: [['a', '\u{fffd}']] }),
      reported({ key: [['a', 'x'.repeat(100_000)]] }),
      reported({ key: [['a', `${'x'.repeat(100_000)}y`]] }),
    ];
    await sink.sendBatch(results, delivery());
    expect(await rows('1')).toHaveLength(results.length);
    await sink.close();
  });

  it('takes whatever an instant can be', async () => {
    const instants = fc.array(fc.integer({ min: -8.64e15, max: 8.64e15 }), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(instants, async (drawn) => {
        const edges = [Date.UTC(-4713, 10, 24), Date.UTC(0, 0, 1) - 1, -62_167_219_200_001, -1, 8.64e15, ...drawn];
        const found = await server().query<{ ms: string }>(
          `SELECT CASE WHEN t = '-infinity' THEN '-infinity' ELSE (extract(epoch FROM t) * 1000)::numeric(30,0)::text END AS ms
           FROM unnest($1::timestamptz[]) WITH ORDINALITY AS u (t, n) ORDER BY n`,
          [edges.map(timestampText)],
        );
        const first = Date.UTC(-4713, 10, 24);
        expect(found.map(({ ms }) => ms)).toEqual(edges.map((ms) => (ms < first ? '-infinity' : String(ms))));
      }),
      { numRuns: 20 },
    );
  });

  it('takes whatever keys, metrics and names there are', async () => {
    const { sink, rows } = await open();
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    const key = fc.uniqueArray(fc.tuple(text, fc.option(text)), {
      minLength: 1,
      maxLength: 3,
      selector: ([name]) => name,
    });
    const drawn = fc.record({
      windowName: text,
      key,
      results: fc.dictionary(text, fc.option(fc.double())),
      start: fc.integer(),
    });
    let epoch = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(drawn, { selector: ({ start }) => start, minLength: 1 }), async (said) => {
        epoch += 1;
        await sink.sendBatch(said.map(reported), delivery(epoch));
        const stored = await rows<{ epoch: string }>('epoch');
        expect(stored.filter((row) => row.epoch === String(epoch))).toHaveLength(said.length);
      }),
      { numRuns: 30 },
    );
    await sink.close();
  });

  it('has names of tables, schemas and columns that are names and nothing else', async () => {
    const others = async () => {
      const found = await server().query<{ name: string }>(
        `SELECT nspname || '.' || relname AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r' ORDER BY 1`,
      );
      return found.map(({ name }) => name);
    };
    const hostile = fc
      .oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
        fc.constantFrom(
          '"',
          "'",
          '";--',
          '"; DROP TABLE canary; --',
          '$1',
          '$$',
          "E'\\''",
          '/*',
          'select',
          'CaSe',
          '\\',
          '%s',
          'user',
        ),
      )
      .filter((name) => !/[\0.]|\p{Cs}/u.test(name));
    await server().query('CREATE TABLE canary (x int)');
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (schema, table, column) => {
        const before = await others();
        await server().query(`CREATE SCHEMA "s${schema.replaceAll('"', '""')}"`);
        const names = { schema: `s${schema}`, table, columns: new Map([[`c${column}`, 'key.model']]) };
        const sink = new PostgresSink(server().url(), names);
        await sink.open(testContext);
        await sink.sendBatch([reported({ key: [['model', 'm']] })], delivery(1));
        await sink.sendBatch([reported({ pane: 1, timing: 'retraction' })], delivery(2));
        await sink.close();
        const made = [`s${schema}.${table}`, `s${schema}.${table}_epochs`];
        expect(new Set(await others())).toEqual(new Set([...before, ...made]));
        const [found] = await server().query<{ n: number }>(
          'SELECT count(*)::int AS n FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace s ON s.oid = relnamespace WHERE (attname, relname, nspname) = ($1, $2, $3)',
          [`c${column}`, table, `s${schema}`],
        );
        expect(found?.n).toBe(1);
        await server().query(`DROP SCHEMA "s${schema.replaceAll('"', '""')}" CASCADE`);
      }),
      { numRuns: 30 },
    );
  });

  it('warns of nothing where all is in order', async () => {
    const logger = rememberingLogger();
    const { sink } = await open({}, { ...testContext, logger });
    await sink.sendBatch([reported()], delivery());
    await sink.close();
    expect(logger.lines).toEqual([]);
  });

  it.each<[object, RegExp]>([
    [{ table: '' }, /is empty/],
    [{ table: 'metrics.results' }, /has a dot in its name; give the schema/],
    [{ table: 'x'.repeat(57) }, /table of epochs .* has 64 bytes/],
    [{ schema: 'a\0' }, /NUL/],
    [{ columns: { model: 'model' } }, /needs a place such as key.model or results.p95, found "model"/],
    [{ columns: { model: 'key' } }, /needs a place/],
    [{ columns: { epoch: 'key.epoch' } }, /is one of the sink's own/],
    [{ columns: { '': 'key.epoch' } }, /is empty/],
    [{ writer: '' }, /writer/],
    [{ statementTimeout: 'soon' }, /statementTimeout/],
  ])('refuses %o', (options, message) => {
    expect(() => new PostgresSink('postgres://db', options)).toThrow(message);
  });
});
