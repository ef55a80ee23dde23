/** Where a span is, as W3C Trace Context has it: what is handed from one process to the next. */
export interface TraceContext {
  /** 32 hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all 0. */
  readonly spanId: string;
  /** Bit 0: whether the trace is recorded. */
  readonly traceFlags: number;
  /** What tracing systems add of their own, as it came. */
  readonly traceState?: string;
}

/** Version 00 has four fields; of a later one the first four mean the same. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 1;
/** Longer ones may be left out, says the recommendation. */
const MAX_STATE_LENGTH = 512;

/** The context of the headers `traceparent` and `tracestate`; undefined where there is none that is sound. */
export function parseTraceContext(traceparent: string | undefined, tracestate?: string): TraceContext | undefined {
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(traceparent?.trim() ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || (version === '00' && rest !== undefined)) return undefined;
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags ?? '', 16) };
  return tracestate === undefined || tracestate === '' || tracestate.length > MAX_STATE_LENGTH
    ? context
    : { ...context, traceState: tracestate };
}

/** Whether whoever began the trace wants it recorded. */
export function isSampled({ traceFlags }: TraceContext): boolean {
  return (traceFlags & SAMPLED) === SAMPLED;
}
