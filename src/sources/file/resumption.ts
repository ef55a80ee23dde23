import type { RecordFormat } from '../../event/record-block.ts';
import { present } from '../../errors/assert.ts';
import type { ProcessorError } from '../../errors/processor-error.ts';
import type { SourcePosition } from '../event-source.ts';
import { createFramer, type StreamFormat } from '../framing/stream-format.ts';
import type { ByteInput } from './byte-input.ts';
import { fileFailure } from './file-failure.ts';
import { HEAD_BYTES, isSameFile, parseToken, type FileIdentity } from './file-token.ts';

/** Something that bytes can be read from, wherever in it they are. */
export interface ReadableFile {
  readonly path: string;
  /** Fills the buffer from `position` on; returns the number of bytes read, 0 at the end of the file. */
  read(buffer: Buffer, position: number): Promise<number>;
}

/** Where in which file reading goes on. */
export interface Resumption {
  /** Bytes of the file, after decompression, that were used. */
  readonly used: number;
  /** Offset in the partition at which the file begins. */
  readonly start: number;
  /** The framer's state. */
  readonly state: string;
  /** The file it was; null where that is not known. */
  readonly identity: FileIdentity | null;
}

/** What a file is seen to be when it is opened. */
export interface OpenedFile {
  readonly inode: bigint;
  readonly sizeBytes: number;
  /** Its first {@link HEAD_BYTES}, or what there is. */
  readonly head: Uint8Array;
}

/** What a committed position says of a file. @throws ProcessorError SOURCE_FAILED for a position of another source. */
export function resumptionOf(path: string, position: SourcePosition): Resumption {
  const token = position.token === undefined ? null : parseToken(position.token, path);
  const start = token?.start ?? 0;
  return { used: position.offset - start, start, state: token?.state ?? '', identity: token };
}

/**
 * Why reading cannot go on in a file: it is another one, or has become too short; null if it can. `storedAsRead` is
 * false for compressed files, whose size says nothing.
 */
export function resumeProblem(
  path: string,
  { used, identity }: Resumption,
  file: OpenedFile,
  storedAsRead: boolean,
): ProcessorError | null {
  const remedy = 'put the old file back, or start over with fresh state';
  if (storedAsRead && file.sizeBytes < used) {
    const why = `it has ${String(file.sizeBytes)} bytes, but ${String(used)} of it had been read: it was cut or written anew; ${remedy}`;
    return fileFailure(path, why);
  }
  if (identity === null || isSameFile(identity, file.inode, file.head)) return null;
  return fileFailure(path, `it is not the file that was being read under this name; ${remedy}`);
}

/** The first {@link HEAD_BYTES} of a file, or what there is. */
export async function readHead(file: ReadableFile): Promise<Uint8Array> {
  const head = Buffer.alloc(HEAD_BYTES);
  let count = 0;
  while (count < HEAD_BYTES) {
    const read = await file.read(head.subarray(count), count);
    if (read === 0) break;
    count += read;
  }
  return head.subarray(0, count);
}

/** How the records of a file are to be read: for CSV, by the names in its header row, read from `start`, which it closes. */
export async function readRecordFormat(format: StreamFormat, start: ByteInput): Promise<RecordFormat> {
  const framer = createFramer(format, { maxBlockRecords: 1 });
  try {
    for (let ended = false; framer.format === null && !ended;) {
      const piece = await start.next();
      ended = piece === null;
      if (piece === null) framer.end();
      else framer.push(piece.bytes);
      framer.take(0);
    }
    return present(framer.format, 'the header row of a CSV that has been read from');
  } finally {
    start.close();
  }
}
