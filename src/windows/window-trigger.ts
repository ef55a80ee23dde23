import type { Window } from '../event/window.ts';
import type { Watermark } from '../time/watermark.ts';
import type { Instant } from '../time/instant.ts';

/** What a trigger may know beyond the window and the watermark. */
export interface TriggerContext {
  /** The clock's time: now. */
  readonly now: Instant;
  /** When the window's last pane was fired, or, before the first, when its first event came; by the clock. */
  readonly since: Instant;
}

/**
 * Decides when a window fires before its time. The pipeline itself fires every window once when the watermark
 * reaches its end, and again after late events; a trigger adds early firings, and says when state may go.
 */
export interface WindowTrigger {
  /**
   * Asked after each element of a window and at each tick of the clock, until the watermark reaches the window's
   * end. `elementCount` counts the elements since the window's last firing; a window with none does not fire again.
   */
  shouldFire(window: Window, watermark: Watermark, elementCount: number, context: TriggerContext): boolean;
  /**
   * Asked once the watermark has reached the window's end: may its state go? Must depend on nothing but the
   * arguments, and stay true once it is. By default: when the watermark ≥ end + allowed lateness.
   */
  shouldPurge?(window: Window, watermark: Watermark): boolean;
}
