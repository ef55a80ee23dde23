import { crc32c } from '@platformatic/kafka';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchBytes, markerBytes, type WrittenBatch } from '../../kafka/records/batch-fixtures.contract.ts';
import { CorruptRecordsError } from '../../kafka/records/corrupt-records-error.ts';
import { FetchedRecords } from './fetched-records.ts';
import { RecordBuffer, type TakenRecords } from './record-buffer.ts';

const checksum = (bytes: Uint8Array): number => crc32c(bytes);

/** A batch of records whose values are their offsets. */
function batch(baseOffset: number, count: number, more: Partial<WrittenBatch> = {}): Buffer {
  const records = Array.from({ length: count }, (_, i) => ({ value: String(baseOffset + i) }));
  return batchBytes({ baseOffset, records, ...more });
}

function bufferOf(next: number, ...answers: readonly (readonly Buffer[])[]): RecordBuffer {
  const buffer = new RecordBuffer(next, -1, checksum);
  for (const batches of answers) buffer.add(new FetchedRecords(Buffer.concat(batches), 7, []));
  return buffer;
}

function valuesOf({ columns, bytes }: TakenRecords): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: columns.count }, (_, i) => text.toString('utf8', columns.starts[i], columns.ends[i]));
}

/** Everything, in blocks, with the offset behind each. */
function drain(buffer: RecordBuffer, most = 100): { values: string[]; next: number }[] {
  const blocks: { values: string[]; next: number }[] = [];
  for (let taken = buffer.take(most); taken !== null; taken = buffer.take(most)) {
    blocks.push({ values: valuesOf(taken), next: buffer.next });
  }
  return blocks;
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));

describe('what has been fetched', () => {
  it('is handed on in blocks of so many records at most', () => {
    const blocks = drain(bufferOf(0, [batch(0, 5, { compression: 'lz4' })]), 2);
    expect(blocks).toEqual([
      { values: ['0', '1'], next: 2 },
      { values: ['2', '3'], next: 4 },
      { values: ['4'], next: 5 },
    ]);
  });

  it.each(['none', 'lz4', 'gzip'] as const)('of small batches (%s) goes into one block', (compression) => {
    const batches = Array.from({ length: 10 }, (_, i) => batch(i, 1, { compression }));
    expect(drain(bufferOf(0, batches))).toEqual([{ values: numbers(0, 10), next: 10 }]);
  });

  it('of batches that are compressed in different ways, and came in several answers, goes into one too', () => {
    const answers = [[batch(0, 2), batch(2, 1)], [batch(3, 2, { compression: 'zstd' })], [batch(5, 1), batch(6, 2)]];
    expect(drain(bufferOf(0, ...answers))).toEqual([{ values: numbers(0, 8), next: 8 }]);
  });

  it('of large batches is not copied: their values lie in what was decompressed', () => {
    const value = 'x'.repeat(1000);
    const large = (baseOffset: number): Buffer =>
      batchBytes({ baseOffset, records: Array.from({ length: 300 }, () => ({ value })), compression: 'lz4' });
    const buffer = bufferOf(0, [large(0), large(300)]);
    const blocks = [buffer.take(500), buffer.take(500)];
    expect(blocks.map((block) => block?.columns.count)).toEqual([300, 300]);
    expect(blocks[0]?.bytes).not.toBe(blocks[1]?.bytes);
  });

  it('begins in the middle of a batch, where that is what is to be read next', () => {
    expect(drain(bufferOf(3, [batch(0, 5, { compression: 'gzip' }), batch(5, 1)]))).toEqual([
      { values: ['3', '4', '5'], next: 6 },
    ]);
  });

  it('may have gaps, and end in one, where the topic was compacted', () => {
    const gappy = batchBytes({
      baseOffset: 10,
      records: [
        { value: 'a', delta: 2 },
        { value: 'b', delta: 7 },
      ],
      lastOffset: 19,
    });
    expect(drain(bufferOf(10, [gappy, batchBytes({ baseOffset: 20, records: [], lastOffset: 24 })]))).toEqual([
      { values: ['a', 'b'], next: 25 },
    ]);
  });

  it('leaves a last batch that is cut short to the next answer', () => {
    const whole = batch(1, 3);
    const answer = new FetchedRecords(Buffer.concat([batch(0, 1), whole.subarray(0, -1)]), 0, []);
    expect(answer.nextOffset).toBe(1);
    const buffer = new RecordBuffer(0, -1, checksum);
    buffer.add(answer);
    expect(drain(buffer)).toEqual([{ values: ['0'], next: 1 }]);
    expect(new FetchedRecords(whole.subarray(0, 40), 0, []).nextOffset).toBeUndefined();
  });

  it('counts the bytes that wait, until they are taken', () => {
    const [one, other] = [batch(0, 3), batch(3, 1)];
    const buffer = bufferOf(0, [one, other]);
    expect(buffer.bytes).toBe(one.length + other.length);
    buffer.take(2);
    expect(buffer.bytes).toBe(other.length);
    buffer.take(100);
    expect(buffer.bytes).toBe(0);
    expect(buffer.isEmpty).toBe(true);
  });

  it('carries the epoch of the leader that wrote it', () => {
    const buffer = bufferOf(0, [batch(0, 1, { leaderEpoch: 4 })]);
    expect(buffer.leaderEpoch).toBe(-1);
    buffer.take(1);
    expect(buffer.leaderEpoch).toBe(4);
  });
});

describe('transactions', () => {
  const aborted = batch(0, 2, { producerId: 5, isTransactional: true });
  const kept = batch(2, 1, { producerId: 6, isTransactional: true });
  const markers = [markerBytes(3, 5, 'abort'), markerBytes(4, 6, 'commit')];
  const listed = [{ producerId: 5, firstOffset: 0 }];

  it('that were aborted are left out, and what holds no records is passed over with the block before it', () => {
    const buffer = new RecordBuffer(0, -1, checksum);
    buffer.add(new FetchedRecords(Buffer.concat([aborted, kept, ...markers]), 0, listed));
    expect(drain(buffer)).toEqual([{ values: ['2'], next: 5 }]);
  });

  it('of which nothing is left move the next offset all the same', () => {
    const buffer = new RecordBuffer(0, -1, checksum);
    buffer.add(new FetchedRecords(Buffer.concat([aborted, markerBytes(2, 5, 'abort')]), 0, listed));
    expect(buffer.take(10)).toBeNull();
    expect([buffer.next, buffer.isEmpty]).toEqual([3, true]);
  });

  it('that are passed over leave the epoch that they were written in, for that is where the position stands', () => {
    const later = { producerId: 5, isTransactional: true, leaderEpoch: 8 };
    const answer = Buffer.concat([batch(0, 2, { leaderEpoch: 7 }), batch(2, 3, later)]);
    const buffer = new RecordBuffer(0, -1, checksum);
    buffer.add(new FetchedRecords(answer, 0, [{ producerId: 5, firstOffset: 2 }]));
    expect(drain(buffer)).toEqual([{ values: ['0', '1'], next: 5 }]);
    expect(buffer.leaderEpoch).toBe(8);
  });

  it('are all handed on with read_uncommitted, but not their markers', () => {
    const buffer = new RecordBuffer(0, -1, checksum);
    buffer.add(new FetchedRecords(Buffer.concat([aborted, kept, ...markers]), 0, null));
    expect(drain(buffer)).toEqual([{ values: ['0', '1', '2'], next: 5 }]);
  });
});

describe('bytes that are broken', () => {
  it('are noticed by the checksum; what is before them is handed on first, and a fetch from there on makes up for it', () => {
    const broken = batch(2, 2);
    broken[broken.length - 3] = 0x7e;
    const buffer = bufferOf(0, [batch(0, 2), broken, batch(4, 1)]);
    expect(valuesOf(buffer.take(100) as TakenRecords)).toEqual(['0', '1']);
    expect(() => buffer.take(100)).toThrow(CorruptRecordsError);
    expect(() => buffer.take(100)).toThrow('the checksum of the batch at offset 2');
    buffer.clear();
    expect([buffer.next, buffer.bytes, buffer.isEmpty]).toEqual([2, 0, true]);
    buffer.add(new FetchedRecords(Buffer.concat([batch(2, 2), batch(4, 1)]), 0, []));
    expect(drain(buffer)).toEqual([{ values: ['2', '3', '4'], next: 5 }]);
  });

  it('of every single bit are noticed', () => {
    const whole = batch(0, 2, { compression: 'lz4' });
    fc.assert(
      fc.property(fc.integer({ min: 17, max: whole.length - 1 }), fc.nat(7), (at, bit) => {
        const altered = Buffer.from(whole);
        altered[at] = (altered[at] ?? 0) ^ (1 << bit);
        expect(() => bufferOf(0, [altered]).take(10)).toThrow(CorruptRecordsError);
      }),
    );
  });

  it('in records under a checksum that is right are noticed by the walk, and nothing of the batch is handed on', () => {
    const records = [{ value: 'a' }, { value: 'b' }];
    const odd = batchBytes({ baseOffset: 1, records });
    // The length of the second record, with a checksum made anew.
    odd[odd.length - 8] = 0x7e;
    odd.writeUInt32BE(checksum(odd.subarray(21)), 17);
    const buffer = bufferOf(0, [batch(0, 1), odd]);
    expect(valuesOf(buffer.take(10) as TakenRecords)).toEqual(['0']);
    expect(() => buffer.take(10)).toThrow('a record is longer than its batch');
    expect(buffer.next).toBe(1);
  });
});

it('hands on every record once and in order, however batches, answers and blocks are cut', () => {
  const codec = fc.constantFrom('none', 'lz4', 'snappy', 'gzip', 'zstd' as const);
  const drawn = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), codec), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      drawn,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 5 }),
      fc.nat(6),
      (batches, most, perAnswer, from) => {
        const buffer = new RecordBuffer(from, -1, checksum);
        let offset = 0;
        const written = batches.map(([count, compression]) => {
          offset += count;
          return batch(offset - count, count, { compression: compression as 'none' });
        });
        for (let i = 0; i < written.length; i += perAnswer) {
          buffer.add(new FetchedRecords(Buffer.concat(written.slice(i, i + perAnswer)), 0, []));
        }
        const blocks = drain(buffer, most);
        expect(blocks.flatMap(({ values }) => values)).toEqual(numbers(Math.min(from, offset), offset));
        for (const { values, next } of blocks) {
          expect(values.length).toBeLessThanOrEqual(most);
          expect(next).toBe(Number(values.at(-1)) + 1);
        }
      },
    ),
  );
});
