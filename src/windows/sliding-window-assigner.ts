import { formatDuration, type Duration } from '../time/duration.ts';
import { toInstant, type Instant, type Millis } from '../time/instant.ts';
import { firstSlidingStart, lastSlidingStart } from './window-arithmetic.ts';
import type { TimeSpan, WindowAssigner, WindowOptions } from './window-assigner.ts';
import { describeOffset, windowLateness, windowLength, windowOffset, windowOptions } from './window-settings.ts';

/**
 * Windows of one size that start every `slide`. They overlap where the slide is shorter than the size, and leave
 * gaps where it is longer; the size need not be a multiple of the slide. Immutable.
 */
export class SlidingWindowAssigner implements WindowAssigner {
  readonly type = 'sliding';
  readonly sizeMs: Millis;
  readonly slideMs: Millis;
  readonly offsetMs: Millis;
  readonly allowedLateness: Millis | undefined;

  /** @throws ProcessorError WINDOW_INVALID or DURATION_INVALID. */
  constructor(size: Duration, slide: Duration, options: WindowOptions = {}) {
    this.sizeMs = windowLength(size, 'window size');
    this.slideMs = windowLength(slide, 'window slide');
    this.offsetMs = windowOffset(options.offset ?? 0);
    this.allowedLateness = windowLateness(options.allowedLateness);
  }

  /** The same windows with their starts shifted by `offset` from multiples of the slide since 1970. */
  withOffset(offset: Duration): SlidingWindowAssigner {
    return new SlidingWindowAssigner(this.sizeMs, this.slideMs, windowOptions(offset, this.allowedLateness));
  }

  /** The same windows, taking events until `allowedLateness` after their end. */
  withAllowedLateness(allowedLateness: Duration): SlidingWindowAssigner {
    return new SlidingWindowAssigner(this.sizeMs, this.slideMs, windowOptions(this.offsetMs, allowedLateness));
  }

  /** @throws ProcessorError TIMESTAMP_INVALID. */
  assign(timestamp: Instant): readonly TimeSpan[] {
    const at = toInstant(timestamp);
    const spans: TimeSpan[] = [];
    const last = lastSlidingStart(at, this.slideMs, this.offsetMs);
    let start = firstSlidingStart(at, this.sizeMs, this.slideMs, this.offsetMs);
    for (; start <= last; start += this.slideMs) spans.push({ start, end: start + this.sizeMs });
    return spans;
  }

  describe(): string {
    const size = formatDuration(this.sizeMs);
    return `sliding(size=${size}, slide=${formatDuration(this.slideMs)}${describeOffset(this.offsetMs)})`;
  }
}
