import { expect, it } from 'vitest';
import { delivery, testContext } from '../../src/sinks/event-sink.contract.ts';
import { PostgresSink } from '../../src/sinks/postgres/postgres-sink.ts';
import { reported } from '../../src/sinks/reported-results.contract.ts';
import { projectPages } from '../docs/markdown.ts';
import { describePostgres, usePostgres } from '../servers/postgres-server.ts';

const server = usePostgres();
const blocks = projectPages().flatMap((page) => page.blocks.filter(({ language }) => language === 'sql'));
const COLUMNS = { model: 'key.model', region: 'key.region', count: 'results.count', p95: 'results.p95' };

describePostgres('the SQL of the documentation', () => {
  it('makes the tables that the sink takes, and gives answers', async () => {
    const [tables, ...queries] = blocks;
    expect(queries.length).toBeGreaterThanOrEqual(3);
    await server().query(tables?.code ?? '');
    const sink = new PostgresSink(server().url(), { table: 'llm_latency', columns: COLUMNS, createTables: false });
    await sink.open(testContext);
    const now = Date.now();
    const key = [
      ['model', 'gpt-4'],
      ['region', 'us-west-2'],
    ] as const;
    const of = (start: number, count: number) => reported({ start, key, results: { count, average: 2, p95: count } });
    await sink.sendBatch([of(now - 120_000, 3), of(now - 60_000, 4)], delivery());
    await sink.close();
    for (const { code } of queries) {
      for (const statement of code.split(/;\s*/).filter((text) => text !== '')) {
        const rows = await server().query(statement);
        if (statement.startsWith('SELECT')) expect([statement, rows.length]).not.toEqual([statement, 0]);
      }
    }
    const made = new PostgresSink(server().url(), { table: 'made', columns: COLUMNS });
    await made.open(testContext);
    await made.close();
    const columns = (table: string) =>
      server().query(
        'SELECT attname, attnotnull, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum',
        [table],
      );
    for (const suffix of ['', '_epochs']) {
      expect(await columns(`llm_latency${suffix}`)).toEqual(await columns(`made${suffix}`));
    }
  });
});
