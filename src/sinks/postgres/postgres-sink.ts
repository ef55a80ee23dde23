import { ProcessorError } from '../../errors/processor-error.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Clock } from '../../time/clock.ts';
import { parseDuration } from '../../time/duration.ts';
import type { Delivery, EventSink, SinkContext } from '../event-sink.ts';
import { sinkFailed, sinkTimedOut, unlessAborted } from '../sink-error.ts';
import { parseConnectionUrl } from './connection-url.ts';
import { EpochLedger, type LedgerEntry } from './epoch-ledger.ts';
import type { PostgresConnection, PostgresSinkOptions } from './postgres-options.ts';
import { PostgresSession, type Query } from './postgres-session.ts';
import { ResultBatch } from './result-batch.ts';
import type { StoredResult } from './result-columns.ts';
import { ResultTables } from './result-tables.ts';
import { ensureTable } from './table-check.ts';

const POSITION = /^1;(\d+)$/;

/** One opening: from `open` to `close`. */
interface Opening {
  readonly pipeline: string;
  readonly ledger: EpochLedger;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly run: number;
  /** What the state knew to be stored; undefined where it knows nothing of this sink. */
  readonly known: number | undefined;
  /** The last epoch stored. */
  epoch: number;
  /** True once it is clear how what was found belongs to what is delivered. */
  isSettled: boolean;
}

/**
 * Writes results to a table of Postgres, exactly once: with each delivery the number of its epoch goes into a table beside it,
 * in the same transaction, and a delivery that is there already is passed over. The table has a row for each window and key,
 * with what was reported last; a retraction removes it.
 *
 * Of several processes that write as the same pipeline and `writer` the one that was opened last goes on; the others fail with
 * SINK_FENCED before they write anything more.
 *
 * Where a checkpoint was restored, the table is ahead of the state. What is computed again is written again, over the rows
 * that are there; those that do not come again stay, or go, as `rewind` says.
 */
export class PostgresSink implements EventSink<StoredResult> {
  readonly name = 'postgres';
  readonly #session: PostgresSession;
  readonly #tables: ResultTables;
  readonly #options: PostgresSinkOptions;
  readonly #writer: string;
  #opening: Opening | undefined;
  /** Ends, never with an error, when the last delivery has left the database, though its caller may have given it up. */
  #idle: Promise<void> = Promise.resolve();

  /**
   * `connection`: a URL such as `postgres://user:password@host:5432/database?sslmode=verify-full`, or its parts.
   * @throws ProcessorError CONFIG_INVALID for a URL, a table or columns that cannot be; DURATION_INVALID.
   */
  constructor(connection: string | PostgresConnection, options: PostgresSinkOptions = {}) {
    const { writer = 'main', connectTimeout = '10s', statementTimeout = '20s' } = options;
    if (writer === '') throw new ProcessorError('configuration', 'CONFIG_INVALID', 'writer must not be empty');
    this.#session = new PostgresSession({
      connection: typeof connection === 'string' ? parseConnectionUrl(connection) : connection,
      connectTimeoutMs: parseDuration(connectTimeout, 'connectTimeout'),
      statementTimeoutMs: parseDuration(statementTimeout, 'statementTimeout'),
    });
    this.#tables = new ResultTables(options);
    this.#options = options;
    this.#writer = writer;
  }

  /** Makes or checks the tables, and takes over from whoever wrote to them before. */
  async open({ pipeline, logger, clock, position }: SinkContext): Promise<void> {
    const { createTables = true } = this.#options;
    const { results, ledger: ledgerTable } = this.#tables;
    const ledger = new EpochLedger(this.#tables, pipeline, this.#writer);
    await this.#alone(async () => {
      if (this.#opening !== undefined) throw sinkFailed('the sink is open already; give each pipeline one of its own');
      const entry = await this.#session.transaction(new AbortController().signal, async (query) => {
        await ensureTable(query, results, createTables);
        await ensureTable(query, ledgerTable, createTables);
        return ledger.claim(query);
      });
      const known = position === undefined ? undefined : Number(POSITION.exec(position)?.[1] ?? 0);
      const { run, epoch } = entry;
      this.#opening = { pipeline, ledger, logger, clock, run, known, epoch, isSettled: epoch === (known ?? 0) };
      if (known !== undefined && epoch < known) this.#tellOfLoss(logger, epoch, known);
    });
  }

  /** The last epoch stored. @throws ProcessorError SINK_FAILED while the sink is not open. */
  position(): string {
    return `1;${String(this.#opened().epoch)}`;
  }

  async sendBatch(items: readonly StoredResult[], { epoch, signal }: Delivery): Promise<void> {
    if (items.length === 0) return;
    const batch = new ResultBatch(items, this.#options.panes);
    const delivery = this.#alone(() => {
      const opening = this.#opened();
      return this.#session.transaction(signal, (query) => this.#store(opening, query, batch, epoch));
    });
    await unlessAborted(delivery, signal, () => sinkTimedOut(`${this.#session.where} did not answer in time`));
    const opening = this.#opened();
    opening.epoch = epoch;
    opening.isSettled = true;
  }

  async close(): Promise<void> {
    await this.#alone(async () => {
      const opening = this.#opening;
      this.#opening = undefined;
      if (opening !== undefined) await this.#session.close(opening.clock);
    });
  }

  /**
   * 1. The epoch's row is locked: whoever else writes under this name waits, or has taken over.
   * 2. A batch that is stored already, its answer having been lost, is passed over.
   * 3. At the first delivery it shows whether the table is ahead of the state.
   * 4. Rows are written and removed.
   * 5. The epoch is noted.
   */
  async #store(opening: Opening, query: Query, batch: ResultBatch, epoch: number): Promise<void> {
    const { ledger, run, pipeline } = opening;
    const { upsert, remove, columns } = this.#tables;
    const entry = await ledger.lock(query, run);
    if (entry.epoch === epoch && entry.batch === batch.digest) return;
    if (!opening.isSettled) await this.#settle(opening, query, entry, epoch);
    for (const lists of batch.upserts(columns)) await query(upsert, [...lists, pipeline, this.#writer, epoch]);
    for (const lists of batch.removals()) await query(remove, lists);
    await ledger.note(query, epoch, batch.digest);
  }

  /** What the table has beyond the state is either the epoch that is delivered again, or of a future that was given up. */
  async #settle(opening: Opening, query: Query, entry: LedgerEntry, epoch: number): Promise<void> {
    const { known, pipeline, logger } = opening;
    const isDeliveredAgain = known !== undefined && entry.epoch === epoch;
    if (isDeliveredAgain || entry.epoch <= (known ?? 0)) return;
    const after = known ?? 0;
    const fields = { table: this.#tables.results.name, pipeline, stored: entry.epoch, after };
    if (this.#options.rewind === 'delete') {
      await query(this.#tables.rewind, [pipeline, this.#writer, after]);
      logger.warn(fields, 'the table was ahead of the state: what later epochs had written is removed');
    } else if (known === undefined) {
      logger.info(fields, 'the table has results of earlier runs: those of the same windows are written over');
    } else {
      const message =
        'the table is ahead of the state, which was restored: what comes again is written over, what does not stays';
      logger.warn(fields, message);
    }
  }

  #tellOfLoss(logger: Logger, stored: number, known: number): void {
    const fields = { table: this.#tables.results.name, stored, known };
    const message =
      'the table is behind the state: it is another one, or a copy of an earlier time. Results in between are not in it; a checkpoint from before them writes them again';
    logger.error(fields, message);
  }

  #opened(): Opening {
    if (this.#opening === undefined) throw sinkFailed(`${this.#session.where} is not open`);
    return this.#opening;
  }

  /** Runs `work` when what was begun before has ended. */
  #alone(work: () => Promise<void>): Promise<void> {
    const done = this.#idle.then(work);
    this.#idle = done.catch(() => undefined); // The error is the caller's, who holds `done`.
    return done;
  }
}
