import type { LateRule } from '../engine/engine-options.ts';
import type { LateEvent } from '../results/late-event.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import { parseDuration, type Duration } from '../time/duration.ts';
import type { Millis } from '../time/instant.ts';

/**
 * What happens to late events: how late an event may be and still update its window (for windows that set no
 * lateness of their own), and where those that are later go. Immutable.
 */
export class LateEventHandler {
  readonly allowedLatenessMs: Millis;
  readonly rule: LateRule;
  /** Undefined: too late events are counted and dropped. */
  readonly sideOutput: EventSink<LateEvent> | undefined;

  /** @throws ProcessorError DURATION_INVALID. */
  constructor(
    allowedLateness: Duration,
    options: { readonly rule?: LateRule; readonly sideOutput?: EventSink<LateEvent> } = {},
  ) {
    this.allowedLatenessMs = parseDuration(allowedLateness, 'allowed lateness');
    this.rule = options.rule ?? 'event';
    this.sideOutput = options.sideOutput;
  }

  /** The same handler with too late events going to `sink`. */
  withSideOutput(sink: EventSink<LateEvent>): LateEventHandler {
    return new LateEventHandler(this.allowedLatenessMs, { rule: this.rule, sideOutput: sink });
  }
}
