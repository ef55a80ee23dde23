import { present } from '../../errors/assert.ts';
import { sinkFenced } from '../sink-error.ts';
import type { Query } from './postgres-session.ts';
import type { ResultTables } from './result-tables.ts';

/** What the table of epochs says of one writer. */
export interface LedgerEntry {
  /** Number of the opening that writes: each one that follows takes over from the one before. */
  readonly run: number;
  /** The last epoch stored; 0 where there is none. */
  readonly epoch: number;
  /** Digest of the last batch of it. */
  readonly batch: string | null;
}

/** A bigint comes as text. */
interface StoredEntry {
  readonly run: string;
  readonly epoch: string;
  readonly batch: string | null;
  readonly [column: string]: unknown;
}

/**
 * The row of one writer in the table of epochs. Each transaction locks it first, so that of two processes of one name only
 * the one that came last can write, and finds there what has been stored before.
 */
export class EpochLedger {
  readonly #claim: string;
  readonly #lock: string;
  readonly #note: string;
  readonly #owner: readonly [pipeline: string, writer: string];

  constructor({ ledger }: ResultTables, pipeline: string, writer: string) {
    this.#owner = [pipeline, writer];
    this.#claim = `INSERT INTO ${ledger.name} AS e (pipeline, writer, run, epoch) VALUES ($1, $2, 1, 0) ON CONFLICT (pipeline, writer) DO UPDATE SET run = e.run + 1 RETURNING run, epoch, batch`;
    this.#lock = `SELECT run, epoch, batch FROM ${ledger.name} WHERE pipeline = $1 AND writer = $2 FOR UPDATE`;
    this.#note = `UPDATE ${ledger.name} SET epoch = $3, batch = $4, updated_at = now() WHERE pipeline = $1 AND writer = $2`;
  }

  /** Takes over from whoever wrote before. */
  async claim(query: Query): Promise<LedgerEntry> {
    const [entry] = await query<StoredEntry>(this.#claim, this.#owner);
    return entryOf(present(entry, 'the row that was just written'));
  }

  /**
   * Locks the row until the transaction ends.
   * @throws ProcessorError SINK_FENCED where another one has taken over from `run`.
   */
  async lock(query: Query, run: number): Promise<LedgerEntry> {
    const [pipeline, writer] = this.#owner;
    const who = `the pipeline "${pipeline}" (writer "${writer}")`;
    const [stored] = await query<StoredEntry>(this.#lock, this.#owner);
    if (stored === undefined) throw sinkFenced(`somebody has removed the row of ${who} from the table of epochs`);
    const entry = entryOf(stored);
    if (entry.run === run) return entry;
    throw sinkFenced(
      `another process, or another sink of this one, has since begun to write as ${who}. Only one may: give each a "writer" or a table of its own`,
    );
  }

  /** Notes what has been stored with the transaction. */
  async note(query: Query, epoch: number, batch: string): Promise<void> {
    await query(this.#note, [...this.#owner, epoch, batch]);
  }
}

function entryOf({ run, epoch, batch }: StoredEntry): LedgerEntry {
  return { run: Number(run), epoch: Number(epoch), batch };
}
