import type { WindowType } from '../event/window.ts';
import type { Duration } from '../time/duration.ts';
import type { Instant, Millis } from '../time/instant.ts';

/** A span of event time `[start, end)`, no key yet. */
export interface TimeSpan {
  readonly start: Instant;
  readonly end: Instant;
}

/** Settings that all assigners share. */
export interface WindowOptions {
  /** Shifts window boundaries from multiples of the size (or slide) since 1970. Default 0; may be negative in ms. */
  readonly offset?: Duration;
  /** How long after its end a window still takes late events. Default 0, or the {@link LateEventHandler}'s. */
  readonly allowedLateness?: Duration;
}

/**
 * Decides which windows an event belongs to: an immutable value. `withOffset` and `withAllowedLateness` give a
 * changed copy.
 */
export interface WindowAssigner {
  readonly type: WindowType;
  /** Undefined where none was set, so that the pipeline's default applies. */
  readonly allowedLateness: Millis | undefined;
  /**
   * The windows of an event at `timestamp`, earliest first. For sessions, the window that the event alone opens.
   * Empty where the event falls in a gap between sliding windows.
   */
  assign(timestamp: Instant): readonly TimeSpan[];
  /** Text that tells the settings, the same for equal ones: `tumbling(size=5m)`. */
  describe(): string;
}
