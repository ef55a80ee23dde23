import type { RecordFormat } from '../../event/record-block.ts';
import { present } from '../../errors/assert.ts';
import type { ProcessorError } from '../../errors/processor-error.ts';
import type { SourcePosition } from '../event-source.ts';
import { createFramer, type StreamFormat } from '../framing/stream-format.ts';
import type { ByteInput } from './byte-input.ts';
import { fileChanged } from './file-failure.ts';
import { HEAD_BYTES, isSameFile, parseToken, recentOf, type FileIdentity, type RecentBytes } from './file-token.ts';

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
  readonly recent: RecentBytes;
}

/** What had been read of a file, by which it is found again. */
export interface GoneFile extends Pick<Resumption, 'used' | 'recent'> {
  readonly identity: FileIdentity;
}

/** What a file is seen to be when it is opened. */
export interface OpenedFile {
  readonly inode: bigint;
  readonly sizeBytes: number;
  /** Its first {@link HEAD_BYTES}, or what there is. */
  readonly head: Uint8Array;
}

const NOTHING_RECENT: RecentBytes = { count: 0, hash: '' };

/** What a committed position says of a file. @throws ProcessorError SOURCE_FAILED for a position of another source. */
export function resumptionOf(path: string, position: SourcePosition): Resumption {
  const token = position.token === undefined ? null : parseToken(position.token, path);
  const { start = 0, state = '', recent = NOTHING_RECENT } = token ?? {};
  return { used: position.offset - start, start, state, identity: token, recent };
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
  if (storedAsRead && file.sizeBytes < used && (identity === null || identity.inode === file.inode)) {
    const why = `it has ${String(file.sizeBytes)} bytes, but ${String(used)} of it had been read: it was cut or written anew`;
    return fileChanged(path, why);
  }
  if (identity === null || isSameFile(identity, file.inode, file.head)) return null;
  return fileChanged(path, 'it is not the file that was being read under this name, or its start has been changed');
}

/**
 * Reads past the bytes before the place where reading goes on, from an input that begins with them; returns what came
 * with them of what follows.
 * @throws ProcessorError SOURCE_CHANGED where they are not what had been read.
 */
export async function passRecent(
  path: string,
  recent: RecentBytes,
  input: Pick<ByteInput, 'next'>,
): Promise<Uint8Array> {
  let bytes = Buffer.alloc(0);
  while (bytes.length < recent.count) {
    const piece = await input.next();
    if (piece === null) throw fileChanged(path, 'it ends before the place where reading was to go on');
    bytes = Buffer.concat([bytes, piece.bytes]);
  }
  if (recent.count > 0 && recentOf(bytes.subarray(0, recent.count)).hash !== recent.hash) {
    throw fileChanged(path, 'what had been read of it has been changed in place');
  }
  return bytes.subarray(recent.count);
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
