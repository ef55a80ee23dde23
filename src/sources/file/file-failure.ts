import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import { codeOf } from '../source-failure.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there; put it back, or start again without it',
  EACCES: 'permission denied; let the user that runs the processor read it, and enter the folders above it',
  EPERM: 'permission denied; let the user that runs the processor read it',
  EISDIR: 'it is a directory; to read the files in it, give a pattern such as "folder/*.ndjson"',
  EMFILE: 'this process has too many open files; raise the limit (ulimit -n), or follow fewer files',
  ENFILE: 'the machine has too many open files',
};

/** A SOURCE_FAILED error that names the file. */
export function fileFailure(path: string, why: string, cause?: unknown): ProcessorError {
  const options = cause === undefined ? {} : { cause };
  return new ProcessorError('source', 'SOURCE_FAILED', `cannot read "${path}": ${why}`, options);
}

/** A SOURCE_CHANGED error that names the file, and says what to do. */
export function fileChanged(path: string, why: string): ProcessorError {
  const remedy = 'put the old file back by moving it, or start over with fresh state';
  return new ProcessorError('source', 'SOURCE_CHANGED', `cannot go on in "${path}": ${why}; ${remedy}`);
}

/** What an error of the file system means for a file, and what to do about it. Errors of the processor stay as they are. */
export function fileSystemFailure(path: string, error: unknown): ProcessorError {
  if (ProcessorError.is(error)) return error;
  const reason = REASONS[codeOf(error)] ?? messageOf(error);
  return fileFailure(path, reason, error);
}
