import { ProcessorError } from '../errors/processor-error.ts';
import { formatInstant, type Instant } from '../time/instant.ts';
import type { GroupingKey } from './grouping-key.ts';

/** The three kinds of windows. */
export type WindowType = 'tumbling' | 'sliding' | 'session';

/** A span of event time `[start, end)` of one key; `key` is null where nothing is grouped. */
export class Window {
  /** First instant that belongs to the window. */
  readonly start: Instant;
  /** First instant after the window. */
  readonly end: Instant;
  readonly key: GroupingKey | null;

  /** @throws ProcessorError WINDOW_INVALID unless start < end. */
  constructor(start: Instant, end: Instant, key: GroupingKey | null = null) {
    if (!(start < end)) {
      throw new ProcessorError(
        'window-assignment',
        'WINDOW_INVALID',
        `a window must start before it ends: [${start}, ${end})`,
      );
    }
    this.start = start;
    this.end = end;
    this.key = key;
  }

  contains(at: Instant): boolean {
    return at >= this.start && at < this.end;
  }

  toJSON(): { readonly start: string; readonly end: string; readonly key: string | null } {
    return { start: formatInstant(this.start), end: formatInstant(this.end), key: this.key?.toString() ?? null };
  }
}
