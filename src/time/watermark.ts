import type { Instant } from './instant.ts';

/**
 * A promise: no more events with a timestamp before `timestamp`. −∞ before anything is known, +∞ at the end of
 * the input.
 */
export class Watermark {
  static readonly MIN = new Watermark(-Infinity);
  static readonly MAX = new Watermark(Infinity);

  readonly timestamp: Instant;

  constructor(timestamp: Instant) {
    this.timestamp = timestamp;
  }
}

/**
 * Makes the watermarks of one partition from its events. The pipeline is given one generator as a model and asks
 * it for a fresh one per partition. What it returns may fall; the pipeline never lets the watermark fall.
 */
export interface WatermarkGenerator {
  /**
   * Optional: what sort of snapshot this one makes. One of another kind is not given to it: after a change of
   * generators a partition begins with a fresh one, at the watermark that it had reached.
   */
  readonly kind?: string;
  /** A generator with the same settings that has seen nothing yet. */
  forPartition(): WatermarkGenerator;
  /**
   * Takes note of an event; returns the watermark handed on from here, −∞ if none yet. `now` is the steady time of the
   * clock: good for intervals, and no instant.
   */
  onEvent(timestamp: Instant, now: Instant): Instant;
  /**
   * Optional, for speed: the same as {@link WatermarkGenerator.onEvent} for the first `count` timestamps in turn.
   * Puts the watermark in force before each event into `before`, and returns the one in force after the last.
   * Here neither may fall. Not called with a `count` of 0.
   */
  observeAll?(timestamps: Float64Array, count: number, before: Float64Array, now: Instant): Instant;
  /** Time has passed without an event; returns the watermark handed on from here. */
  onTick(now: Instant): Instant;
  /** What {@link WatermarkGenerator.restore} needs to go on from here after a restart; any JSON value. */
  snapshot(): unknown;
  /** Goes on from a {@link WatermarkGenerator.snapshot}. */
  restore(snapshot: unknown): void;
}
