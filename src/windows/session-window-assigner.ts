import { formatDuration, type Duration } from '../time/duration.ts';
import { toInstant, type Instant, type Millis } from '../time/instant.ts';
import type { TimeSpan, WindowAssigner, WindowOptions } from './window-assigner.ts';
import { windowLateness, windowLength } from './window-settings.ts';

/**
 * Windows that last as long as events of a key come less than a gap apart. The assigner gives the window
 * `[t, t + gap)` that an event opens alone; the engine merges those that overlap. Immutable.
 */
export class SessionWindowAssigner implements WindowAssigner {
  readonly type = 'session';
  readonly gapMs: Millis;
  readonly allowedLateness: Millis | undefined;

  /** @throws ProcessorError WINDOW_INVALID or DURATION_INVALID. */
  constructor(gap: Duration, options: Omit<WindowOptions, 'offset'> = {}) {
    this.gapMs = windowLength(gap, 'session gap');
    this.allowedLateness = windowLateness(options.allowedLateness);
  }

  /** The same windows, taking events until `allowedLateness` after their end. */
  withAllowedLateness(allowedLateness: Duration): SessionWindowAssigner {
    return new SessionWindowAssigner(this.gapMs, { allowedLateness });
  }

  /** @throws ProcessorError TIMESTAMP_INVALID. */
  assign(timestamp: Instant): readonly TimeSpan[] {
    const start = toInstant(timestamp);
    return [{ start, end: start + this.gapMs }];
  }

  describe(): string {
    return `session(gap=${formatDuration(this.gapMs)})`;
  }
}
