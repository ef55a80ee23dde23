import type { AggregationResult } from '../results/aggregation-result.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { LateEvent } from '../results/late-event.ts';

/** What one epoch has to deliver. */
export interface Outbox {
  readonly results: AggregationResult[];
  readonly lateEvents: LateEvent[];
  readonly deadLetters: DeadLetter[];
}

/** An outbox with nothing in it. */
export function emptyOutbox(): Outbox {
  return { results: [], lateEvents: [], deadLetters: [] };
}

/** Number of items in an outbox. */
export function outboxSize(outbox: Outbox): number {
  return outbox.results.length + outbox.lateEvents.length + outbox.deadLetters.length;
}
