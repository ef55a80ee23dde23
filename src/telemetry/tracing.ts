import { messageOf } from '../errors/message-of.ts';
import { context, isSpanContextValid, SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';

const TRACER = 'llm-optimizer-processor';

/**
 * Runs `run` inside a span of OpenTelemetry. Its error, thrown or rejected, is recorded on the span and passed on.
 * Without an SDK registered by the host it is a plain call: `attributes`, where given as a function, is not even
 * called. For the coarse steps (epoch, commit, delivery), never for single events.
 */
export function traced<T>(
  name: string,
  attributes: Attributes | (() => Attributes),
  run: (span: Span) => Promise<T>,
): Promise<T>;
export function traced<T>(name: string, attributes: Attributes | (() => Attributes), run: (span: Span) => T): T;
export function traced<T>(
  name: string,
  attributes: Attributes | (() => Attributes),
  run: (span: Span) => T | Promise<T>,
): T | Promise<T> {
  const span = trace.getTracer(TRACER).startSpan(name);
  // The no-op span of a process without an SDK. A span that was not sampled has a valid context, which must still
  // be passed on: what happens within it follows its decision.
  if (!isSpanContextValid(span.spanContext())) return run(span);
  if (span.isRecording()) span.setAttributes(typeof attributes === 'function' ? attributes() : attributes);
  return context.with(trace.setSpan(context.active(), span), () => runInside(span, run));
}

function runInside<T>(span: Span, run: (span: Span) => T | Promise<T>): T | Promise<T> {
  let result: T | Promise<T>;
  try {
    result = run(span);
  } catch (error) {
    fail(span, error);
    throw error;
  }
  if (!(result instanceof Promise)) {
    span.end();
    return result;
  }
  return result.then(
    (value) => {
      span.end();
      return value;
    },
    (error: unknown) => {
      fail(span, error);
      throw error;
    },
  );
}

function fail(span: Span, error: unknown): void {
  const message = messageOf(error);
  span.recordException(error instanceof Error ? error : message);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.end();
}
