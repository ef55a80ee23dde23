import type { ErrorCode } from '../errors/codes.ts';
import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { Clock } from '../time/clock.ts';
import type { ComponentStatus } from './status.ts';

/** A delivery that has gone on this long is told of as a fault. */
const SLOW_DELIVERY_MS = 5000;

/** What no item is to blame for, and what goes when somebody has seen to it. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['SINK_FULL', 'SINK_UNAVAILABLE', 'KAFKA_UNREACHABLE']);

/** Of these, that there is nobody to deliver to. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set(['SINK_UNAVAILABLE', 'KAFKA_UNREACHABLE']);

/** What says less than that a sink failed, once it is over. */
const UNSPECIFIC: ReadonlySet<ErrorCode> = new Set(['SINK_FULL', 'SINK_UNAVAILABLE', 'SINK_TIMEOUT']);

/** True for a failure that may pass by itself. */
export function passes(error: unknown): boolean {
  return ProcessorError.is(error, 'sink') && PASSING.has(error.code);
}

/** True where there is nobody to deliver to: whatever the item, it would fail. */
export function isUnreachable(error: unknown): boolean {
  return ProcessorError.is(error, 'sink') && UNREACHABLE.has(error.code);
}

/** True for a delivery that was given up because it took too long. */
export function isTimeout(error: unknown): boolean {
  return ProcessorError.is(error, 'sink') && error.code === 'SINK_TIMEOUT';
}

/** True for what no attempt could change: another process has taken over, or the processor itself is at fault. */
export function endsRun(error: unknown): boolean {
  return ProcessorError.is(error) && (error.code === 'SINK_FENCED' || error.kind === 'internal');
}

/** The error of a sink that `what` happened to; it keeps a code that says more than that. */
export function sinkError(name: string, what: string, cause: unknown): ProcessorError<'sink'> {
  const saysMore = ProcessorError.is(cause, 'sink') && !UNSPECIFIC.has(cause.code);
  const code = saysMore ? cause.code : 'SINK_FAILED';
  return new ProcessorError('sink', code, `sink "${name}" ${what}: ${messageOf(cause)}`, { cause });
}

/** The error of a sink that could not be opened: a wrong setting stays one. */
export function openingError(name: string, cause: unknown): ProcessorError {
  const what = 'could not be opened';
  if (!ProcessorError.is(cause, 'configuration')) return sinkError(name, what, cause);
  const path = cause.path === undefined ? {} : { path: cause.path };
  return new ProcessorError('configuration', cause.code, `sink "${name}" ${what}: ${cause.message}`, {
    cause,
    ...path,
  });
}

/** How a sink is whose delivery is under way since `startedAt`, by the monotonic clock, if that is long ago. */
export function slowDelivery(startedAt: number | null, clock: Clock): ComponentStatus | null {
  const waiting = startedAt === null ? 0 : clock.monotonic() - startedAt;
  if (waiting < SLOW_DELIVERY_MS) return null;
  const seconds = Math.round(waiting / 1000);
  return {
    status: 'degraded',
    message: `a delivery has been under way for ${seconds} s; sources pause when the buffer is full`,
  };
}
