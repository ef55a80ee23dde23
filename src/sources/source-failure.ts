import { ProcessorError } from '../errors/processor-error.ts';

/** A SOURCE_FAILED error with what was underneath; an error that is a ProcessorError already stays as it is. */
export function sourceFailure(what: string, cause: unknown): ProcessorError {
  if (ProcessorError.is(cause)) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ProcessorError('source', 'SOURCE_FAILED', `${what}: ${why}`, { cause });
}
