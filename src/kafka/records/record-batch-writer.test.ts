import * as library from '@platformatic/kafka';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../state/rocksdb/crc32c.ts';
import { batchCodec, CODEC_NAMES } from './batch-codec.ts';
import { decompress } from './compression.ts';
import { DecompressionSpace } from './decompression-space.ts';
import { BATCH_HEADER_BYTES, CHECKED_FROM, RecordBatch } from './record-batch.ts';
import { RecordBatchWriter, sealBatch, type BatchProducer } from './record-batch-writer.ts';
import { emptyColumns, RecordWalker } from './record-columns.ts';

interface TestRecord {
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string;
}

const NONE = batchCodec('none', library);
const PRODUCER: BatchProducer = { id: 4001, epoch: 7, sequence: 42, isTransactional: true };
const NOBODY: BatchProducer = { id: -1, epoch: -1, sequence: -1, isTransactional: false };

function written(records: readonly TestRecord[], writer = new RecordBatchWriter()): RecordBatchWriter {
  for (const { timestamp, key, value } of records) {
    writer.append(timestamp, key === null ? null : Buffer.from(key), value, Buffer.byteLength(value));
  }
  return writer;
}

/** The values of a batch, as the source reads them. */
function read(bytes: Uint8Array): { readonly batch: RecordBatch; readonly values: readonly string[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const batch = new RecordBatch();
  expect(batch.read(view, 0)).toBe(true);
  expect(batch.end).toBe(bytes.length);
  expect(batch.checksum).toBe(crc32c(bytes, CHECKED_FROM));
  const records = bytes.subarray(BATCH_HEADER_BYTES);
  const { bytes: content, start, end } = decompress(batch.compression, records, new DecompressionSpace());
  const walker = new RecordWalker();
  walker.begin(content, start, end, 0, batch.recordCount);
  const columns = emptyColumns(batch.recordCount);
  walker.fill(columns, 0);
  expect(walker.left).toBe(0);
  const values = Array.from({ length: columns.count }, (_, i) =>
    Buffer.from(content.subarray(columns.starts[i], columns.ends[i])).toString('utf8'),
  );
  return { batch, values };
}

const RECORDS: readonly TestRecord[] = [
  { timestamp: 1_700_000_000_000, key: 'model=gpt-4', value: '{"count":1}' },
  { timestamp: 1_700_000_000_123, key: null, value: 'zwei ☃' },
  { timestamp: 1_699_999_999_999, key: 'k', value: '' },
];

/** What `MemoryRecordsBuilder` of kafka-clients 4.4.0 makes of the same records and producers. */
const OF_JAVA = {
  transactional:
    '000000000000000000000066ffffffff02c8e06a480010000000020000018bcfe568000000018bcfe5687b0000000000000fa100070000002a0000000338000000166d6f64656c3d6770742d34167b22636f756e74223a317d001e00f6010201107a77656920e29883000e000104026b0000',
  plain:
    '000000000000000000000066ffffffff0289b0f40d0000000000020000018bcfe568000000018bcfe5687bffffffffffffffffffffffffffff0000000338000000166d6f64656c3d6770742d34167b22636f756e74223a317d001e00f6010201107a77656920e29883000e000104026b0000',
};

describe('a record batch', () => {
  it.each([
    ['of a transaction', PRODUCER, OF_JAVA.transactional],
    ['of nobody', NOBODY, OF_JAVA.plain],
  ])('%s is byte for byte what the Java client writes', (_what, producer, expected) => {
    const bytes = sealBatch(written(RECORDS).pack(NONE), producer, crc32c);
    expect(Buffer.from(bytes).toString('hex')).toBe(expected);
  });

  it('can be sealed again, for another producer', () => {
    const packed = written(RECORDS).pack(NONE);
    sealBatch(packed, NOBODY, crc32c);
    expect(Buffer.from(sealBatch(packed, PRODUCER, crc32c)).toString('hex')).toBe(OF_JAVA.transactional);
  });

  it('begins with nothing after the one before', () => {
    const writer = written(RECORDS);
    writer.pack(NONE);
    expect(writer.count).toBe(0);
    const bytes = sealBatch(written(RECORDS, writer).pack(NONE), PRODUCER, crc32c);
    expect(Buffer.from(bytes).toString('hex')).toBe(OF_JAVA.transactional);
  });

  it.each(CODEC_NAMES)('gives back what went in, compressed by %s', (name) => {
    const codec = batchCodec(name, library);
    const many = Array.from({ length: 2000 }, (_, i) => ({
      timestamp: i,
      key: i % 3 === 0 ? null : `key-${String(i % 7)}`,
      value: JSON.stringify({ i, text: 'again and again and ☃' }),
    }));
    const packed = written(many).pack(codec);
    const { batch, values } = read(sealBatch(packed, PRODUCER, crc32c));
    expect(batch).toMatchObject({ compression: codec.number, isTransactional: true, producerId: 4001 });
    expect(values).toEqual(many.map(({ value }) => value));
  });

  it.each(CODEC_NAMES)('is left as it is where %s would make it longer', (name) => {
    const packed = written([{ timestamp: 0, key: null, value: 'x' }]).pack(batchCodec(name, library));
    expect(packed.codec).toBe(0);
    expect(read(sealBatch(packed, NOBODY, crc32c)).values).toEqual(['x']);
  });

  it('holds any records that there can be, and never more bytes than were told of', () => {
    const record = fc.record({
      timestamp: fc.integer({ min: -8.64e15, max: 8.64e15 }),
      key: fc.option(fc.string({ unit: 'binary', maxLength: 200 })),
      value: fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 9000, maxLength: 20_000 })),
    });
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 20 }),
        fc.constantFrom(...CODEC_NAMES),
        (records, name) => {
          const writer = new RecordBatchWriter();
          let most = BATCH_HEADER_BYTES;
          for (const { key, value } of records) {
            most += RecordBatchWriter.lengthOf(Buffer.byteLength(key ?? ''), Buffer.byteLength(value));
          }
          written(records, writer);
          expect(writer.length).toBeLessThanOrEqual(most);
          const { batch, values } = read(sealBatch(writer.pack(batchCodec(name, library)), PRODUCER, crc32c));
          expect(batch.recordCount).toBe(records.length);
          expect(batch.lastOffset).toBe(records.length - 1);
          // A lone surrogate has no UTF-8; what stands in its place is what Node writes.
          expect(values).toEqual(records.map(({ value }) => Buffer.from(value).toString()));
        },
      ),
    );
  });
});
