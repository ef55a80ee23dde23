import type { LateRule, OracleEvent, SessionDefinition, Span } from './model.ts';
import { hull, judge, overlap, type Judgement } from './rules.ts';

/** An event of one key, with its partition's watermark before it. */
export interface Arrived {
  readonly event: OracleEvent;
  readonly partition: string;
  readonly ownWatermark: number;
}

export interface Session {
  readonly span: Span;
  readonly events: readonly OracleEvent[];
}

export interface SessionOutcome {
  readonly sessions: readonly Session[];
  /** For each event: what became of it, judged on this window. */
  readonly judged: readonly { readonly arrived: Arrived; readonly judgement: Judgement; readonly span: Span }[];
}

/** The sessions of one key of one partition, event by event. */
export function sessionsInOrder(
  definition: SessionDefinition,
  lateRule: LateRule,
  arrivals: readonly Arrived[],
): SessionOutcome {
  const { gap, allowedLateness } = definition;
  let sessions: readonly { readonly span: Span; readonly events: OracleEvent[] }[] = [];
  const judged = arrivals.map((arrived) => {
    const { event, ownWatermark } = arrived;
    const alone: Span = { start: event.timestamp, end: event.timestamp + gap };
    // A session whose state the watermark has released takes no part any more.
    const joined = sessions.filter(({ span }) => overlap(span, alone) && ownWatermark < span.end + allowedLateness);
    const span = hull([alone, ...joined.map((session) => session.span)]);
    const judgement = judge({
      timestamp: event.timestamp,
      end: span.end,
      ownWatermark,
      watermark: ownWatermark,
      allowedLateness,
      lateRule,
    });
    if (judgement.outcome !== 'droppedLate') {
      const [first, ...others] = joined;
      // The first goes on as the merged one: copying its events each time would be quadratic.
      const events = first?.events ?? [];
      for (const other of others) events.push(...other.events);
      events.push(event);
      sessions = [...sessions.filter((session) => !joined.includes(session)), { span, events }];
    }
    return { arrived, judgement, span };
  });
  return { sessions, judged };
}

/**
 * True if no order of the partitions can change the sessions of a key: no event comes when its partition's
 * watermark has reached the end of what an event that it must share a session with had opened. No session that an
 * event belongs to can then have fired or gone before it, for the pipeline's watermark is never ahead of the
 * partition's.
 */
export function independentOfOrder(definition: SessionDefinition, arrivals: readonly Arrived[]): boolean {
  const times = arrivals.map(({ event }) => event.timestamp).toSorted((a, b) => a - b);
  let first = 0;
  return arrivals
    .toSorted((a, b) => a.event.timestamp - b.event.timestamp)
    .every(({ event, ownWatermark }) => {
      while ((times[first] ?? Infinity) <= event.timestamp - definition.gap) first += 1;
      return ownWatermark < (times[first] ?? Infinity) + definition.gap;
    });
}

/** The sessions of a key where no event is late: events less than a gap apart are together. */
export function sessionsOfAll(definition: SessionDefinition, arrivals: readonly Arrived[]): SessionOutcome {
  const inTime = arrivals.toSorted((a, b) => a.event.timestamp - b.event.timestamp);
  const groups: Arrived[][] = [];
  let previous = -Infinity;
  for (const arrived of inTime) {
    if (arrived.event.timestamp - previous >= definition.gap) groups.push([]);
    groups.at(-1)?.push(arrived);
    previous = arrived.event.timestamp;
  }
  const judged = groups.flatMap((group) => {
    const span = hull(group.map(({ event }) => ({ start: event.timestamp, end: event.timestamp + definition.gap })));
    return group.map((arrived) => {
      const onTime = arrived.event.timestamp >= arrived.ownWatermark;
      return { arrived, judgement: { outcome: onTime ? 'onTime' : 'outOfOrder' } as const, span };
    });
  });
  const sessions = groups.map((group) => ({
    span: hull(group.map(({ event }) => ({ start: event.timestamp, end: event.timestamp + definition.gap }))),
    events: group.map(({ event }) => event),
  }));
  return { sessions, judged };
}
