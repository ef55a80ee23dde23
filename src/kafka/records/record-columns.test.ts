import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RECORD_BYTES } from '../../event/record-block.ts';
import { batchBytes, type WrittenBatch, type WrittenRecord } from './batch-fixtures.contract.ts';
import { CorruptRecordsError } from './corrupt-records-error.ts';
import { BATCH_HEADER_BYTES, RecordBatch } from './record-batch.ts';
import { emptyColumns, RecordWalker, type RecordColumns } from './record-columns.ts';

function walkerOn(bytes: Buffer): RecordWalker {
  const batch = new RecordBatch();
  expect(batch.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0)).toBe(true);
  const walker = new RecordWalker();
  walker.begin(bytes, BATCH_HEADER_BYTES, batch.end, batch.baseOffset, batch.recordCount);
  return walker;
}

function walked(batch: WrittenBatch, from = 0, capacity = 100): { columns: RecordColumns; values: string[] } {
  const bytes = batchBytes(batch);
  const columns = emptyColumns(capacity);
  walkerOn(bytes).fill(columns, from);
  const values = Array.from({ length: columns.count }, (_, i) =>
    bytes.toString('utf8', columns.starts[i], columns.ends[i]),
  );
  return { columns, values };
}

const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

const records = fc.array(
  fc.record({
    key: fc.option(bytes(200)),
    value: fc.option(bytes(400)),
    headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), fc.option(fc.string({ maxLength: 5 }))), { maxLength: 3 }),
    timestampDelta: fc.integer({ min: -1e12, max: 1e12 }),
    gap: fc.nat(300),
  }),
  { minLength: 1, maxLength: 20 },
);

describe('a walk over a batch', () => {
  it('finds each value where it lies, whatever stands around it', () => {
    fc.assert(
      fc.property(records, fc.nat(2 ** 40), fc.integer({ min: 1, max: 7 }), (drawn, baseOffset, capacity) => {
        let delta = -1;
        const written = drawn.map(({ gap, ...record }): WrittenRecord => {
          delta += gap + 1;
          return { ...record, delta };
        });
        const source = batchBytes({ baseOffset, records: written });
        const walker = walkerOn(source);
        const found: [number, string, boolean][] = [];
        while (walker.left > 0) {
          const columns = emptyColumns(capacity);
          walker.fill(columns, 0);
          for (let i = 0; i < columns.count; i += 1) {
            const value = source.toString('latin1', columns.starts[i], columns.ends[i]);
            found.push([columns.offsets[i] ?? -1, value, columns.faults?.has(i) ?? false]);
          }
        }
        expect(found).toEqual(
          written.map(({ value, delta: at = 0 }) => [
            baseOffset + at,
            Buffer.from(value ?? '').toString('latin1'),
            value === null,
          ]),
        );
      }),
    );
  });

  it('leaves out what is before the offset that is wanted', () => {
    const batch = { baseOffset: 40, records: ['a', 'b', 'c', 'd'].map((value) => ({ value })) };
    expect(walked(batch, 42).values).toEqual(['c', 'd']);
    expect(walked(batch, 42).columns.offsets.slice(0, 2)).toEqual(Float64Array.of(42, 43));
  });

  it('notes tombstones, and records that are too long, of which it gives the beginning', () => {
    const long = 'x'.repeat(MAX_RECORD_BYTES + 1);
    const { columns } = walked({
      baseOffset: 0,
      records: [{ value: null }, { value: 'ok' }, { value: long }, { value: '' }],
    });
    expect([...(columns.faults ?? [])].map(([index, { reason }]) => [index, reason])).toEqual([
      [0, 'tombstone'],
      [2, 'too_large'],
    ]);
    const lengths = Array.from({ length: 4 }, (_, i) => (columns.ends[i] ?? 0) - (columns.starts[i] ?? 0));
    expect(lengths).toEqual([0, 2, MAX_RECORD_BYTES, 0]);
  });

  it('takes a value of exactly the most', () => {
    const value = 'x'.repeat(MAX_RECORD_BYTES);
    expect(walked({ baseOffset: 0, records: [{ value }] }).columns.faults).toBeUndefined();
  });

  it('ends, and throws nothing but that it is corrupt, whatever the bytes are', () => {
    const whole = batchBytes({ baseOffset: 0, records: [{ key: Buffer.from('k'), value: 'abc' }, { value: 'defgh' }] });
    fc.assert(
      fc.property(fc.integer({ min: BATCH_HEADER_BYTES, max: whole.length - 1 }), fc.nat(255), (at, byte) => {
        const altered = Buffer.from(whole);
        altered[at] = byte;
        const columns = emptyColumns(10);
        try {
          walkerOn(altered).fill(columns, 0);
          for (let i = 0; i < columns.count; i += 1) expect(columns.ends[i]).toBeLessThanOrEqual(altered.length);
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptRecordsError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('does not go beyond the batch for records that are said to be there and are not', () => {
    const source = batchBytes({ baseOffset: 0, records: [{ value: 'a' }] });
    const walker = new RecordWalker();
    walker.begin(source, BATCH_HEADER_BYTES, source.length, 0, 2);
    expect(() => walker.fill(emptyColumns(10), 0)).toThrow(CorruptRecordsError);
  });
});

describe('the head of a batch', () => {
  const viewOf = (source: Buffer): DataView => new DataView(source.buffer, source.byteOffset, source.length);

  it('says what the batch is', () => {
    const batch = new RecordBatch();
    const source = batchBytes({
      baseOffset: 2 ** 40 + 5,
      records: [{ value: 'a' }, { value: 'b', delta: 9 }],
      compression: 'zstd',
      producerId: 2 ** 33 + 1,
      isTransactional: true,
      leaderEpoch: 7,
    });
    expect(batch.read(viewOf(source), 0)).toBe(true);
    expect(batch).toMatchObject({
      start: 0,
      end: source.length,
      baseOffset: 2 ** 40 + 5,
      lastOffset: 2 ** 40 + 14,
      leaderEpoch: 7,
      compression: 4,
      isTransactional: true,
      isControl: false,
      producerId: 2 ** 33 + 1,
      recordCount: 2,
    });
  });

  it('is not read where the batch is cut short', () => {
    const source = batchBytes({ baseOffset: 0, records: [{ value: 'abc' }] });
    for (let length = 0; length < source.length; length += 1) {
      expect(new RecordBatch().read(viewOf(source.subarray(0, length)), 0)).toBe(false);
    }
  });

  it.each([0, 1, 3])('of version %i is refused, with what to know about it', (magic) => {
    const source = batchBytes({ baseOffset: 0, records: [{ value: 'abc' }] });
    source[16] = magic;
    expect(() => new RecordBatch().read(viewOf(source), 0)).toThrow(`version ${magic} of the format`);
  });
});
