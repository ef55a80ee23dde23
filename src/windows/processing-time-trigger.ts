import { ProcessorError } from '../errors/processor-error.ts';
import type { Window } from '../event/window.ts';
import { parseDuration, type Duration } from '../time/duration.ts';
import type { Millis } from '../time/instant.ts';
import type { Watermark } from '../time/watermark.ts';
import type { TriggerContext, WindowTrigger } from './window-trigger.ts';

/** Fires early once an interval of the clock, as long as there are new elements. */
export class ProcessingTimeTrigger implements WindowTrigger {
  readonly intervalMs: Millis;

  /** @throws ProcessorError DURATION_INVALID, or CONFIG_INVALID for an interval of 0. */
  constructor(interval: Duration) {
    this.intervalMs = parseDuration(interval, 'trigger interval');
    if (this.intervalMs === 0) {
      throw new ProcessorError('configuration', 'CONFIG_INVALID', 'trigger interval must be longer than 0');
    }
  }

  shouldFire(_window: Window, _watermark: Watermark, elementCount: number, context: TriggerContext): boolean {
    if (elementCount === 0) return false;
    const elapsed = context.now - context.since;
    // A clock that was set back must not silence the trigger until it has made up the difference.
    return elapsed >= this.intervalMs || elapsed < 0;
  }
}
