import { messageOf } from '../errors/message-of.ts';
import {
  context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type SpanContext,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { isSampled, type TraceContext } from './trace-context.ts';

const TRACER = 'llm-optimizer-processor';

/**
 * Runs `run` inside a span of OpenTelemetry. Its error, thrown or rejected, is recorded on the span and passed on.
 * Without an SDK registered by the host it is a plain call: `attributes`, where given as a function, is not even
 * called. For the coarse steps (epoch, commit, delivery); single events have an {@link EventSpan}. `links`: what else, in
 * other traces, the step is about.
 */
export function traced<T>(
  name: string,
  attributes: Attributes | (() => Attributes),
  run: (span: Span) => Promise<T>,
  links?: readonly TraceContext[],
): Promise<T>;
export function traced<T>(
  name: string,
  attributes: Attributes | (() => Attributes),
  run: (span: Span) => T,
  links?: readonly TraceContext[],
): T;
export function traced<T>(
  name: string,
  attributes: Attributes | (() => Attributes),
  run: (span: Span) => T | Promise<T>,
  links: readonly TraceContext[] = [],
): T | Promise<T> {
  const options = links.length === 0 ? {} : { links: links.map((link) => ({ context: spanContextOf(link) })) };
  const span = trace.getTracer(TRACER).startSpan(name, options);
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

/** Whether there is anybody who takes spans: without an SDK of the host nothing is made for them. */
export function isTracing(): boolean {
  return activeTracer() !== undefined;
}

/** How an event's way is told. */
export interface EventSpanOptions {
  readonly parent: TraceContext;
  readonly attributes: Attributes;
  /** By the wall clock, in ms since 1970. */
  readonly startedAt: number;
  readonly links?: readonly TraceContext[];
}

/** The span of one event, or of one step on its way, in the trace that the event came with. */
export class EventSpan {
  readonly #span: Span;

  private constructor(span: Span) {
    this.#span = span;
  }

  /** Begins a span; undefined where nobody takes it, or the one who began the trace does not want it recorded. */
  static start(name: string, { parent, attributes, startedAt, links = [] }: EventSpanOptions): EventSpan | undefined {
    const tracer = isSampled(parent) ? activeTracer() : undefined;
    if (tracer === undefined) return undefined;
    const options = {
      kind: SpanKind.CONSUMER,
      attributes,
      startTime: timeOf(startedAt),
      links: links.map((link) => ({ context: spanContextOf(link) })),
    };
    const remote = trace.setSpanContext(ROOT_CONTEXT, spanContextOf(parent));
    return new EventSpan(tracer.startSpan(name, options, remote));
  }

  /** Where it is, for the steps that follow. */
  get context(): TraceContext {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    return { traceId, spanId, traceFlags };
  }

  /** Something has happened to the event. */
  note(what: string, attributes: Attributes, at: number): void {
    this.#span.addEvent(what, attributes, timeOf(at));
  }

  /** The event's way has ended; `error` says why where it has not led to a result. */
  end(at: number, error?: string): void {
    if (error !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    this.#span.end(timeOf(at));
  }
}

/** The context of the step that is under way; undefined where none is recorded. */
export function contextOf(span: Span): TraceContext | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return isSpanContextValid(span.spanContext()) ? { traceId, spanId, traceFlags } : undefined;
}

/** What the API gives in place of a provider: as long as none is registered it has no tracer to pass on to. */
interface DelegatingProvider extends TracerProvider {
  getDelegateTracer(name: string): Tracer | undefined;
}

function activeTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  return isDelegating(provider) ? provider.getDelegateTracer(TRACER) : provider.getTracer(TRACER);
}

function isDelegating(provider: TracerProvider): provider is DelegatingProvider {
  return 'getDelegateTracer' in provider;
}

function spanContextOf({ traceId, spanId, traceFlags, traceState }: TraceContext): SpanContext {
  const spanContext = { traceId, spanId, traceFlags, isRemote: true };
  return traceState === undefined ? spanContext : { ...spanContext, traceState: createTraceState(traceState) };
}

/** As seconds and nanoseconds: a plain number would be taken for another clock's where it is small. */
function timeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
