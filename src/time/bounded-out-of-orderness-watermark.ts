import { parseDuration, type Duration } from './duration.ts';
import { instantFromJson, instantToJson, storedField } from './snapshot-json.ts';
import type { Instant, Millis } from './instant.ts';
import type { WatermarkGenerator } from './watermark.ts';

/** The watermark follows the latest event at a fixed distance: `max timestamp − maxOutOfOrderness`. Never falls. */
export class BoundedOutOfOrdernessWatermark implements WatermarkGenerator {
  readonly kind = 'bounded';
  readonly maxOutOfOrdernessMs: Millis;
  #watermark: Instant = -Infinity;

  /** @throws ProcessorError DURATION_INVALID. */
  constructor(maxOutOfOrderness: Duration) {
    this.maxOutOfOrdernessMs = parseDuration(maxOutOfOrderness, 'max out-of-orderness');
  }

  forPartition(): BoundedOutOfOrdernessWatermark {
    return new BoundedOutOfOrdernessWatermark(this.maxOutOfOrdernessMs);
  }

  onEvent(timestamp: Instant): Instant {
    this.#watermark = Math.max(this.#watermark, timestamp - this.maxOutOfOrdernessMs);
    return this.#watermark;
  }

  onTick(): Instant {
    return this.#watermark;
  }

  observeAll(timestamps: Float64Array, count: number, before: Float64Array): Instant {
    const distance = this.maxOutOfOrdernessMs;
    let watermark = this.#watermark;
    for (let i = 0; i < count; i++) {
      before[i] = watermark;
      const next = (timestamps[i] ?? -Infinity) - distance;
      if (next > watermark) watermark = next;
    }
    this.#watermark = watermark;
    return watermark;
  }

  snapshot(): unknown {
    return { watermark: instantToJson(this.#watermark) };
  }

  /** @throws ProcessorError STATE_CORRUPT. */
  restore(snapshot: unknown): void {
    this.#watermark = instantFromJson(storedField(snapshot, 'watermark'));
  }
}
