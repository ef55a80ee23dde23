import type { Positions } from '../event/source-position.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { Clock } from '../time/clock.ts';
import type { ClosedEpoch } from './committer.ts';
import type { EpochBuffer } from './epoch-buffer.ts';
import type { RunTotals } from './run-totals.ts';
import type { StreamCore } from './stream-core.ts';

/** How long windows may go unstored, in commit intervals and in ms: about what a restart has to do again at the most. */
const MOST_INTERVALS = 10;
const MOST_UNSTORED_MS = 1000;
/** How many changed windows may go unstored: to store very many at once would hold up the stream. */
const MOST_CHANGED = 10_000;

/** What epochs are closed from. */
export interface EpochCloseOptions {
  readonly plan: PipelinePlan;
  readonly clock: Clock;
  readonly core: StreamCore;
  readonly totals: RunTotals;
  readonly buffer: EpochBuffer;
}

/**
 * Takes what is committed of an epoch, and decides in which form. To store each window that an epoch has changed costs
 * more than all else where the next changes the same again, milliseconds later. So what has gone into the windows is stored
 * instead, a few columns in a journal, and the windows only now and then: often enough that a restart has little to do
 * again.
 */
export class EpochClose {
  readonly #options: EpochCloseOptions;
  #storedAt = -Infinity;
  #hasJournal = false;

  constructor(options: EpochCloseOptions) {
    this.#options = options;
  }

  /** True where epochs were closed since the windows were last stored. */
  get hasJournal(): boolean {
    return this.#hasJournal;
  }

  /** True if the windows that have changed are to be stored again, be it that they can leave memory only then. */
  get isStoringDue(): boolean {
    const { plan, clock, core } = this.#options;
    const { residentBytes, changed } = core.engine.residence;
    if (changed >= MOST_CHANGED || residentBytes > plan.stateMemoryLimitBytes) return true;
    const mostMs = Math.min(MOST_INTERVALS * plan.commitIntervalMs, MOST_UNSTORED_MS);
    return clock.monotonic() - this.#storedAt >= mostMs;
  }

  /**
   * All of what is committed, as of one moment: nothing waits in here. The windows are stored if they have to be: always
   * while something is due, for a journal does not tell what has fired already.
   */
  take(positions: Positions, mustStore: boolean): ClosedEpoch {
    const { clock, core, totals, buffer } = this.#options;
    const journal = mustStore ? null : core.takeJournal();
    this.#hasJournal = journal !== null;
    if (journal === null) this.#storedAt = clock.monotonic();
    const meta = {
      positions,
      progress: core.progress.snapshot(),
      totals: { ...totals.now() },
      restartEntries: core.engine.restartEntries,
    };
    const delta = journal === null ? core.takeDelta() : [];
    return { meta, delta, journal, ...buffer.take() };
  }
}
