import type { Client, QueryResultRow } from 'pg';
import type { Clock } from '../../time/clock.ts';
import { sinkTimedOut } from '../sink-error.ts';
import { clientConfigOf, describeConnection } from './connection.ts';
import { failureOf } from './postgres-failure.ts';
import type { PostgresConnection } from './postgres-options.ts';

/** How long the server may take to part, in ms. */
const PARTING_MS = 1000;

/** Runs one statement; gives its rows. */
export type Query = <R extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<readonly R[]>;

/** What a session is made from. */
export interface SessionOptions {
  readonly connection: PostgresConnection;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/**
 * A connection to the database, made when it is needed, and made anew after anything has failed: what a broken one was
 * about the server rolls back. One transaction at a time.
 */
export class PostgresSession {
  /** Where it goes, for messages. */
  readonly where: string;
  readonly #options: SessionOptions;
  #client: Client | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.where = describeConnection(options.connection);
  }

  /**
   * Runs `work` in a transaction and commits it; after an error, or when `signal` aborts, there is nothing of it, unless it
   * was lost on the way whether it had been committed.
   * @throws ProcessorError of kind `sink`.
   */
  async transaction<T>(signal: AbortSignal, work: (query: Query) => Promise<T>): Promise<T> {
    const abort = (): void => this.#discard();
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      const client = await this.#connected(signal);
      const query: Query = async <R extends QueryResultRow>(text: string, values?: readonly unknown[]) => {
        const { rows } = await client.query<R>(text, values === undefined ? [] : [...values]);
        return rows;
      };
      await client.query(this.#begin());
      const outcome = await work(query);
      await client.query('COMMIT');
      return outcome;
    } catch (error) {
      this.#discard();
      throw signal.aborted ? sinkTimedOut(`${this.where} did not answer in time`) : failureOf(error, this.where);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Parts with the server; without it where it does not answer. */
  async close(clock: Clock): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    const timer = new AbortController();
    await Promise.race([client.end(), clock.sleep(PARTING_MS, timer.signal)]);
    timer.abort();
    this.#discard();
  }

  /**
   * Limits are set for the transaction alone, which a pooler in between lets through. A transaction whose client is gone
   * without a word must not hold its locks for long; and what is committed must be on disk.
   */
  #begin(): string {
    const limit = String(this.#options.statementTimeoutMs);
    return [
      'BEGIN',
      `SET LOCAL statement_timeout = ${limit}`,
      `SET LOCAL idle_in_transaction_session_timeout = ${limit}`,
      "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'",
    ].join('; ');
  }

  async #connected(signal: AbortSignal): Promise<Client> {
    if (this.#client !== undefined) return this.#client;
    const { connection, connectTimeoutMs } = this.#options;
    // Loaded when it is used: who writes elsewhere pays nothing for it.
    const pg = await import('pg');
    const config = await clientConfigOf(connection, connectTimeoutMs);
    signal.throwIfAborted();
    const client = new pg.Client(config);
    this.#client = client;
    // Told of between queries too. The next query then fails, and the client is done with.
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined;
    });
    await client.connect();
    return client;
  }

  #discard(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.connection.stream.destroy();
  }
}
