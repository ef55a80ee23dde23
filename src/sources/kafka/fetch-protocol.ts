import type { API } from '@platformatic/kafka';
import type { KafkaLibrary } from '../../kafka/client-library.ts';
import type { AbortedTransaction } from '../../kafka/records/aborted-transactions.ts';
import { AnswerBytes } from './answer-bytes.ts';

const FETCH = 1;
const PARTITION_BYTES = 33;
const TOPIC_BYTES = 22;
const FORGOTTEN_BYTES = 4;
const HEAD_BYTES = 40;

/** A partition as a request names it. */
export interface FetchPartition {
  readonly topicId: string;
  readonly index: number;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: number;
  readonly maxBytes: number;
}

/** A request for records (https://kafka.apache.org/protocol.html#The_Messages_Fetch), in a session as of KIP-227. */
export interface FetchRequest {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly isReadCommitted: boolean;
  readonly sessionId: number;
  readonly sessionEpoch: number;
  /** All partitions of a new session; of one that goes on those that are new or stand elsewhere than before. */
  readonly partitions: readonly FetchPartition[];
  /** Partitions that leave the session. */
  readonly forgotten: readonly FetchPartition[];
}

/** What is answered for one partition. */
export interface FetchedPartition {
  /** As `hexOf` writes it. */
  readonly topicId: string;
  readonly index: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  /** Empty where none was aborted, or all is read. */
  readonly aborted: readonly AbortedTransaction[];
  /** Batches, the last of which may be cut short; empty where nothing has come. */
  readonly records: Uint8Array;
}

/** An answer: in a session that goes on only the partitions with something new. */
export interface FetchAnswer {
  readonly errorCode: number;
  /** 0: the broker keeps no session. */
  readonly sessionId: number;
  readonly partitions: readonly FetchedPartition[];
}

/** Calls for Fetch, newest first: 13 names topics by their ids; 15 leaves out whose replica asks. */
export function fetchApis(library: KafkaLibrary): API<[FetchRequest], FetchAnswer>[] {
  return [16, 13].map((version) =>
    library.createAPI<[FetchRequest], FetchAnswer>(
      FETCH,
      version,
      (request: FetchRequest) => library.Writer.create().append(encodeFetch(request, version)),
      (_correlation, _api, _version, reader) => decodeFetch(new AnswerBytes(reader.buffer.buffers, reader.position)),
    ),
  );
}

/** The id of a topic as the library writes it, without its hyphens. */
export function hexOf(topicId: string): string {
  return topicId.replaceAll('-', '');
}

/** The body of a request. */
export function encodeFetch(request: FetchRequest, version: number): Buffer {
  const { partitions, forgotten } = request;
  const most =
    HEAD_BYTES +
    partitions.length * (PARTITION_BYTES + TOPIC_BYTES) +
    forgotten.length * (FORGOTTEN_BYTES + TOPIC_BYTES);
  const bytes = Buffer.allocUnsafe(most);
  let at = version < 15 ? bytes.writeInt32BE(-1, 0) : 0;
  at = bytes.writeInt32BE(request.maxWaitMs, at);
  // At least one byte: whatever there is, is answered at once.
  at = bytes.writeInt32BE(1, at);
  at = bytes.writeInt32BE(request.maxBytes, at);
  at = bytes.writeInt8(request.isReadCommitted ? 1 : 0, at);
  at = bytes.writeInt32BE(request.sessionId, at);
  at = bytes.writeInt32BE(request.sessionEpoch, at);
  at = writeTopics(bytes, at, partitions, (partition, from) => {
    let next = bytes.writeInt32BE(partition.index, from);
    next = bytes.writeInt32BE(partition.currentLeaderEpoch, next);
    next = writeInt64(bytes, partition.fetchOffset, next);
    // Neither an epoch that was fetched last nor a start of the log: those are for replicas.
    next = bytes.writeInt32BE(-1, next);
    next = writeInt64(bytes, -1, next);
    next = bytes.writeInt32BE(partition.maxBytes, next);
    return bytes.writeUInt8(0, next);
  });
  at = writeTopics(bytes, at, forgotten, ({ index }, from) => bytes.writeInt32BE(index, from));
  // An empty rack, and no tags.
  at = bytes.writeUInt8(1, at);
  at = bytes.writeUInt8(0, at);
  return bytes.subarray(0, at);
}

/** The partitions by their topics, each topic with its id before and tags behind. */
function writeTopics(
  bytes: Buffer,
  start: number,
  partitions: readonly FetchPartition[],
  write: (partition: FetchPartition, at: number) => number,
): number {
  const topics = new Map<string, FetchPartition[]>();
  for (const partition of partitions) {
    const known = topics.get(partition.topicId);
    if (known === undefined) topics.set(partition.topicId, [partition]);
    else known.push(partition);
  }
  let at = writeVarint(bytes, topics.size + 1, start);
  for (const [topicId, own] of topics) {
    at += bytes.write(hexOf(topicId), at, 'hex');
    at = writeVarint(bytes, own.length + 1, at);
    for (const partition of own) at = write(partition, at);
    at = bytes.writeUInt8(0, at);
  }
  return at;
}

function writeInt64(bytes: Buffer, value: number, at: number): number {
  bytes.writeInt32BE(Math.floor(value / 4_294_967_296), at);
  return bytes.writeUInt32BE(value >>> 0, at + 4);
}

function writeVarint(bytes: Buffer, value: number, start: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) at = bytes.writeUInt8((rest & 0x7f) | 0x80, at);
  return bytes.writeUInt8(rest, at);
}

/** @throws RangeError where it ends early. */
export function decodeFetch(answer: AnswerBytes): FetchAnswer {
  answer.int32();
  const errorCode = answer.int16();
  const sessionId = answer.int32();
  const partitions: FetchedPartition[] = [];
  for (let topics = answer.varint() - 1; topics > 0; topics -= 1) {
    const topicId = Buffer.from(answer.take(16)).toString('hex');
    for (let left = answer.varint() - 1; left > 0; left -= 1) partitions.push(decodePartition(answer, topicId));
    answer.skipTags();
  }
  return { errorCode, sessionId, partitions };
}

const NOTHING = new Uint8Array();

function decodePartition(answer: AnswerBytes, topicId: string): FetchedPartition {
  const index = answer.int32();
  const errorCode = answer.int16();
  const highWatermark = answer.int64();
  // The last stable offset, and the start of the log.
  answer.skip(16);
  const aborted: AbortedTransaction[] = [];
  for (let left = answer.varint() - 1; left > 0; left -= 1) {
    aborted.push({ producerId: answer.int64(), firstOffset: answer.int64() });
    answer.skipTags();
  }
  // A replica to rather read from: none is offered to who names no rack.
  answer.skip(4);
  const length = answer.varint() - 1;
  const records = length > 0 ? answer.take(length) : NOTHING;
  answer.skipTags();
  return { topicId, index, errorCode, highWatermark, aborted, records };
}
