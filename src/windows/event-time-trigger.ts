import type { Window } from '../event/window.ts';
import type { Watermark } from '../time/watermark.ts';
import type { WindowTrigger } from './window-trigger.ts';

/** Fires when the watermark reaches the window's end and never before: what a pipeline does without a trigger. */
export class EventTimeTrigger implements WindowTrigger {
  shouldFire(window: Window, watermark: Watermark): boolean {
    return watermark.timestamp >= window.end;
  }
}
