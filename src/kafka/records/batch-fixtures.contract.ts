import { compressionsAlgorithms, crc32c, Writer, type CompressionAlgorithmValue } from '@platformatic/kafka';

/** A record as tests write it; a null value is a tombstone. */
export interface WrittenRecord {
  readonly key?: Uint8Array | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: readonly (readonly [string, Uint8Array | string | null])[];
  /** Behind the base offset of its batch. Default: one more than the record before. */
  readonly delta?: number;
  readonly timestampDelta?: number;
}

/** A batch as tests write it. */
export interface WrittenBatch {
  readonly baseOffset: number;
  readonly records: readonly WrittenRecord[];
  /** Default: of the last record. */
  readonly lastOffset?: number;
  readonly compression?: CompressionAlgorithmValue;
  /** −1 without one. */
  readonly producerId?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
  readonly leaderEpoch?: number;
}

const CODECS: Readonly<Record<CompressionAlgorithmValue, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };

/** The bytes of a batch, independent of what reads them: by the description in Kafka's documentation. */
export function batchBytes(batch: WrittenBatch): Buffer {
  const { baseOffset, records, compression = 'none', producerId = -1, leaderEpoch = 0 } = batch;
  let delta = -1;
  const deltas = records.map((record) => (delta = record.delta ?? delta + 1));
  const plain = Buffer.concat(records.map((record, index) => recordBytes(record, deltas[index] ?? 0)));
  const isTransactional = batch.isTransactional === true ? 0x10 : 0;
  const isControl = batch.isControl === true ? 0x20 : 0;
  const lastDelta = (batch.lastOffset ?? baseOffset + Math.max(0, delta)) - baseOffset;
  const content = compression === 'none' ? plain : compressionsAlgorithms[compression].compressSync(plain);
  const checked = Writer.create()
    .appendInt16(CODECS[compression] | isTransactional | isControl)
    .appendInt32(lastDelta)
    .appendInt64(1_700_000_000_000n)
    .appendInt64(1_700_000_000_999n)
    .appendInt64(BigInt(producerId))
    .appendInt16(0)
    .appendInt32(-1)
    .appendInt32(records.length)
    .append(content).buffer;
  return Writer.create()
    .appendInt64(BigInt(baseOffset))
    .appendInt32(checked.length + 9)
    .appendInt32(leaderEpoch)
    .appendInt8(2)
    .appendUnsignedInt32(crc32c(checked))
    .append(checked).buffer;
}

/** The batch of a marker that ends a transaction. */
export function markerBytes(baseOffset: number, producerId: number, outcome: 'commit' | 'abort'): Buffer {
  const key = Buffer.from([0, 0, 0, outcome === 'abort' ? 0 : 1]);
  const records = [{ key, value: Buffer.alloc(6) }];
  return batchBytes({ baseOffset, records, producerId, isTransactional: true, isControl: true });
}

function recordBytes({ key = null, value, headers = [], timestampDelta = 0 }: WrittenRecord, delta: number): Buffer {
  const body = Writer.create()
    .appendInt8(0)
    .appendVarInt64(BigInt(timestampDelta))
    .appendVarInt(delta)
    .appendVarIntBytes(key === null ? null : Buffer.from(key))
    .appendVarIntBytes(value === null ? null : Buffer.from(value))
    .appendVarInt(headers.length);
  for (const [name, text] of headers) {
    body.appendVarIntBytes(Buffer.from(name)).appendVarIntBytes(text === null ? null : Buffer.from(text));
  }
  return body.prependVarIntLength().buffer;
}
