/**
 * A sink of one's own: a table that upserts by the result's id. Delivery is at least once, with stable ids, so a store
 * that holds each id once ends up with each result once.
 *
 * Prints:
 * {"id":"costs/tumbling//0/120000/0","window_end":"1970-01-01T00:02:00.000Z","results":"{\"sum\":0.25}"}
 * {"id":"costs/tumbling//120000/240000/0","window_end":"1970-01-01T00:04:00.000Z","results":"{\"sum\":1.25}"}
 */
import { DatabaseSync } from 'node:sqlite';
import {
  type AggregationResult,
  createPipeline,
  type EventSink,
  MemorySource,
  ProcessorError,
} from 'llm-optimizer-processor';

class SqliteSink implements EventSink<AggregationResult<object>> {
  readonly name = 'sqlite';
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  open(): void {
    this.#database.exec('CREATE TABLE IF NOT EXISTS aggregations (id TEXT PRIMARY KEY, window_end TEXT, results TEXT)');
  }

  /** One epoch's results, all or nothing. What it throws is handled by the pipeline's error handler. */
  sendBatch(items: readonly AggregationResult<object>[]): void {
    try {
      this.#database.exec('BEGIN');
      const insert = this.#database.prepare('INSERT OR REPLACE INTO aggregations VALUES (?, ?, ?)');
      for (const { id, window, results } of items) {
        insert.run(id, new Date(window.end).toISOString(), JSON.stringify(results));
      }
      this.#database.exec('COMMIT');
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw new ProcessorError('sink', 'SINK_FAILED', 'the results could not be stored', { cause });
    }
  }
}

const database = new DatabaseSync(':memory:');
const events = [1, 2, 3].map((minute) => ({ timestamp: minute * 60_000, cost: minute / 4 }));

await createPipeline('costs')
  .withSource(new MemorySource(events))
  .withValue('cost')
  .withAggregations('sum')
  .withTumblingWindow('2m')
  .withSink(new SqliteSink(database))
  .build()
  .run();

for (const row of database.prepare('SELECT * FROM aggregations').all()) console.log(JSON.stringify(row));
