import * as library from '@platformatic/kafka';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerBytes } from './answer-bytes.ts';
import {
  decodeFetch,
  encodeFetch,
  fetchApis,
  hexOf,
  type FetchPartition,
  type FetchRequest,
} from './fetch-protocol.ts';

const TOPICS = [
  '0a000000-0000-4000-8000-0000000000f1',
  'fe000000-0000-4000-8000-0000000000f2',
  'ab000000-0000-4000-8000-0000000000f3',
];

const partitions = fc.uniqueArray(
  fc.record({
    topicId: fc.constantFrom(...TOPICS),
    index: fc.nat(200),
    currentLeaderEpoch: fc.integer({ min: -1, max: 1000 }),
    fetchOffset: fc.nat(2 ** 52),
    maxBytes: fc.integer({ min: 1, max: 2 ** 30 }),
  }),
  { selector: ({ topicId, index }) => `${topicId}${index}`, maxLength: 150 },
);

/** Partitions by topic, as the library's own call takes them. */
function byTopic<T>(
  drawn: readonly FetchPartition[],
  map: (partition: FetchPartition) => T,
): { topicId: string; partitions: T[] }[] {
  const topics = new Map<string, T[]>();
  for (const partition of drawn)
    topics.set(partition.topicId, [...(topics.get(partition.topicId) ?? []), map(partition)]);
  return [...topics].map(([topicId, own]) => ({ topicId, partitions: own }));
}

describe('a request', () => {
  it.each([
    ['fetchV13', 13],
    ['fetchV16', 16],
  ] as const)('is what the library writes for the same (%s)', (name, version) => {
    fc.assert(
      fc.property(partitions, partitions, fc.boolean(), (wanted, forgotten, isReadCommitted) => {
        const request: FetchRequest = {
          maxWaitMs: 500,
          maxBytes: 1_000_000,
          isReadCommitted,
          sessionId: 77,
          sessionEpoch: 3,
          partitions: wanted,
          forgotten,
        };
        const bytes = encodeFetch(request, version);
        expect(bytes.equals(writtenByLibrary(name, request))).toBe(true);
      }),
    );
  });
});

const CALLS = { fetchV13: library.fetchV13, fetchV16: library.fetchV16 };

/** Captures what the library's call would send. */
function writtenByLibrary(name: 'fetchV13' | 'fetchV16', request: FetchRequest): Buffer {
  const { maxWaitMs, maxBytes, isReadCommitted, sessionId, sessionEpoch } = request;
  const topics = byTopic(
    request.partitions,
    ({ index, currentLeaderEpoch, fetchOffset, maxBytes: partitionMaxBytes }) => ({
      partition: index,
      currentLeaderEpoch,
      fetchOffset: BigInt(fetchOffset),
      lastFetchedEpoch: -1,
      partitionMaxBytes,
    }),
  );
  const forgotten = byTopic(request.forgotten, ({ index }) => index);
  return CALLS[name].createRequest(
    maxWaitMs,
    1,
    maxBytes,
    isReadCommitted ? 1 : 0,
    sessionId,
    sessionEpoch,
    topics,
    forgotten,
    '',
  ).buffer;
}

/** The body of an answer, written by the description of the protocol. */
function answerBody(
  drawn: readonly {
    topicId: string;
    partitions: readonly {
      index: number;
      errorCode: number;
      end: number;
      aborted: readonly [number, number][];
      records: Uint8Array | null;
    }[];
  }[],
): Buffer {
  return library.Writer.create()
    .appendInt32(0)
    .appendInt16(0)
    .appendInt32(91)
    .appendArray([...drawn], (writer, topic) => {
      writer
        .appendUUID(topic.topicId)
        .appendArray([...topic.partitions], (w, { index, errorCode, end, aborted, records }) => {
          w.appendInt32(index)
            .appendInt16(errorCode)
            .appendInt64(BigInt(end))
            .appendInt64(BigInt(end))
            .appendInt64(0n)
            .appendArray(
              aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset })),
              (a, one) => {
                a.appendInt64(BigInt(one.producerId)).appendInt64(BigInt(one.firstOffset));
              },
            )
            .appendInt32(-1)
            .appendUnsignedVarInt(records === null ? 0 : records.length + 1)
            .append(Buffer.from(records ?? []));
        });
    })
    .appendTaggedFields().buffer;
}

const answers = fc.array(
  fc.record({
    topicId: fc.constantFrom(...TOPICS),
    partitions: fc.array(
      fc.record({
        index: fc.nat(500),
        errorCode: fc.integer({ min: -1, max: 110 }),
        end: fc.nat(2 ** 52),
        aborted: fc.array(fc.tuple(fc.nat(2 ** 40), fc.nat(2 ** 52)), { maxLength: 3 }),
        records: fc.option(fc.uint8Array({ maxLength: 400 })),
      }),
      { maxLength: 5 },
    ),
  }),
  { maxLength: 4 },
);

/** Bytes in pieces, cut at the given places, as a socket might give them. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe('an answer', () => {
  it('is read the same whatever the pieces it comes in', () => {
    fc.assert(
      fc.property(answers, fc.array(fc.nat(5000), { maxLength: 20 }), fc.nat(10), (drawn, cuts, before) => {
        const body = answerBody(drawn);
        const whole = Buffer.concat([Buffer.alloc(before, 0xee), body]);
        const answer = decodeFetch(new AnswerBytes(pieces(whole, cuts), before));
        expect(answer.sessionId).toBe(91);
        const read = answer.partitions.map(({ records, ...rest }) => ({
          ...rest,
          records: Buffer.from(records).toString('hex'),
        }));
        expect(read).toEqual(
          drawn.flatMap(({ topicId, partitions: own }) =>
            own.map(({ index, errorCode, end, aborted, records }) => ({
              topicId: hexOf(topicId),
              index,
              errorCode,
              highWatermark: end,
              aborted: aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset })),
              records: Buffer.from(records ?? []).toString('hex'),
            })),
          ),
        );
      }),
    );
  });

  it('that ends early is an error, wherever it ends', () => {
    const one = {
      index: 1,
      errorCode: 0,
      end: 5,
      aborted: [[1, 2]] as [number, number][],
      records: Buffer.from('abc'),
    };
    const body = answerBody([{ topicId: TOPICS[0] ?? '', partitions: [one] }]);
    // The last byte says that there are no tags behind it, which nothing is read from.
    for (let length = 0; length < body.length - 1; length += 1) {
      expect(() => decodeFetch(new AnswerBytes([body.subarray(0, length)], 0))).toThrow('the answer ends early');
    }
  });

  it('holds copies of the records: nothing keeps the rest of it', () => {
    const one = { index: 1, errorCode: 0, end: 5, aborted: [], records: Buffer.from('abc') };
    const body = answerBody([{ topicId: TOPICS[0] ?? '', partitions: [one] }]);
    const [partition] = decodeFetch(new AnswerBytes([body], 0)).partitions;
    expect(partition?.records.buffer.byteLength).toBe(3);
  });
});

it('versions are tried from the newest to the oldest', () => {
  expect(fetchApis(library).map(({ key, version }) => [key, version])).toEqual([
    [1, 16],
    [1, 13],
  ]);
});
