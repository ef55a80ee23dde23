import type { SourceContext } from '../event-source.ts';
import type { Framer } from '../framing/framer.ts';
import { createFramer, type StreamFormat } from '../framing/stream-format.ts';
import type { ByteInput } from './byte-input.ts';
import { findCompressed, type CompressedFile } from './compressed-file.ts';
import { findRenamed, FollowedFile } from './followed-file.ts';
import { passRecent, readRecordFormat, resumeProblem, type Resumption } from './resumption.ts';

/** A file that is being followed, and how far. */
export interface Following {
  readonly file: FollowedFile | CompressedFile;
  readonly input: ByteInput;
  readonly framer: Framer;
  /** Offset in the partition at which the file begins. */
  readonly start: number;
}

type Context = Pick<SourceContext, 'maxBlockRecords'>;

/** Begins with the file that goes by a name now; null while there is none. */
export async function openNew(
  path: string,
  format: StreamFormat,
  start: number,
  { maxBlockRecords }: Context,
): Promise<Following | null> {
  const file = await FollowedFile.open(path);
  if (file === null) return null;
  return { file, input: file.inputFrom(0), framer: createFramer(format, { maxBlockRecords, offset: start }), start };
}

/**
 * Goes on after a restart: in the file at the path or, if that is another one by now, first in the one it was, which
 * may have been compressed since. Null while there is none.
 * @throws ProcessorError SOURCE_CHANGED.
 */
export async function reopen(
  path: string,
  format: StreamFormat,
  resumption: Resumption,
  { maxBlockRecords }: Context,
): Promise<Following | null> {
  const file = await fileOf(path, resumption);
  if (file === null) return null;
  const { used, start, state, recent } = resumption;
  const input = file.inputFrom(used - recent.count);
  try {
    const rest = await passRecent(path, recent, input);
    const records = await readRecordFormat(format, file.inputFrom(0));
    const options = { maxBlockRecords, offset: start + used, resumption: { state, format: records } };
    const framer = createFramer(format, options);
    framer.push(rest);
    return { file, input, framer, start };
  } catch (error) {
    input.close();
    await file.close();
    throw error;
  }
}

async function fileOf(path: string, resumption: Resumption): Promise<FollowedFile | CompressedFile | null> {
  const current = await FollowedFile.open(path);
  const problem = current === null ? null : resumeProblem(path, resumption, current.opened, true);
  if (current !== null && problem === null) return current;
  await current?.close();
  const { identity } = resumption;
  if (identity !== null) {
    const found = (await findRenamed(path, identity)) ?? (await findCompressed(path, { ...resumption, identity }));
    if (found !== null) return found;
  }
  if (problem !== null) throw problem;
  return null;
}
