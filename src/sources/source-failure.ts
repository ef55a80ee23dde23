import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';

/** A SOURCE_FAILED error with what was underneath; an error that is a ProcessorError already stays as it is. */
export function sourceFailure(what: string, cause: unknown): ProcessorError {
  if (ProcessorError.is(cause)) return cause;
  const why = messageOf(cause);
  return new ProcessorError('source', 'SOURCE_FAILED', `${what}: ${why}`, { cause });
}

/** The code of an error of Node's, such as `ENOENT`; empty for other errors. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
