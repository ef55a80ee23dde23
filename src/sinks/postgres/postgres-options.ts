import type { FieldPath } from '../../event/field-path.ts';
import type { Duration } from '../../time/duration.ts';
import type { TlsFiles } from '../tls-files.ts';

/** How a connection to Postgres is encrypted. Paths are of PEM files. */
export interface PostgresTls extends TlsFiles {
  /**
   * As libpq's `sslmode`: `verify-full` checks the server's certificate and that it is for this host, `verify-ca` the
   * certificate alone, `require` encrypts without checking anything, `disable` does not encrypt. Default `verify-full`.
   */
  readonly mode?: 'disable' | 'require' | 'verify-ca' | 'verify-full';
}

/** Where a database is. What is left out is taken from `PGHOST` and the like, as everywhere with Postgres. */
export interface PostgresConnection {
  /** Name or address; a folder for a Unix socket. */
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  /** A function is asked with each connection, for passwords that expire. */
  readonly password?: string | (() => string | Promise<string>);
  /** Default: as `PGSSLMODE` says, else none. */
  readonly tls?: PostgresTls;
  /** What the connection is listed under in `pg_stat_activity`. Default `llm-optimizer-processor`. */
  readonly applicationName?: string;
}

/** Where a {@link PostgresSink} writes, and how. */
export interface PostgresSinkOptions {
  /** Schema of the tables, which must exist. Default: the first of the connection's search path. */
  readonly schema?: string;
  /** The table for results. Default `processor_results`. Epochs are kept beside it, in a table of that name and `_epochs`. */
  readonly table?: string;
  /**
   * Columns of your own, each with the place in the result that fills it: `{ model: 'key.model', p95: 'results.p95' }`. Below
   * `key` they are of type text, below `results` of type double precision; what is not there is null.
   */
  readonly columns?: Readonly<Record<string, FieldPath>> | ReadonlyMap<string, FieldPath>;
  /**
   * `latest`: a row for each window and key, with what it was reported last; a retraction removes it. `all`: a row for each
   * pane, retractions too. Default `latest`.
   */
  readonly panes?: 'latest' | 'all';
  /** Creates the tables where they do not exist. Default true. */
  readonly createTables?: boolean;
  /**
   * What happens to rows that a later epoch has written than the state knows of, when a checkpoint was restored: `keep` leaves
   * them until they are written again, `delete` removes them with the first delivery. Default `keep`.
   */
  readonly rewind?: 'keep' | 'delete';
  /** Tells apart processes that write results of one pipeline to one table. Default `main`. */
  readonly writer?: string;
  /** How long a connection may take to be made. Default 10 s. */
  readonly connectTimeout?: Duration;
  /** How long a statement may take on the server, waiting for locks included. Default 20 s. */
  readonly statementTimeout?: Duration;
}
