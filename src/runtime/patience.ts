import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';

/** How long a run that is to end waits for what may pass by itself, in ms. */
const STOP_GRACE_MS = 5000;

/** What patience is made from. */
export interface PatienceOptions {
  readonly clock: Clock;
  /** Aborts when the run is to end: what may pass is then waited for a few seconds longer, and no more. */
  readonly stopping: AbortSignal;
  /** Aborts when the run must end at once; never before `stopping`. */
  readonly failing: AbortSignal;
}

/** Waits for what may pass by itself: for as long as it takes, and a few seconds from when the run is to end. */
export class Patience {
  readonly #options: PatienceOptions;
  /** By the monotonic clock: when it was first asked to wait after the run was to end. */
  #endingSince: number | undefined;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** Waits; false when it is time to give up. Who is asked to stop tries at once, and from then on watches the time. */
  async wait(delayMs: Millis): Promise<boolean> {
    const { clock, stopping, failing } = this.#options;
    if (failing.aborted) return false;
    if (!stopping.aborted) {
      await clock.sleep(delayMs, stopping);
      return !failing.aborted;
    }
    this.#endingSince ??= clock.monotonic();
    const leftMs = this.#endingSince + STOP_GRACE_MS - clock.monotonic();
    if (leftMs <= 0) return false;
    await clock.sleep(Math.min(delayMs, leftMs), failing);
    return !failing.aborted;
  }
}
