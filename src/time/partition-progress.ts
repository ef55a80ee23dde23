import { ProcessorError } from '../errors/processor-error.ts';
import type { Instant, Millis } from './instant.ts';
import type { PartitionSnapshot, PartitionState } from './progress-snapshot.ts';
import { instantFromJson, instantToJson } from './snapshot-json.ts';
import type { WatermarkGenerator } from './watermark.ts';

/** Progress of one partition: its watermark, which never falls, and whether it is silent. */
export class PartitionProgress {
  readonly id: string;
  state: PartitionState = 'active';
  caughtUp = false;
  watermark: Instant = -Infinity;
  silentSince: Instant;
  readonly #generator: WatermarkGenerator;

  constructor(id: string, generator: WatermarkGenerator, now: Instant) {
    this.id = id;
    this.#generator = generator;
    this.silentSince = now;
  }

  /** Notes `count` > 0 events; puts the watermark in force before each into `before`. */
  observe(timestamps: Float64Array, count: number, before: Float64Array, now: Instant): void {
    this.state = 'active';
    this.silentSince = now;
    this.#guard(() => {
      if (this.#generator.observeAll === undefined) this.#observeEach(timestamps, count, before, now);
      else this.#observeAll(this.#generator.observeAll(timestamps, count, before, now), count, before);
    });
  }

  /** Goes idle after `idleTimeoutMs` without an event and with nothing left to read. */
  tick(now: Instant, idleTimeoutMs: Millis): void {
    if (this.state === 'finished') return;
    this.#guard(() => this.#raiseTo(this.#generator.onTick(now)));
    // A clock that was set back would make the silence negative: it then begins anew.
    if (now < this.silentSince) this.silentSince = now;
    if (this.state === 'active' && this.caughtUp && now - this.silentSince >= idleTimeoutMs) {
      this.state = 'idle';
    }
  }

  snapshot(): PartitionSnapshot {
    const { kind } = this.#generator;
    return {
      id: this.id,
      state: this.state,
      watermark: instantToJson(this.watermark),
      ...(kind === undefined ? {} : { generatorKind: kind }),
      generator: this.#generator.snapshot(),
    };
  }

  /** Silence is measured anew: the time the processor was down is none of the partition's. */
  restore(snapshot: PartitionSnapshot): void {
    this.state = snapshot.state;
    this.watermark = instantFromJson(snapshot.watermark);
    if (snapshot.generatorKind === this.#generator.kind) this.#generator.restore(snapshot.generator);
  }

  /** A fresh generator in the place of another is behind the watermark that the partition has reached. */
  #observeAll(watermark: Instant, count: number, before: Float64Array): void {
    const reached = this.watermark;
    for (let i = 0; i < count && (before[i] ?? reached) < reached; i++) before[i] = reached;
    this.#raiseTo(watermark);
  }

  #observeEach(timestamps: Float64Array, count: number, before: Float64Array, now: Instant): void {
    for (let i = 0; i < count; i++) {
      before[i] = this.watermark;
      this.#raiseTo(this.#generator.onEvent(timestamps[i] ?? Number.NaN, now));
    }
  }

  #raiseTo(watermark: Instant): void {
    if (!Number.isInteger(watermark) && watermark !== Infinity && watermark !== -Infinity) {
      throw new ProcessorError(
        'watermark',
        'WATERMARK_INVALID',
        `the watermark generator returned ${String(watermark)} for partition "${this.id}", which is no instant`,
      );
    }
    if (watermark > this.watermark) this.watermark = watermark;
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (cause) {
      if (ProcessorError.is(cause)) throw cause;
      throw new ProcessorError(
        'watermark',
        'WATERMARK_INVALID',
        `the watermark generator threw for partition "${this.id}"`,
        { cause },
      );
    }
  }
}
