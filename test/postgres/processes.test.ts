import { appendFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { start, type Child } from '../processes/child.ts';
import { until } from '../waiting.ts';
import { scratchFolder } from '../processes/folder.ts';
import { describePostgres, usePostgres } from '../servers/postgres-server.ts';
import { watchWrites, writtenAgain } from './written-once.ts';

const server = usePostgres();
const { at, write } = scratchFolder();

const WINDOW_MS = 10_000;
const START = 1_700_000_000_000;

/** A hundred events a second of event time, of three models. */
function lines(from: number, to: number): string {
  const line = (i: number): string =>
    `${JSON.stringify({ timestamp: START + i * 10, model: `m${String(i % 3)}`, cost: i % 64 })}\n`;
  return Array.from({ length: to - from }, (_, i) => line(from + i)).join('');
}

function configuration(name: string): string {
  write(`${name}.ndjson`, '');
  return write(
    `${name}.yaml`,
    `processor:
  name: ${name}
  source: { type: file, paths: [${at(`${name}.ndjson`)}], follow: true }
  event: { key: [model], value: cost }
  windows: { tumbling: { size_secs: ${String(WINDOW_MS / 1000)} } }
  watermark: { max_out_of_orderness_secs: 0 }
  commit_interval_ms: 5
  buffer_size: 200
  state: { backend: rocksdb, path: ${at(`${name}-state`)}, checkpoint_path: ${at(`${name}-checkpoints`)} }
  sinks:
    - type: postgres
      host: 127.0.0.1
      port: ${String(server().port)}
      database: postgres
      user: postgres
      table: ${name}
      columns: { model: key.model, count: results.count, sum: results.sum }
  error_handling: { dead_letter_path: ${at(`${name}-dead.ndjson`)}, max_retry_delay_ms: 100 }
  http: { port: 0 }
`,
  );
}

/** What the table must hold for the first `count` events, all of whose windows but the last have closed. */
function expectedOf(count: number): object[] {
  const sums = new Map<string, { start: Date; model: string; count: number; sum: number }>();
  const lastWindow = Math.floor((START + (count - 1) * 10) / WINDOW_MS);
  for (let i = 0; i < count; i += 1) {
    const window = Math.floor((START + i * 10) / WINDOW_MS);
    if (window === lastWindow) continue;
    const model = `m${String(i % 3)}`;
    const id = `${String(window)} ${model}`;
    const row = sums.get(id) ?? { start: new Date(window * WINDOW_MS), model, count: 0, sum: 0 };
    sums.set(id, { ...row, count: row.count + 1, sum: row.sum + (i % 64) });
  }
  return [...sums.values()].toSorted((a, b) => Number(a.start) - Number(b.start) || a.model.localeCompare(b.model));
}

async function rowsOf(table: string): Promise<object[]> {
  return server().query(`SELECT window_start AS start, model, count, sum FROM ${table} ORDER BY 1, 2`);
}

async function untilRows(table: string, count: number, child: Child): Promise<void> {
  await until(async () => {
    if (child.process.exitCode !== null) throw new Error(child.stderr);
    const rows = await rowsOf(table).catch(() => []);
    return rows.length >= count;
  });
}

describePostgres('the processor with a sink for Postgres', () => {
  it('has each result once in the table, though it and the server are killed, twice each', async () => {
    const config = configuration('killed');
    let child = start(['run', '-c', config]);
    await untilRows('killed', 0, child);
    await until(async () => (await server().query("SELECT 1 FROM pg_class WHERE relname = 'killed'")).length > 0);
    await watchWrites(server(), 'killed');
    let events = 0;
    for (let round = 1; round <= 2; round += 1) {
      const before = expectedOf(events).length;
      appendFileSync(at('killed.ndjson'), lines(events, events + 40_000));
      events += 40_000;
      // Some of it is there: the rest is on its way.
      await untilRows('killed', before + 1, child);
      child.signal('SIGKILL');
      await child.ended();
      child = start(['run', '-c', config]);
      await child.says('going on from epoch');
      const there = (await rowsOf('killed')).length;
      appendFileSync(at('killed.ndjson'), lines(events, events + 40_000));
      events += 40_000;
      await untilRows('killed', there + 1, child);
      await server().kill();
      // However much of that was written before: there is more to write.
      appendFileSync(at('killed.ndjson'), lines(events, events + 2000));
      events += 2000;
      await child.says('no delivery for now; waiting');
      await server().restart();
      await untilRows('killed', expectedOf(events).length, child);
    }
    child.signal('SIGTERM');
    expect(await child.ended()).toBe(0);
    expect(await rowsOf('killed')).toEqual(expectedOf(events));
    expect(await writtenAgain(server(), 'killed')).toEqual([]);
  });

  it('ends with an error that says so when another one has taken over, and writes nothing more', async () => {
    const config = configuration('taken');
    appendFileSync(at('taken.ndjson'), lines(0, 5000));
    const first = start(['run', '-c', config]);
    await untilRows('taken', expectedOf(5000).length, first);
    const state = {
      PROCESSOR_STATE__PATH: at('taken-other-state'),
      PROCESSOR_STATE__CHECKPOINT_PATH: at('taken-other'),
    };
    const second = start(['run', '-c', config], { environment: state });
    await second.url();
    await until(async () => (await server().query('SELECT 1 FROM taken_epochs WHERE run = 2')).length > 0);
    appendFileSync(at('taken.ndjson'), lines(5000, 10_000));
    expect(await first.ended()).toBe(1);
    expect(first.stderr).toMatch(/SINK_FENCED/);
    await untilRows('taken', expectedOf(10_000).length, second);
    second.signal('SIGTERM');
    expect(await second.ended()).toBe(0);
    expect(await rowsOf('taken')).toEqual(expectedOf(10_000));
  });
});
