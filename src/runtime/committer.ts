import type { StateDelta } from '../engine/window-engine.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import { traced } from '../telemetry/tracing.ts';
import type { Clock } from '../time/clock.ts';
import type { Instant } from '../time/instant.ts';
import type { Delivery } from './delivery.ts';
import type { EpochMeta, EpochStore, StoredEpoch } from './epoch-store.ts';
import { outboxSize, type Outbox } from './outbox.ts';
import type { StoredPlan } from './plan-fingerprint.ts';
import type { RunObserver } from './run-observer.ts';
import type { Totals } from './run-totals.ts';
import type { StateWriter } from './state-writer.ts';

/** An epoch at its close: what of it is committed, as of that moment. Nothing in it changes any more. */
export interface ClosedEpoch {
  readonly meta: Omit<EpochMeta, 'epoch' | 'sinks'> & { readonly totals: Totals };
  readonly delta: StateDelta;
  /** What went into the windows, in place of the delta; null where the delta has all that has changed. */
  readonly journal: Uint8Array | null;
  readonly outbox: Outbox;
  /** Records read for it. */
  readonly records: number;
}

/** A commit that is done. */
export interface CommitInfo {
  readonly epoch: number;
  readonly committedAt: Instant;
  /** The same by the monotonic clock. */
  readonly committedAtMs: number;
  readonly durationMs: number;
}

/** What a committer is made from. */
export interface CommitterOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  readonly store: EpochStore;
  readonly writer: StateWriter;
  readonly delivery: Delivery;
  /** Is told of each commit. */
  readonly observer?: RunObserver | undefined;
  /** False where nothing is read back, so that nothing need be acknowledged. */
  readonly recoverable: boolean;
  /** An epoch is durable; called before it is delivered. */
  readonly onCommitted: (epoch: ClosedEpoch) => void;
  /** Called when an epoch has been delivered, or has failed. */
  readonly onSettled: () => void;
}

/**
 * Takes epochs from their close to their delivery, one at a time, while the next one is read.
 *
 * 1. At the close positions, progress, totals, changed windows (or the journal of what went into them) and the outbox are
 *    taken, in one go, without waiting.
 * 2. One atomic write commits them, with what the sinks said after the epoch before: that epoch's outbox goes.
 * 3. The source is told that the positions are committed.
 * 4. The outbox is delivered. Nothing is delivered before its commit has resolved.
 * 5. The sinks are asked where they stand, for the next write to keep.
 *
 * An epoch is closed only when 5 of the one before is over. At the end of the run one more write takes the last outbox
 * away and keeps what the sinks said. What fails in between ends the run.
 */
export class Committer {
  readonly #options: CommitterOptions;
  #last: EpochMeta | undefined;
  #planToWrite: StoredPlan | undefined;
  #lastCommit: CommitInfo | null = null;
  #underWay: Promise<void> = Promise.resolve();
  #isBusy = false;
  /** How many epochs were committed by their journal since the windows were last stored. */
  #journaled = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** Number of the last committed epoch; 0 before the first. */
  get epoch(): number {
    return this.#last?.epoch ?? 0;
  }

  /** The last committed epoch; undefined before the first. */
  get last(): EpochMeta | undefined {
    return this.#last;
  }

  /** The last commit of this run. */
  get lastCommit(): CommitInfo | null {
    return this.#lastCommit;
  }

  /** True while an epoch is being committed or delivered. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Goes on from the epoch of an earlier run: delivers it again. `planToWrite` goes with the first commit. */
  async start(stored: StoredEpoch | undefined, planToWrite: StoredPlan | undefined): Promise<void> {
    this.#planToWrite = planToWrite;
    const { logger, delivery } = this.#options;
    if (stored === undefined) {
      await delivery.recover(undefined);
      return;
    }
    const { meta, outbox } = stored;
    this.#last = meta;
    logger.info({ inOutbox: outboxSize(outbox) }, `going on from epoch ${meta.epoch}`);
    await delivery.recover({ epoch: meta.epoch, outbox, positions: meta.positions });
  }

  /** Begins to commit and deliver an epoch. Only when the one before is {@link Committer.settled}. */
  commit(closed: ClosedEpoch): void {
    this.#isBusy = true;
    this.#underWay = this.#settle(() => this.#finish(closed));
  }

  /** Lets the sinks say where the pipeline stands, where it is time for that and nothing is under way. */
  tell(): void {
    const { delivery } = this.#options;
    if (this.#isBusy || this.#failure !== undefined || !delivery.isDue) return;
    this.#isBusy = true;
    this.#underWay = this.#settle(() => delivery.tell());
  }

  /** Resolves when nothing is under way any more. Never rejects: see {@link Committer.rethrow}. */
  settled(): Promise<void> {
    return this.#underWay;
  }

  /** Waits like {@link Committer.settled}, and throws what an epoch has failed by. */
  async allSettled(): Promise<void> {
    await this.#underWay;
    this.rethrow();
  }

  /** Throws what an epoch has failed by. */
  rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** The last epoch has been delivered, and none will follow. */
  async acknowledge(): Promise<void> {
    const { store, writer, delivery, recoverable } = this.#options;
    await delivery.finish();
    if (!recoverable || this.#last === undefined) return;
    await writer.write(store.acknowledgementOf({ ...this.#last, sinks: delivery.positions }));
  }

  /** Does something that nothing else may be under way beside, and notes what it fails by. */
  async #settle(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#isBusy = false;
    this.#options.onSettled();
  }

  async #finish(closed: ClosedEpoch): Promise<void> {
    const { delivery, onCommitted } = this.#options;
    const epoch = this.epoch + 1;
    const meta: EpochMeta = { ...closed.meta, epoch, sinks: delivery.positions };
    await traced(
      'processor.epoch',
      () => ({ epoch, events: closed.records }),
      () => this.#write(meta, closed),
    );
    onCommitted(closed);
    await delivery.deliver(closed.outbox, epoch, meta.positions);
  }

  async #write(meta: EpochMeta, { delta, journal, outbox, records }: ClosedEpoch): Promise<void> {
    const { clock, metrics, store, writer, observer } = this.#options;
    const { epoch } = meta;
    const startedAt = clock.monotonic();
    const plan = this.#planToWrite;
    const changes = { delta, journal, journaled: this.#journaled };
    const operations = store.operationsOf({ meta, ...changes, outbox, ...(plan === undefined ? {} : { plan }) });
    await traced(
      'processor.commit',
      () => ({ epoch, changes: delta.length }),
      () => writer.write(operations),
    );
    const committedAtMs = clock.monotonic();
    const info = { epoch, committedAt: clock.now(), committedAtMs, durationMs: committedAtMs - startedAt };
    metrics.recordCommit(info.durationMs, info.committedAt);
    this.#lastCommit = info;
    this.#last = meta;
    this.#journaled = journal === null ? 0 : this.#journaled + 1;
    this.#planToWrite = undefined;
    const { results, lateEvents, deadLetters } = outbox;
    observer?.committed({
      epoch,
      committedAt: info.committedAt,
      durationMs: info.durationMs,
      records,
      results: results.length,
      lateEvents: lateEvents.length,
      deadLetters: deadLetters.length,
    });
  }
}
