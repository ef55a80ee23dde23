import { expect, it } from 'vitest';
import { ErrorHandler, ErrorPolicy } from '../../src/plan/error-handler.ts';
import { readingsPipeline, WatchedBackend, type Reading } from '../../src/runtime/run-fixtures.contract.ts';
import { testContext } from '../../src/sinks/event-sink.contract.ts';
import type { EventSink } from '../../src/sinks/event-sink.ts';
import { PostgresSink } from '../../src/sinks/postgres/postgres-sink.ts';
import type { StateBackend } from '../../src/state/state-backend.ts';
import { describePostgres, usePostgres } from '../servers/postgres-server.ts';
import { watchWrites, writtenAgain } from './written-once.ts';

const server = usePostgres();

/** Sessions that merge late, so that some are retracted; in parts, each an epoch of its own. */
const EVENTS: readonly Reading[] = Array.from({ length: 240 }, (_, i) => {
  const isLate = i % 12 === 11;
  return { timestamp: isLate ? i * 10 - 65 : i * 10 + (i % 5 === 0 ? 40 : 0), key: i % 2 === 0 ? 'a' : 'b', value: i };
});

/** Ends a process as far as a test can: everything that is not in the backend or the database is gone. */
class Crash extends Error {}

function pipelineOf(events: readonly Reading[]) {
  return readingsPipeline(events).withSessionWindow(25, { allowedLateness: 100 }).withBufferSize(16);
}

/** Runs over the events, from what the backend knows; crashes at a step, counted from 1. Whether it came to its end. */
async function runUntil(step: number, table: string, backend: StateBackend & WatchedBackend): Promise<boolean> {
  let steps = 0;
  const pass = (): void => {
    steps += 1;
    if (steps >= step) throw new Crash();
  };
  backend.beforeCommit = pass;
  backend.afterCommit = pass;
  backend.beforeNote = pass;
  const inner = new PostgresSink(server().url(), { table });
  const sink: EventSink<never> = {
    name: 'postgres',
    open: (context) => inner.open(context),
    position: () => inner.position(),
    close: () => inner.close(),
    async sendBatch(items, delivery) {
      pass();
      await inner.sendBatch(items, delivery);
      pass(); // Stored, and nobody has heard of it.
    },
  };
  try {
    await pipelineOf(EVENTS)
      .withSink(sink)
      .withStateBackend(backend)
      .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 0 })))
      .build()
      .run();
    return true;
  } catch (error) {
    if (steps >= step) return false;
    throw error;
  }
}

/** What the table says, but for when. */
function contentOf(table: string): Promise<object[]> {
  return server().query(
    `SELECT id, window_start, window_end, key, results, pane_index, pane_timing, pane_final FROM ${table} ORDER BY window_start, window_id`,
  );
}

/** The last value of each window, by a row for each or by a row for each pane. */
function valuesOf(table: string): Promise<object[]> {
  return server().query(
    `SELECT * FROM (SELECT DISTINCT ON (window_start, window_id) window_start, window_end, key, results, pane_timing = 'retraction' AS gone
     FROM ${table} ORDER BY window_start, window_id, pane_index DESC) AS r WHERE NOT gone ORDER BY window_start, window_end, key`,
  );
}

async function prepared(table: string): Promise<void> {
  const sink = new PostgresSink(server().url(), { table });
  await sink.open(testContext);
  await sink.close();
  await watchWrites(server(), table);
}

describePostgres('a pipeline that crashes', () => {
  it('at any step, twice, leaves in Postgres what one does that never crashed, each result written once', async () => {
    await prepared('undisturbed');
    expect(await runUntil(Infinity, 'undisturbed', new WatchedBackend())).toBe(true);
    const expected = await contentOf('undisturbed');
    expect(expected.length).toBeGreaterThan(10);
    const [removed] = await server().query<{ n: number }>(
      `SELECT count(*)::int AS n FROM undisturbed_writes WHERE what = 'DELETE'`,
    );
    expect(removed?.n).toBeGreaterThan(0);
    for (let first = 1; ; first += 3) {
      const table = `crashed_${String(first)}`;
      await prepared(table);
      const backend = new WatchedBackend();
      const hasEnded = await runUntil(first, table, backend);
      // A little further the next time: in the delivery that is repeated, or right behind it.
      if (!hasEnded) await runUntil(1 + (first % 4), table, backend);
      if (!hasEnded) expect(await runUntil(Infinity, table, backend)).toBe(true);
      expect(await contentOf(table)).toEqual(expected);
      expect(await writtenAgain(server(), table)).toEqual([]);
      if (hasEnded) break;
    }
  });

  it.each([
    ['latest', EVENTS],
    // The value that a later pane has written over is not known any more; where each pane has its row, it is there.
    ['all', EVENTS.map((event, i) => (i > 120 && i % 7 === 0 ? { ...event, timestamp: event.timestamp + 30 } : event))],
  ] as const)(
    'and goes back to a checkpoint has removed what was of the future it left, with panes: %s',
    async (panes, events) => {
      const backend = new WatchedBackend();
      const to = (table: string) => new PostgresSink(server().url(), { table, panes, rewind: 'delete' });
      const [table, straight] = [`restored_${panes}`, `straight_${panes}`];
      backend.afterCommit = async (commit) => void (commit === 6 && (await backend.checkpoint('sixth')));
      await pipelineOf(EVENTS).withSink(to(table)).withStateBackend(backend).build().run();
      await backend.open();
      await backend.restore('sixth');
      await backend.close();
      await pipelineOf(events).withSink(to(table)).withStateBackend(backend).build().run();
      await pipelineOf(events).withSink(to(straight)).withStateBackend(new WatchedBackend()).build().run();
      expect(await valuesOf(table)).toEqual(await valuesOf(straight));
      const [last] = await server().query<{ epoch: number }>(`SELECT epoch::int FROM ${table}_epochs`);
      expect(last?.epoch).toBeGreaterThan(6);
    },
  );
});
