import type { Instant } from '../time/instant.ts';
import type { WatermarkGenerator } from '../time/watermark.ts';

/** A generator that also takes watermarks set by hand: the higher of the two counts. */
export class DrivenWatermark implements WatermarkGenerator {
  readonly #base: WatermarkGenerator | null;
  readonly #made: (generator: DrivenWatermark) => void;
  #set: Instant = -Infinity;
  #generated: Instant = -Infinity;

  /** Without a base, only what is set by hand counts. `made` is told of every generator made for a partition. */
  constructor(base: WatermarkGenerator | null, made: (generator: DrivenWatermark) => void) {
    this.#base = base;
    this.#made = made;
  }

  forPartition(): DrivenWatermark {
    const generator = new DrivenWatermark(this.#base?.forPartition() ?? null, this.#made);
    this.#made(generator);
    return generator;
  }

  set(watermark: Instant): void {
    this.#set = Math.max(this.#set, watermark);
  }

  onEvent(timestamp: Instant, now: Instant): Instant {
    if (this.#base !== null) this.#generated = this.#base.onEvent(timestamp, now);
    return Math.max(this.#set, this.#generated);
  }

  onTick(now: Instant): Instant {
    if (this.#base !== null) this.#generated = this.#base.onTick(now);
    return Math.max(this.#set, this.#generated);
  }

  snapshot(): unknown {
    return this.#base?.snapshot() ?? null;
  }

  restore(snapshot: unknown): void {
    this.#base?.restore(snapshot);
  }
}
