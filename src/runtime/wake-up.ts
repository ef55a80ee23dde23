import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';

/** A bell: whoever waits goes on when it rings. Ringing while nobody waits is remembered, once. */
export class WakeUp {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, at once if it has rung since the last wait, or after `timeout`. One waiter at a time. */
  async wait(clock: Clock, timeout: Millis): Promise<void> {
    // A read that is as good as done settles within a turn, which costs far less than a timer.
    if (!this.#rung) await clock.nextTurn();
    if (!this.#rung) {
      const timer = new AbortController();
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([rung, clock.sleep(timeout, timer.signal)]);
      this.#wake = undefined;
      timer.abort('rung');
    }
    this.#rung = false;
  }
}
