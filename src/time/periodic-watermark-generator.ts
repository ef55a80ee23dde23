import { ProcessorError } from '../errors/processor-error.ts';
import { parseDuration, type Duration } from './duration.ts';
import { instantFromJson, instantToJson, steadyTimeFromJson, storedField } from './snapshot-json.ts';
import type { Instant, Millis } from './instant.ts';
import type { WatermarkGenerator } from './watermark.ts';

/**
 * Hands on the newest watermark of another generator at most once an interval of the clock; what has not been
 * handed on has no effect. The first one is handed on at once. A clock that was set back ends the interval, since
 * it would otherwise hold the watermark until it has made up the difference.
 */
export class PeriodicWatermarkGenerator implements WatermarkGenerator {
  readonly kind: string;
  readonly intervalMs: Millis;
  readonly base: WatermarkGenerator;
  #newest: Instant = -Infinity;
  #handedOn: Instant = -Infinity;
  /** By the steady clock. −∞ until something has been handed on. */
  #handedOnAt = -Infinity;

  /** An interval of 0 hands everything on at once. @throws ProcessorError DURATION_INVALID. */
  constructor(interval: Duration, base: WatermarkGenerator) {
    this.intervalMs = parseDuration(interval, 'watermark interval');
    this.base = base;
    this.kind = `periodic(${base.kind ?? ''})`;
  }

  forPartition(): PeriodicWatermarkGenerator {
    return new PeriodicWatermarkGenerator(this.intervalMs, this.base.forPartition());
  }

  onEvent(timestamp: Instant, now: Instant): Instant {
    return this.#handOn(this.base.onEvent(timestamp, now), now);
  }

  onTick(now: Instant): Instant {
    return this.#handOn(this.base.onTick(now), now);
  }

  snapshot(): unknown {
    return {
      base: this.base.snapshot(),
      newest: instantToJson(this.#newest),
      handedOn: instantToJson(this.#handedOn),
      handedOnAt: instantToJson(this.#handedOnAt),
    };
  }

  /** @throws ProcessorError STATE_CORRUPT. */
  restore(snapshot: unknown): void {
    this.base.restore(storedField(snapshot, 'base'));
    this.#newest = instantFromJson(storedField(snapshot, 'newest'));
    this.#handedOn = instantFromJson(storedField(snapshot, 'handedOn'));
    // By the clock of whoever stored it: where that began elsewhere, the interval ends at once, or once more at the latest.
    this.#handedOnAt = steadyTimeFromJson(storedField(snapshot, 'handedOnAt'));
  }

  #handOn(watermark: Instant, now: Instant): Instant {
    if (Number.isNaN(watermark)) {
      throw new ProcessorError('watermark', 'WATERMARK_INVALID', 'a watermark generator returned NaN');
    }
    this.#newest = Math.max(this.#newest, watermark);
    const elapsed = now - this.#handedOnAt;
    if (this.#newest > this.#handedOn && (elapsed >= this.intervalMs || elapsed < 0)) {
      this.#handedOn = this.#newest;
      this.#handedOnAt = now;
    }
    return this.#handedOn;
  }
}
