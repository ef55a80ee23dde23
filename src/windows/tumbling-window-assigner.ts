import { formatDuration, type Duration } from '../time/duration.ts';
import { toInstant, type Instant, type Millis } from '../time/instant.ts';
import { tumblingStart } from './window-arithmetic.ts';
import type { TimeSpan, WindowAssigner, WindowOptions } from './window-assigner.ts';
import { describeOffset, windowLateness, windowLength, windowOffset, windowOptions } from './window-settings.ts';

/** Windows of one size, end to end: every event belongs to exactly one. Immutable. */
export class TumblingWindowAssigner implements WindowAssigner {
  readonly type = 'tumbling';
  readonly sizeMs: Millis;
  readonly offsetMs: Millis;
  readonly allowedLateness: Millis | undefined;

  /** @throws ProcessorError WINDOW_INVALID or DURATION_INVALID. */
  constructor(size: Duration, options: WindowOptions = {}) {
    this.sizeMs = windowLength(size, 'window size');
    this.offsetMs = windowOffset(options.offset ?? 0);
    this.allowedLateness = windowLateness(options.allowedLateness);
  }

  /** The same windows with their boundaries shifted by `offset` from multiples of the size since 1970. */
  withOffset(offset: Duration): TumblingWindowAssigner {
    return new TumblingWindowAssigner(this.sizeMs, windowOptions(offset, this.allowedLateness));
  }

  /** The same windows, taking events until `allowedLateness` after their end. */
  withAllowedLateness(allowedLateness: Duration): TumblingWindowAssigner {
    return new TumblingWindowAssigner(this.sizeMs, windowOptions(this.offsetMs, allowedLateness));
  }

  /** @throws ProcessorError TIMESTAMP_INVALID. */
  assign(timestamp: Instant): readonly TimeSpan[] {
    const start = tumblingStart(toInstant(timestamp), this.sizeMs, this.offsetMs);
    return [{ start, end: start + this.sizeMs }];
  }

  describe(): string {
    return `tumbling(size=${formatDuration(this.sizeMs)}${describeOffset(this.offsetMs)})`;
  }
}
