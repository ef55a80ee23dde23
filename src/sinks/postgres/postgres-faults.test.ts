import { inspect } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { describePostgres, usePostgres } from '../../../test/servers/postgres-server.ts';
import { TcpProxy } from '../../../test/servers/tcp-proxy.ts';
import { eventually } from '../../../test/waiting.ts';
import { rememberingLogger } from '../../runtime/run-fixtures.contract.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { delivery, testContext } from '../event-sink.contract.ts';
import type { SinkContext } from '../event-sink.ts';
import { parseConnectionUrl } from './connection-url.ts';
import { PostgresSink } from './postgres-sink.ts';
import type { PostgresConnection, PostgresSinkOptions } from './postgres-options.ts';
import { reported } from '../reported-results.contract.ts';

const server = usePostgres({ access: 'host all secretive 127.0.0.1/32 scram-sha-256' });
let tables = 0;
let barriers = 0;

function newTable(): string {
  tables += 1;
  return `faults_${String(tables)}`;
}

interface Place extends PostgresSinkOptions {
  readonly port?: number;
}

async function open({ port, ...options }: Place = {}, context: Partial<SinkContext> = {}) {
  const table = options.table ?? newTable();
  const connection: PostgresConnection = {
    ...parseConnectionUrl(server().url()),
    ...(port === undefined ? {} : { port }),
  };
  const sink = new PostgresSink(connection, { ...options, table });
  await sink.open({ ...testContext, ...context });
  onTestFinished(() => sink.close());
  // The version of a row tells whether it was written again.
  const rows = () =>
    server().query(`SELECT (results ->> 'count')::int AS count, epoch::int, xmin::text FROM ${table} ORDER BY 1`);
  const counts = async () => (await rows()).map(({ count }) => count as number);
  return { sink, table, rows, counts };
}

/** What it fails by. */
function failureOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => expect.fail('it was taken'),
    (error: unknown) => error,
  );
}

const one = [reported({ results: { count: 1 } })];
const two = [reported({ start: 1, results: { count: 2 } })];

/** Makes writing to a table wait until `go` is called; `waits` resolves when a writer does. */
async function barrier(table: string) {
  barriers += 1;
  const id = String(barriers);
  await server().query(
    `CREATE FUNCTION wait_${id}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(${id}); RETURN NEW; END $$;
     CREATE TRIGGER wait BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION wait_${id}()`,
  );
  const holder = server()
    .query(`SELECT pg_advisory_lock(${id}); SELECT pg_sleep(3600)`)
    .catch(() => undefined);
  const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${table}%'`;
  const held = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${id} AND granted`;
  const pidOf = async (query: string): Promise<number> =>
    eventually(async () => {
      const [found] = await server().query<{ pid: number }>(query);
      if (found === undefined) throw new Error(`nobody: ${query}`);
      return found.pid;
    });
  const holding = await pidOf(held);
  return {
    waits: () => pidOf(waiting),
    go: async () => {
      await server().query(`SELECT pg_terminate_backend(${String(holding)})`);
      await holder;
    },
  };
}

function terminated(table: string): Promise<unknown> {
  return server().query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%${table}%' AND pid <> pg_backend_pid()`,
  );
}

describePostgres('PostgresSink', () => {
  it('passes over a batch that was stored though its answer was lost, and writes any other of that epoch', async () => {
    const proxy = await TcpProxy.to(server().port);
    const { sink, rows, counts } = await open({ port: proxy.port });
    proxy.onSent = (bytes) => (bytes.includes('COMMIT') ? 'lost' : 'passed on');
    await expect(sink.sendBatch(one, delivery(4))).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    proxy.onSent = () => 'passed on';
    const stored = await rows();
    expect(stored).toMatchObject([{ count: 1, epoch: 4 }]);
    await sink.sendBatch(one, delivery(4));
    expect(await rows()).toEqual(stored);
    expect(sink.position()).toBe('1;4');
    await sink.sendBatch(two, delivery(4));
    await sink.sendBatch(one, delivery(5));
    expect(await counts()).toEqual([1, 2]);
    expect(await rows()).toMatchObject([{ epoch: 5 }, { epoch: 4 }]);
  });

  it('writes all of a batch or nothing when its connection is ended in the middle of a transaction', async () => {
    const { sink, table, counts } = await open();
    const { waits, go } = await barrier(table);
    const attempt = failureOf(sink.sendBatch(one, delivery(1)));
    await server().query('SELECT pg_terminate_backend($1)', [await waits()]);
    expect(await attempt).toMatchObject({
      code: 'SINK_UNAVAILABLE',
      message: expect.stringContaining('SQLSTATE 57P01'),
    });
    await go();
    expect(await counts()).toEqual([]);
    await sink.sendBatch(one, delivery(1));
    expect(await counts()).toEqual([1]);
  });

  it('goes on with a new connection when the old one was ended between deliveries', async () => {
    const { sink, table, counts } = await open();
    await sink.sendBatch(one, delivery(1));
    await terminated(table);
    // Whether it has heard of that by now is a matter of luck.
    await sink.sendBatch(two, delivery(2)).catch(() => sink.sendBatch(two, delivery(2)));
    expect(await counts()).toEqual([1, 2]);
  });

  it('says that the server is down, and goes on when it is back, killed in the middle of a transaction', async () => {
    const { sink, table, counts } = await open();
    await sink.sendBatch(one, delivery(1));
    const { waits } = await barrier(table);
    const attempt = failureOf(sink.sendBatch(two, delivery(2)));
    await waits();
    await server().kill();
    expect(await attempt).toMatchObject({ code: 'SINK_UNAVAILABLE' });
    await expect(sink.sendBatch(two, delivery(2))).rejects.toMatchObject({
      code: 'SINK_UNAVAILABLE',
      message: expect.stringMatching(
        /^Postgres at postgres@127\.0\.0\.1:\d+\/postgres cannot be reached: .*ECONNREFUSED/,
      ),
    });
    await server().restart();
    expect(await counts()).toEqual([1]);
    await sink.sendBatch(two, delivery(2));
    expect(await counts()).toEqual([1, 2]);
  });

  it('cannot be opened while the server is down, and then can', async () => {
    await server().stop();
    await expect(open()).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    await server().restart();
    const { sink } = await open();
    await sink.sendBatch(one, delivery(1));
  });

  it('is given up by the server when a statement, or a pause, takes too long', async () => {
    const { sink, table, counts } = await open({ statementTimeout: '17s' });
    const limits = ['statement_timeout', 'idle_in_transaction_session_timeout'];
    for (const name of limits) {
      await server().query(`ALTER TABLE ${table} ADD COLUMN ${name} text DEFAULT current_setting('${name}')`);
    }
    const { waits, go } = await barrier(table);
    const attempt = failureOf(sink.sendBatch(one, delivery(1)));
    await server().query('SELECT pg_cancel_backend($1)', [await waits()]);
    expect(await attempt).toMatchObject({
      code: 'SINK_TIMEOUT',
      message: expect.stringContaining('raise statementTimeout'),
    });
    await go();
    await sink.sendBatch(one, delivery(1));
    expect(await counts()).toEqual([1]);
    expect(await server().query(`SELECT ${limits.join()} FROM ${table}`)).toEqual([
      { statement_timeout: '17s', idle_in_transaction_session_timeout: '17s' },
    ]);
  });

  it('ends its transaction when a delivery is given up, and can begin the next at once', async () => {
    const { sink, table, counts } = await open();
    const { waits, go } = await barrier(table);
    const giveUp = new AbortController();
    const attempt = failureOf(sink.sendBatch(one, { epoch: 1, signal: giveUp.signal }));
    await waits();
    giveUp.abort();
    expect(await attempt).toMatchObject({
      code: 'SINK_TIMEOUT',
    });
    const next = sink.sendBatch(two, delivery(1));
    await go();
    await next;
    expect(await counts()).toEqual([2]);
    await expect(sink.sendBatch(one, { epoch: 2, signal: giveUp.signal })).rejects.toMatchObject({
      code: 'SINK_TIMEOUT',
    });
  });

  it('does not wait for a server that does not answer, in a delivery that is given up and in closing', async () => {
    const clock = new ManualClock();
    const { sink, table, counts } = await open({}, { clock });
    const stop = async (): Promise<void> => {
      const [backend] = await server().query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'idle' AND application_name = 'llm-optimizer-processor' ORDER BY backend_start DESC LIMIT 1`,
      );
      if (backend === undefined) throw new Error('no backend');
      server().signal('SIGSTOP', backend.pid);
      onTestFinished(() => server().signal('SIGCONT', backend.pid));
    };
    await stop();
    const giveUp = new AbortController();
    const attempt = failureOf(sink.sendBatch(one, { epoch: 1, signal: giveUp.signal }));
    giveUp.abort();
    expect(await attempt).toMatchObject({
      code: 'SINK_TIMEOUT',
    });
    await sink.sendBatch(one, delivery(1));
    expect(await counts()).toEqual([1]);
    await stop();
    const closing = sink.close();
    await eventually(() => expect(clock.sleeping).toBe(1));
    clock.advance(1000);
    await closing;
    expect(table).not.toBe('');
  });

  it('writes nothing more once another one has been opened under its name', async () => {
    const { sink, table, counts } = await open();
    await sink.sendBatch(one, delivery(1));
    const { sink: other } = await open({ table });
    const { sink: neighbour } = await open({ table, writer: 'neighbour' });
    await expect(sink.sendBatch(two, delivery(2))).rejects.toMatchObject({
      code: 'SINK_FENCED',
      message: expect.stringContaining('as the pipeline "processor" (writer "main"). Only one may'),
    });
    expect(await counts()).toEqual([1]);
    await neighbour.sendBatch([reported({ start: 2, results: { count: 3 } })], delivery(1));
    await other.sendBatch(two, delivery(2));
    expect(await counts()).toEqual([1, 2, 3]);
    await expect(other.open(testContext)).rejects.toThrow('open already');
  });

  it('commits to disk where the server would not by itself', async () => {
    const { sink, table } = await open();
    await server().query(`ALTER TABLE ${table} ADD COLUMN sync text DEFAULT current_setting('synchronous_commit')`);
    for (const setting of ['off', 'remote_apply']) {
      await server().query(`ALTER SYSTEM SET synchronous_commit = ${setting}`);
      await server().query('SELECT pg_reload_conf()');
      await terminated(table);
      await sink
        .sendBatch([reported({ windowName: setting })], delivery(1))
        .catch(() => sink.sendBatch([reported({ windowName: setting })], delivery(1)));
    }
    await server().query('ALTER SYSTEM RESET synchronous_commit');
    await server().query('SELECT pg_reload_conf()');
    expect(await server().query(`SELECT window_name, sync FROM ${table} ORDER BY 1`)).toEqual([
      { window_name: 'off', sync: 'on' },
      { window_name: 'remote_apply', sync: 'remote_apply' },
    ]);
  });

  it.each<[string, PostgresSinkOptions['rewind'], string | undefined, number, number[], string[]]>([
    ['the epoch that is delivered again', 'delete', '1;1', 3, [1, 3, 4], []],
    ['an epoch that the state does not know', 'keep', '1;1', 2, [1, 2, 3, 4], ['warn: the table is ahead']],
    ['an epoch that the state does not know, to be removed', 'delete', '1;1', 2, [1, 4], ['warn: the table was ahead']],
    ['an epoch that was skipped by the restored run', 'delete', '1;1', 9, [1, 4], ['warn: the table was ahead']],
    ['the results of earlier runs', 'keep', undefined, 2, [1, 2, 3, 4], ['info: the table has results of earlier']],
    ['the results of earlier runs, to be removed', 'delete', undefined, 2, [4], ['warn: the table was ahead']],
    ['all that the state knows', 'delete', '1;3', 4, [1, 2, 3, 4], []],
    ['less than the state knows', 'delete', '1;7', 8, [1, 2, 3, 4], ['error: the table is behind']],
  ])('finds in the table %s (rewind: %s)', async (_what, rewind, position, epoch, expected, lines) => {
    const numbered = (count: number) => reported({ start: count, results: { count } });
    const { sink, table } = await open();
    await sink.sendBatch([numbered(1)], delivery(1));
    if (lines.length > 0 || epoch === 4) await sink.sendBatch([numbered(2)], delivery(2));
    await sink.sendBatch([numbered(3)], delivery(3));
    await sink.close();
    const logger = rememberingLogger();
    const { sink: later, counts } = await open(
      { table, ...(rewind === undefined ? {} : { rewind }) },
      { logger, ...(position === undefined ? {} : { position }) },
    );
    if (epoch === 3) await later.sendBatch([numbered(3)], delivery(3));
    await later.sendBatch([numbered(4)], delivery(epoch));
    await later.sendBatch([numbered(4)], delivery(epoch + 1));
    expect(await counts()).toEqual(expected);
    expect(later.position()).toBe(`1;${String(epoch + 1)}`);
    const said = logger.lines.map(({ level, message }) => `${level}: ${message}`);
    expect(said).toEqual(lines.map((line) => expect.stringContaining(line)));
  });

  it('takes an epoch that was delivered in parts for what it is when it comes again', async () => {
    const { sink, table } = await open();
    await sink.sendBatch(one, delivery(3));
    await sink.sendBatch(two, delivery(3));
    await sink.close();
    const logger = rememberingLogger();
    const { sink: later, counts } = await open({ table, rewind: 'delete' }, { logger, position: '1;2' });
    await later.sendBatch(one, delivery(3));
    expect(await counts()).toEqual([1, 2]);
    expect(logger.lines).toEqual([]);
  });

  it('refuses one row for good without harm to the others of its epoch', async () => {
    const { sink, table, counts } = await open();
    await server().query(`ALTER TABLE ${table} ADD CHECK ((results ->> 'count')::int < 100)`);
    const batch = [1, 100, 3].map((count) => reported({ start: count, results: { count } }));
    // As a policy that leaves out what is refused has it; and once more after a crash.
    for (const _ of ['first', 'again']) {
      await expect(sink.sendBatch(batch, delivery(1))).rejects.toMatchObject({ code: 'SINK_FAILED' });
      for (const [index, item] of batch.entries()) {
        const attempt = sink.sendBatch([item], delivery(1));
        if (index === 1) await expect(attempt).rejects.toThrow('SQLSTATE 23514');
        else await attempt;
      }
      expect(await counts()).toEqual([1, 3]);
    }
  });

  it('takes a password, or a function that gives one, and tells nobody', async () => {
    const canary = 'canary-81b2';
    await server().query(`CREATE ROLE secretive LOGIN SUPERUSER PASSWORD '${canary}'`);
    const at = { host: '127.0.0.1', port: server().port, database: 'postgres', user: 'secretive' };
    const failure = async (connection: PostgresConnection): Promise<unknown> => {
      const sink = new PostgresSink(connection, { table: newTable() });
      const failed: unknown = await Promise.resolve(sink.open(testContext)).catch((error: unknown) => error);
      await sink.close();
      expect(inspect([sink, failed], { depth: 20, showHidden: true })).not.toContain(canary);
      return failed;
    };
    expect(await failure({ ...at, password: `${canary}-wrong` })).toMatchObject({
      code: 'SINK_FAILED',
      message: expect.stringMatching(/^Postgres at secretive@.* \(SQLSTATE 28P01\); check user and password$/),
    });
    expect(await failure({ ...at, password: canary })).toBeUndefined();
    expect(await failure({ ...at, password: async () => canary })).toBeUndefined();
  });
});
