import type { PipelinePlan } from '../plan/plan.ts';
import type { StateRepair } from '../state/state-backend.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { readProgressSnapshot } from '../time/progress-snapshot.ts';
import { instantFromJson } from '../time/snapshot-json.ts';
import type { EpochStore, StoredEpoch } from './epoch-store.ts';
import { JournalFolding } from './journal-folding.ts';
import { comparePlans, describePlan, planMismatch, takeOverPlan, type StoredPlan } from './plan-fingerprint.ts';
import type { StateWriter } from './state-writer.ts';
import type { StreamCore } from './stream-core.ts';

/** Loading at a stretch, in ms, before I/O and timers get their turn: whoever asks how far it is must get an answer. */
const STRETCH_MS = 10;

/** What a recovery is made from. */
export interface RecoveryOptions {
  readonly plan: PipelinePlan;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
}

/** Takes up the state of the last epoch at the start of a run, and tells how far it is. */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #store: EpochStore;
  readonly #writer: StateWriter;
  /** What the state depends on from here on. */
  #current: StoredPlan;
  #repair: StateRepair | null = null;
  #loaded = 0;
  #expected = 0;
  #isOver = false;

  constructor(options: RecoveryOptions, store: EpochStore, writer: StateWriter) {
    this.#options = options;
    this.#store = store;
    this.#writer = writer;
    this.#current = describePlan(options.plan);
  }

  /** True once the state of the last epoch is all there. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** How much of the window state is there, 0 to 100; below 100 until it is all there. */
  get percent(): number {
    if (this.#isOver) return 100;
    return this.#expected === 0 ? 0 : Math.min(99, Math.floor((100 * this.#loaded) / this.#expected));
  }

  /** What opening the state had to mend. */
  get repair(): StateRepair | null {
    return this.#repair;
  }

  /**
   * Opens the state and loads what the last epoch left into `core`; undefined where there was none.
   * @throws ProcessorError STATE_MISMATCH where the state belongs to a pipeline of other settings, or what the backend throws.
   */
  async run(core: StreamCore): Promise<StoredEpoch | undefined> {
    const { plan, metrics } = this.#options;
    metrics.recordRecovery(0);
    await plan.state.open();
    this.#repair = noteRepair(this.#options);
    const stored = await this.#takeUp(core);
    this.#isOver = true;
    metrics.recordRecovery(1);
    return stored;
  }

  /** What the next commit has to say of what the state depends on; undefined where that stands there already. */
  planToWrite(stored: StoredEpoch | undefined): StoredPlan | undefined {
    return JSON.stringify(stored?.plan) === JSON.stringify(this.#current) ? undefined : this.#current;
  }

  /**
   * True where state is kept by partition, and the stored epoch does not know all that are there: whoever deals it out
   * anew must know whose they are, though nothing has been read of them yet.
   */
  knowsTooFew(stored: StoredEpoch | undefined, core: StreamCore): boolean {
    const { state } = this.#options.plan;
    if (!state.recoverable || this.#current.share?.partitionedByKey !== true) return false;
    const known = stored === undefined ? 0 : readProgressSnapshot(stored.meta.progress).partitions.length;
    return stored === undefined || core.progress.snapshot().partitions.length > known;
  }

  async #takeUp(core: StreamCore): Promise<StoredEpoch | undefined> {
    const { clock, logger } = this.#options;
    const startedAt = clock.monotonic();
    const found = await this.#store.read();
    if (found === undefined) return undefined;
    this.#checkPlan(found);
    const stored = await this.#fold(found);
    await this.#load(stored, core);
    this.#takeOver(stored, core);
    const durationMs = Math.round(clock.monotonic() - startedAt);
    logger.info({ entries: this.#loaded, epochsDoneAgain: found.journal.length, durationMs }, 'window state taken up');
    return stored;
  }

  #checkPlan({ plan: stored }: StoredEpoch): void {
    if (stored === undefined) return;
    const changes = comparePlans(stored, this.#current);
    if (changes.length === 0) return;
    throw planMismatch(this.#options.plan.name, changes);
  }

  /** What an earlier run with less lateness has let go stays gone. */
  #takeOver({ plan: stored }: StoredEpoch, core: StreamCore): void {
    if (stored === undefined) return;
    this.#current = takeOverPlan(stored, this.#current, core.progress.watermark());
    for (const { name, goneUntil } of this.#current.windows) {
      if (goneUntil !== undefined) core.engine.letGo(name, goneUntil);
    }
    for (const { partitions, watermark, goneUntil } of this.#current.passed ?? []) {
      for (const partition of partitions) {
        core.engine.notePassed(partition, instantFromJson(watermark));
        for (const [name, until] of goneUntil) core.engine.letGo(name, until, partition);
      }
    }
  }

  /** Stores the windows as of the last epoch, where so far only what went into them is stored. */
  async #fold(stored: StoredEpoch): Promise<StoredEpoch> {
    if (stored.journal.length === 0) return stored;
    const { plan } = this.#options;
    return new JournalFolding(stored, {
      plan,
      store: this.#store,
      writer: this.#writer,
      onStep: this.#turns(),
    }).run();
  }

  /** Loads what a restart needs; all else stays in the state until it is needed. */
  async #load({ meta }: StoredEpoch, core: StreamCore): Promise<void> {
    const { metrics } = this.#options;
    this.#expected = meta.restartEntries;
    const onStep = this.#turns();
    for await (const record of this.#store.windowState(core.engine.restartPrefixes)) {
      core.engine.load(record);
      this.#loaded += 1;
      await onStep(() => metrics.recordRecovery(this.percent / 100));
    }
    core.restore(meta.progress);
  }

  /** To be called between steps of work: gives I/O and timers their turn now and then, after `before`. */
  #turns(): (before?: () => void) => Promise<void> {
    const { clock } = this.#options;
    let turnedAt = clock.monotonic();
    return async (before) => {
      if (clock.monotonic() - turnedAt < STRETCH_MS) return;
      before?.();
      await clock.nextTurn();
      turnedAt = clock.monotonic();
    };
  }
}

/** What opening the state had to mend: logged and counted where it was something. */
export function noteRepair({ plan, logger, metrics }: RecoveryOptions): StateRepair | null {
  const repair = plan.state.repair ?? null;
  if (repair === null) return null;
  const { damage, restored, putAside } = repair;
  metrics.recordRepair();
  logger.warn({ damage, restored: restored.id, putAside }, 'the state was damaged; a checkpoint has taken its place');
  return repair;
}
