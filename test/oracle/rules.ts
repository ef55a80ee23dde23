import type { LateRule, SlidingDefinition, Span, TumblingDefinition } from './model.ts';

/** Every window `[n·slide + offset, … + size)` that holds the instant, found by trying each n that could. */
export function spansAt(definition: TumblingDefinition | SlidingDefinition, at: number): readonly Span[] {
  const slide = definition.type === 'sliding' ? definition.slide : definition.size;
  const { size, offset } = definition;
  const spans: Span[] = [];
  const last = Math.ceil((at - offset) / slide) + 1;
  for (let n = Math.floor((at - offset - size) / slide) - 1; n <= last; n += 1) {
    const start = n * slide + offset;
    if (start <= at && at < start + size) spans.push({ start, end: start + size });
  }
  return spans;
}

/** True if two sessions of one key are one: they share an instant. Touching is not enough. */
export function overlap(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end;
}

/** The span from the first start to the last end. */
export function hull(spans: readonly Span[]): Span {
  return {
    start: spans.reduce((least, span) => Math.min(least, span.start), Infinity),
    end: spans.reduce((greatest, span) => Math.max(greatest, span.end), -Infinity),
  };
}

export interface Arrival {
  readonly timestamp: number;
  /** End of the window; of a session, after merging. */
  readonly end: number;
  /** Watermark of the event's partition before the event. */
  readonly ownWatermark: number;
  /** Watermark of the pipeline as last handed on. */
  readonly watermark: number;
  readonly allowedLateness: number;
  readonly lateRule: LateRule;
}

export type Judgement =
  | { readonly outcome: 'onTime' | 'outOfOrder' | 'acceptedLate' }
  /** With the watermark that closed the window to the event. */
  | { readonly outcome: 'droppedLate'; readonly watermark: number };

/** What becomes of an event in one of its windows. */
export function judge(arrival: Arrival): Judgement {
  const { timestamp, end, ownWatermark, watermark, allowedLateness } = arrival;
  const bound = ownWatermark - allowedLateness;
  const open = ownWatermark < end;
  const tolerated = arrival.lateRule === 'event' ? timestamp >= bound : end > bound;
  if (!open && !tolerated) return { outcome: 'droppedLate', watermark: ownWatermark };
  // The state is gone: only a partition that was idle can be so far behind the others.
  if (watermark >= end + allowedLateness) return { outcome: 'droppedLate', watermark };
  if (!open) return { outcome: 'acceptedLate' };
  return { outcome: timestamp >= ownWatermark ? 'onTime' : 'outOfOrder' };
}

/** The watermark of a partition before each of its events, by bounded out-of-orderness. */
export function watermarksBefore(timestamps: readonly number[], outOfOrderness: number | null): readonly number[] {
  let greatest = -Infinity;
  return timestamps.map((timestamp) => {
    const before = outOfOrderness === null ? -Infinity : greatest - outOfOrderness;
    greatest = Math.max(greatest, timestamp);
    return before;
  });
}
