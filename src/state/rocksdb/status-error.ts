import { messageOf } from '../../errors/message-of.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import { errorCode } from './durable-files.ts';

/** True for any error that says that the disk has no room, of the file system or of RocksDB. */
export function isFull(error: unknown): boolean {
  if (ProcessorError.is(error, 'state')) return error.code === 'STATE_FULL';
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT' || /No space left|quota exceeded/i.test(messageOf(error));
}

/** True for an error of RocksDB that says that what is stored is not what was written. */
function isCorruption(error: unknown): boolean {
  return errorCode(error) === 'LEVEL_CORRUPTION' || /Corruption|checksum mismatch/.test(messageOf(error));
}

/** True if a database cannot be opened because its files are damaged or gone, or cannot be read from the disk. */
export function isDamage(error: unknown): boolean {
  const damaged = /No such file|does not exist|Input\/output error|file is too short|Bad table magic/i;
  return isCorruption(error) || errorCode(error) === 'LEVEL_NOT_FOUND' || damaged.test(messageOf(error));
}

/** What a person can do about errors of the file system. */
const ADVICE: ReadonlyMap<string | undefined, string> = new Map([
  ['EACCES', '. Let this user write there, or choose another folder'],
  ['EPERM', '. Let this user write there, or choose another folder'],
  ['EROFS', '. The file system is read-only: choose another folder'],
  ['ENOTDIR', '. A part of the path is a file: choose another folder'],
  ['EEXIST', '. There is a file of that name: choose another folder'],
  ['ENOENT', '. Nothing can be made there: choose another folder'],
]);

const FALLS_BACK = '. The next start falls back to the newest sound checkpoint';

/** The error for one who only reads a state that is damaged, which he does not mend. */
export function damagedError(damage: string): ProcessorError<'state'> {
  return new ProcessorError('state', 'STATE_CORRUPT', `the state is damaged: ${damage}${FALLS_BACK}`);
}

/** An error of RocksDB or of the file system, as the port promises it. */
export function stateError(error: unknown, doing: string): ProcessorError {
  if (ProcessorError.is(error, 'state')) return error;
  const [code, advice]: readonly [ErrorCode, string] = isFull(error)
    ? ['STATE_FULL', '. Make room on the disk: what was refused can then be written again']
    : isCorruption(error)
      ? ['STATE_CORRUPT', FALLS_BACK]
      : ['STATE_FAILED', ADVICE.get(errorCode(error)) ?? ''];
  return new ProcessorError('state', code, `${doing} failed: ${messageOf(error)}${advice}`, { cause: error });
}
