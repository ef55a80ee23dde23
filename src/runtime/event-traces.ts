import type { EventBatch } from '../event/event-batch.ts';
import type { KeyDictionary } from '../event/key-dictionary.ts';
import type { AggregationResult } from '../results/aggregation-result.ts';
import type { TraceContext } from '../telemetry/trace-context.ts';
import { EventSpan } from '../telemetry/tracing.ts';
import type { Clock } from '../time/clock.ts';
import type { Instant } from '../time/instant.ts';
import type { Outbox } from './outbox.ts';

/** Spans that are not yet over, and events remembered for the results they go into: at most so many each, the oldest go. */
const MOST_EVENTS = 1000;
/** Links of a span, at most: what the SDK of OpenTelemetry keeps by default. */
const MOST_LINKS = 128;

/** The traces of the events in a result, for as long as the result is there. */
const tracesOfResults = new WeakMap<object, readonly TraceContext[]>();

/** An event that has gone into its windows. */
interface Traced {
  readonly at: Instant;
  readonly context: TraceContext;
}

/** The traces of the events that went into some items to deliver, each once; bounded. */
export function tracesOf(items: readonly unknown[]): readonly TraceContext[] {
  const found = new Map<string, TraceContext>();
  for (const item of items) {
    const traces = typeof item === 'object' && item !== null ? tracesOfResults.get(item) : undefined;
    for (const context of traces ?? []) {
      if (found.size >= MOST_LINKS) return [...found.values()];
      found.set(context.spanId, context);
    }
  }
  return [...found.values()];
}

/**
 * Follows the events of sampled traces: a span for each from its receipt to the commit of its epoch, and which results it has
 * gone into. Where no block brings traces nothing is done. What it knows is not kept with the state: after a crash the
 * results that are delivered again have no traces.
 */
export class EventTraces {
  readonly #clock: Clock;
  readonly #keys: KeyDictionary;
  /** By the text of the key; in the order of their arrival. */
  readonly #events = new Map<string, Traced[]>();
  #count = 0;
  /** Spans of the epoch that is being read, and of the one that is being committed. */
  #open: EventSpan[] = [];
  #closing: EventSpan[] = [];
  /** How much the outbox held before the block. */
  #before = { deadLetters: 0, lateEvents: 0 };

  constructor(clock: Clock, keys: KeyDictionary) {
    this.#clock = clock;
    this.#keys = keys;
  }

  /** A block comes: what is in the outbox by now is of others. */
  expect({ deadLetters, lateEvents }: Outbox): void {
    this.#before = { deadLetters: deadLetters.length, lateEvents: lateEvents.length };
  }

  /** It has gone into the windows, and what of it could not is in the outbox. */
  note(partition: string, batch: EventBatch, outbox: Outbox): void {
    const { block } = batch;
    if (block.traces === undefined || block.traces.size === 0) return;
    const now = this.#clock.now();
    const letters = new Map(
      outbox.deadLetters.slice(this.#before.deadLetters).map((letter) => [letter.offset, letter]),
    );
    const late = new Set(outbox.lateEvents.slice(this.#before.lateEvents).map(({ offset }) => offset));
    const events = eventsByRecord(batch);
    for (const [record, parent] of block.traces) {
      const offset = block.offsets[record] ?? Number.NaN;
      const attributes = { 'processor.partition': partition, 'processor.offset': offset };
      const span = EventSpan.start('processor.event', { parent, attributes, startedAt: block.receivedAt });
      if (span === undefined) continue;
      const letter = letters.get(offset);
      const own = events.get(record) ?? [];
      if (letter !== undefined) span.end(now, `rejected: ${letter.code}`);
      else if (own.length === 0) {
        span.note('filtered', {}, now);
        span.end(now);
      } else {
        span.note(late.has(offset) ? 'too late for a window' : 'aggregated', {}, now);
        this.#keepOpen(span, now);
        for (const index of own) this.#remember(batch, index, span.context);
      }
    }
  }

  /** An epoch is closed: its results are told by which events they are. */
  close(results: readonly AggregationResult[]): void {
    this.#endAll(this.#closing, 'the epoch was not committed');
    this.#closing = this.#open;
    this.#open = [];
    if (this.#count === 0) return;
    for (const result of results) {
      const { start, end, key } = result.window;
      const traced = this.#events.get(key?.toString() ?? '') ?? [];
      const inside = traced.filter(({ at }) => at >= start && at < end).slice(0, MOST_LINKS);
      if (inside.length > 0)
        tracesOfResults.set(
          result,
          inside.map(({ context }) => context),
        );
    }
  }

  /** The epoch that was closed is committed. */
  committed(): void {
    this.#endAll(this.#closing);
    this.#closing = [];
  }

  /** The run is over. What was not committed will be read again. */
  end(): void {
    this.#endAll([...this.#closing, ...this.#open], 'the run ended before the epoch was committed');
    this.#closing = [];
    this.#open = [];
  }

  #keepOpen(span: EventSpan, now: Instant): void {
    if (this.#open.length >= MOST_EVENTS) span.end(now);
    else this.#open.push(span);
  }

  #remember(batch: EventBatch, index: number, context: TraceContext): void {
    const key = this.#keys.keyOf(batch.keys[index] ?? 0)?.toString() ?? '';
    const events = this.#events.get(key) ?? [];
    // Set anew, so that the key that was seen longest ago is the first.
    this.#events.delete(key);
    this.#events.set(key, events);
    events.push({ at: batch.timestamps[index] ?? Number.NaN, context });
    this.#count += 1;
    while (this.#count > MOST_EVENTS) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [key, events] of this.#events) {
      events.shift();
      this.#count -= 1;
      if (events.length === 0) this.#events.delete(key);
      return;
    }
  }

  #endAll(spans: readonly EventSpan[], error?: string): void {
    const now = this.#clock.now();
    for (const span of spans) {
      if (error === undefined) span.note('committed', {}, now);
      span.end(now, error);
    }
  }
}

/** The events of each record, by their index in the batch. */
function eventsByRecord({ records, count }: EventBatch): ReadonlyMap<number, readonly number[]> {
  const events = new Map<number, number[]>();
  for (let index = 0; index < count; index += 1) {
    const record = records[index] ?? 0;
    const own = events.get(record);
    if (own === undefined) events.set(record, [index]);
    else own.push(index);
  }
  return events;
}
