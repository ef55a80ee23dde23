import type { ProcessorError } from '../../errors/processor-error.ts';
import { codeOf, sourceFailure } from '../source-failure.ts';
import type { HttpIntakeOutcome } from './intake-outcome.ts';
import { LogFullError } from './log/segment-store.ts';

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The answer to a request whose events the log did not take: none of them is in it. */
export function refusalOf(error: unknown, retryAfterSeconds: number): HttpIntakeOutcome {
  if (error instanceof LogFullError) {
    const message = 'the log of events is at its bound, and they are not processed yet: send them again later';
    return { status: 429, message, retryAfterSeconds };
  }
  const message = NO_ROOM.has(codeOf(error))
    ? 'the disk has no room for the events: send them again when there is some'
    : 'the events cannot be written to disk: send them again later';
  return { status: 503, message, retryAfterSeconds };
}

/** A SOURCE_FAILED error that says that the log could not be opened; a ProcessorError stays as it is. */
export function logFailure(path: string, error: unknown): ProcessorError {
  return sourceFailure(`the event log in "${path}" cannot be opened`, error);
}
