import { ProcessorError } from '../../../errors/processor-error.ts';
import type { ErrorCode } from '../../../errors/codes.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import {
  decodeSegmentHeader,
  encodeRecord,
  encodeSegmentHeader,
  isSegmentName,
  SEGMENT_HEADER_BYTES,
  segmentName,
  type LogRecord,
  type SegmentHeader,
} from './log-format.ts';
import { writeAll, type LogFile, type LogFolder } from './log-folder.ts';
import { SegmentReader } from './segment-reader.ts';

/** A segment and what is in it. */
export interface Segment {
  readonly name: string;
  /** Offset of its first event. */
  readonly first: number;
  /** Offset after its last event. */
  readonly end: number;
  /** Length up to which the file is sound and synced. */
  readonly sizeBytes: number;
}

/**
 * Reads a whole log as an earlier process has left it, and makes sure that the disk has all of it: what was sound but
 * not synced is synced, what was torn at the very end is cut.
 * @throws ProcessorError SOURCE_FAILED where something else is damaged, SOURCE_CHANGED where something is missing.
 */
export async function recoverLog(folder: LogFolder, logger: Logger): Promise<Segment[]> {
  const names = (await folder.list()).filter(isSegmentName).toSorted();
  const segments: Segment[] = [];
  for (const [index, name] of names.entries()) {
    const segment = await recoverSegment(folder, name, segments.at(-1), index === names.length - 1, logger);
    if (segment !== null) segments.push(segment);
  }
  await folder.sync();
  return segments;
}

/** An error that names a file of the log and says what to do about it. */
export function damaged(folder: LogFolder, name: string, what: string, code: ErrorCode = 'SOURCE_FAILED') {
  const message =
    `the event log cannot be read, ${folder.path}/${name}: ${what}. Put the folder back from a copy; ` +
    'or move it away, to go on without the events in it that are not processed yet';
  return new ProcessorError('source', code, message);
}

async function recoverSegment(
  folder: LogFolder,
  name: string,
  before: Segment | undefined,
  isLast: boolean,
  logger: Logger,
): Promise<Segment | null> {
  const file = await folder.open(name);
  try {
    const { size } = await file.stat();
    const header = decodeSegmentHeader(await startOf(file, size));
    if (typeof header !== 'string') {
      if (segmentName(header.first) !== name) throw damaged(folder, name, 'it was renamed');
      if (before !== undefined && before.end !== header.follows) throw missing(folder, name, before.end);
      return await recoverRecords({ folder, file, name, header, size, isLast, logger });
    }
    // The header is synced before the first record is written: nothing in such a file was ever promised.
    if (!isLast || size > SEGMENT_HEADER_BYTES) throw damaged(folder, name, header);
  } finally {
    await file.close();
  }
  logger.warn({ file: `${folder.path}/${name}` }, 'a segment of the event log that was never finished is removed');
  await folder.remove(name);
  return null;
}

interface SegmentFile {
  readonly folder: LogFolder;
  readonly file: LogFile;
  readonly name: string;
  readonly header: SegmentHeader;
  readonly size: number;
  readonly isLast: boolean;
  readonly logger: Logger;
}

async function recoverRecords({ folder, file, name, header, size, isLast, logger }: SegmentFile): Promise<Segment> {
  const reader = new SegmentReader(file, SEGMENT_HEADER_BYTES, size);
  const { first } = header;
  let end = first;
  let last: LogRecord | null = null;
  for (let record = await reader.next(); record !== null; record = await reader.next()) {
    if (record.first !== end) throw missing(folder, name, end);
    end += record.events.length;
    last = record;
  }
  const sizeBytes = reader.at;
  if (sizeBytes < size) {
    const place = `the record at byte ${String(sizeBytes)} is damaged`;
    if (!isLast) throw damaged(folder, name, `${place}, in a segment that is not the last`);
    // A record is written only when the one before it is synced, so what a crash tears is the last one.
    const sound = await reader.soundRecordBehind();
    if (sound !== null) throw damaged(folder, name, `${place}, the one at byte ${String(sound)} is sound`);
    logger.warn(
      { file: `${folder.path}/${name}`, atByte: sizeBytes, cutBytes: size - sizeBytes },
      'the end of the event log was torn while it was written, and is cut; none of it was acknowledged',
    );
    await file.truncate(sizeBytes);
  }
  if (isLast) {
    // What was written last may not be on disk. After a failed sync another one alone would not bring it there.
    if (last === null) await writeAll(file, encodeSegmentHeader(header), 0);
    else await writeAll(file, encodeRecord(last.first, last.events), sizeBytes - last.sizeBytes);
    await file.datasync();
  }
  return { name, first, end, sizeBytes };
}

function missing(folder: LogFolder, name: string, expected: number): ProcessorError {
  return damaged(folder, name, `the events from offset ${String(expected)} on should come first`, 'SOURCE_CHANGED');
}

async function startOf(file: LogFile, size: number): Promise<Uint8Array> {
  const start = Buffer.alloc(Math.min(size, SEGMENT_HEADER_BYTES));
  let filled = 0;
  while (filled < start.length) {
    const { bytesRead } = await file.read(start, filled, start.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return start.subarray(0, filled);
}
