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

/** What a segment says of the one before it. */
interface Follower {
  readonly name: string;
  /** Offset after the last event that was promised before this segment was begun. */
  readonly follows: number;
}

/**
 * Reads a whole log as an earlier process has left it, and makes sure that the disk has all of it: what was sound but
 * not synced is synced, what was written in vain is cut. Newest first, for each segment says where the one before it
 * ends: what lies behind that place was never promised to anyone, whatever it is.
 * @throws ProcessorError SOURCE_FAILED where something else is damaged, SOURCE_CHANGED where something is missing.
 */
export async function recoverLog(folder: LogFolder, logger: Logger): Promise<Segment[]> {
  const names = (await folder.list()).filter(isSegmentName).toSorted().toReversed();
  const segments: Segment[] = [];
  let follower: Follower | null = null;
  for (const name of names) {
    const found: Recovered | null = await recoverSegment(folder, name, follower, logger);
    if (found === null) continue;
    segments.unshift(found.segment);
    follower = { name, follows: found.follows };
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

interface Recovered {
  readonly segment: Segment;
  readonly follows: number;
}

async function recoverSegment(
  folder: LogFolder,
  name: string,
  follower: Follower | null,
  logger: Logger,
): Promise<Recovered | null> {
  const file = await folder.open(name);
  try {
    const { size } = await file.stat();
    const header = decodeSegmentHeader(await startOf(file, size));
    if (typeof header !== 'string') {
      if (segmentName(header.first) !== name) throw damaged(folder, name, 'it was renamed');
      const segment = await recoverRecords({ folder, file, name, header, size, follower, logger });
      return { segment, follows: header.follows };
    }
    // The header is synced before the first record is written: nothing in such a file was ever promised.
    if (follower !== null || size > SEGMENT_HEADER_BYTES) throw damaged(folder, name, header);
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
  /** Null for the last segment. */
  readonly follower: Follower | null;
  readonly logger: Logger;
}

async function recoverRecords(segmentFile: SegmentFile): Promise<Segment> {
  const { folder, file, name, header, size, follower, logger } = segmentFile;
  const reader = new SegmentReader(file, SEGMENT_HEADER_BYTES, size);
  const { first } = header;
  const promised = follower?.follows ?? Infinity;
  let end = first;
  let last: LogRecord | null = null;
  while (end < promised) {
    const record = await reader.next();
    if (record === null) break;
    if (record.first !== end) throw missing(folder, name, end);
    end += record.events.length;
    last = record;
  }
  const sizeBytes = reader.at;
  if (sizeBytes < size) {
    if (end < promised) await requireTorn(segmentFile, reader);
    logger.warn(
      { file: `${folder.path}/${name}`, atByte: sizeBytes, cutBytes: size - sizeBytes },
      'the end of a segment of the event log was written in vain, and is cut; none of it was acknowledged',
    );
    await file.truncate(sizeBytes);
  }
  if (follower !== null && end !== follower.follows) throw missing(folder, follower.name, end);
  if (follower === null) {
    // What was written last may not be on disk. After a failed sync another one alone would not bring it there.
    if (last === null) await writeAll(file, encodeSegmentHeader(header), 0);
    else await writeAll(file, encodeRecord(last.first, last.events), sizeBytes - last.sizeBytes);
  }
  if (follower === null || sizeBytes < size) await file.datasync();
  return { name, first, end, sizeBytes };
}

/** A record is written only when the one before it is synced, so what a crash tears is the last one of all. */
async function requireTorn({ folder, name, follower }: SegmentFile, reader: SegmentReader): Promise<void> {
  const place = `the record at byte ${String(reader.at)} is damaged`;
  if (follower !== null) throw damaged(folder, name, `${place}, in a segment that is not the last`);
  const sound = await reader.soundRecordBehind();
  if (sound !== null) throw damaged(folder, name, `${place}, the one at byte ${String(sound)} is sound`);
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
