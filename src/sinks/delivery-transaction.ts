import type { Positions } from '../event/source-position.ts';
import type { OffsetGroup } from '../kafka/offset-group.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';

/** Says which commit of the state was delivered. Two histories that both have an epoch of that number differ in the run. */
export interface DeliveryMark {
  /** Number of the epoch; 0 says that none is known of. */
  readonly epoch: number;
  /** The run that has committed it: {@link TakenOver.run}. */
  readonly run: string;
}

/** What a transaction is given when it is opened. */
export interface TransactionContext {
  /** Name of the pipeline. */
  readonly pipeline: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly instruments: Instruments;
  /** Which of the transactions of the pipeline this is, from 0: no two may be taken for one by what they deliver to. */
  readonly ordinal: number;
  /** How long an attempt to deliver an epoch may take; after that it is given up. */
  readonly deliveryTimeoutMs: Millis;
  /** Where the source's positions may be committed too; absent where they are nobody else's business. */
  readonly group?: OffsetGroup;
}

/** What was found by whoever has taken over. */
export interface TakenOver {
  /** A name for the run that nobody has had before. */
  readonly run: string;
  /** The mark of the last transaction that was committed, by whomever; null where none is known of. */
  readonly mark: DeliveryMark | null;
}

/** What is committed with the items. */
export interface TransactionCommit {
  readonly mark: DeliveryMark;
  /** Where the source goes on after the items. */
  readonly positions: Positions;
  readonly signal: AbortSignal;
}

/**
 * What several sinks deliver in together: their items of an epoch, a mark that says which epoch it was, and where the source
 * goes on become visible as one, or not at all. Sinks that have the same transaction are in it.
 *
 * One call at a time, in the order `open`, then `begin`, the sinks' deliveries and `commit` for each epoch. Whatever fails in
 * between leaves it open whether something was committed: the next call is then `reopen`, which settles that. A call that is
 * given up by its signal may still be under way when the next comes, which must then wait for it.
 */
export interface DeliveryTransaction {
  /** Short name for logs and errors, such as `kafka`. */
  readonly name: string;
  /** What to do where the mark does not fit the state: end with an error, or deliver from there on, some of it a second time. */
  readonly afterRestore: 'refuse' | 'deliver_again';
  /**
   * Takes over: who has delivered under this name before can no longer, and what they have left open is ended.
   * @throws ProcessorError of kind `sink`, which ends the run.
   */
  open(context: TransactionContext): Promise<TakenOver>;
  /**
   * After a failure: ends what is open, and gives the mark of the last transaction that was committed.
   * @throws ProcessorError SINK_FENCED where someone else has taken over since; SINK_UNAVAILABLE.
   */
  reopen(signal: AbortSignal): Promise<DeliveryMark | null>;
  /** Begins a transaction: the sinks in it are given their items next. */
  begin(): void;
  /** @throws ProcessorError as {@link DeliveryTransaction.reopen}. Whatever it throws, it may have been committed. */
  commit(commit: TransactionCommit): Promise<void>;
  /** Ends what is open, as well as it can. Never rejects for that. */
  close(): Promise<void>;
}
