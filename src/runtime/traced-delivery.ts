import type { TraceContext } from '../telemetry/trace-context.ts';
import { contextOf, EventSpan, isTracing, traced } from '../telemetry/tracing.ts';
import type { Clock } from '../time/clock.ts';
import { tracesOf } from './event-traces.ts';

/** What is delivered, and to whom. */
export interface DeliveryToTrace {
  readonly sink: string;
  readonly epoch: number;
  readonly items: readonly unknown[];
  readonly clock: Clock;
}

/**
 * Delivers inside a span, with links to the events that went into what is delivered; and in the trace of each of these, a
 * span that says how long its result was on the way to the sink.
 */
export async function tracedDelivery(delivery: DeliveryToTrace, run: () => Promise<void>): Promise<void> {
  const { sink, epoch, items, clock } = delivery;
  // Looked up only where somebody takes what comes of it.
  const events = isTracing() ? tracesOf(items) : [];
  const startedAt = clock.now();
  let own: TraceContext | undefined;
  const attributes = (): Record<string, string | number> => ({ sink, epoch, items: items.length });
  const work = async (): Promise<void> => {
    let error: string | undefined = 'the delivery failed';
    try {
      await run();
      error = undefined;
    } finally {
      const links = own === undefined ? [] : [own];
      for (const parent of events) {
        const result = EventSpan.start('processor.result', { parent, attributes: { sink, epoch }, startedAt, links });
        result?.end(clock.now(), error);
      }
    }
  };
  await traced(
    'processor.delivery',
    attributes,
    (span) => {
      own = contextOf(span);
      return work();
    },
    events,
  );
}
