import type { PipelinePlan } from '../plan/plan.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import type { Outbox } from './outbox.ts';

const LATE_EVENTS = 'late_events';
const DEAD_LETTERS = 'dead_letters';

/** A sink, and which items of an outbox are for it. */
export interface SinkPart {
  /** Name for logs, metrics and health; unique in the run. */
  readonly name: string;
  readonly sink: EventSink<never>;
  readonly of: keyof Outbox;
}

/** The sinks of a plan by their names, each with what it takes: results first, then late events, then dead letters. */
export function sinkParts(plan: PipelinePlan): readonly SinkPart[] {
  const names = sinkNames(plan);
  const parts: SinkPart[] = plan.sinks.map((sink, i) => part(sink, names[i] ?? 'sink', 'results'));
  if (plan.lateSink !== undefined) parts.push(part(plan.lateSink, LATE_EVENTS, 'lateEvents'));
  const deadLetterSink = plan.errorHandler.sink ?? plan.deadLetterSink;
  if (deadLetterSink !== undefined) parts.push(part(deadLetterSink, DEAD_LETTERS, 'deadLetters'));
  return parts;
}

/** What of an outbox is for a sink: items of the kind that it takes. */
export function itemsFor({ of }: SinkPart, outbox: Outbox): readonly never[] {
  const items: readonly unknown[] = outbox[of];
  return items as readonly never[];
}

function part<T>(sink: EventSink<T>, name: string, of: SinkPart['of']): SinkPart {
  return { sink, name, of };
}

/** The names of a plan's result sinks. Two of one kind are told apart by a number: `file`, `file-2`. */
export function sinkNames({ sinks }: Pick<PipelinePlan, 'sinks'>): readonly string[] {
  const taken = new Set([LATE_EVENTS, DEAD_LETTERS]);
  return sinks.map(({ name = 'sink' }) => {
    let unique = name;
    for (let n = 2; taken.has(unique); n += 1) unique = `${name}-${n}`;
    taken.add(unique);
    return unique;
  });
}
