import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { crc32c, type CompressionAlgorithmValue } from '@platformatic/kafka';
import { afterEach, describe, expect, it } from 'vitest';
import { batchBytes } from '../../kafka/records/batch-fixtures.contract.ts';
import { FetchedRecords } from './fetched-records.ts';
import { KafkaPartition } from './kafka-partition.ts';

const SPAN = 'b7ad6b7169203331';
const traceId = (number: number): string => number.toString(16).padStart(32, '0');

afterEach(() => {
  trace.disable();
});

/** A partition with six records that came in two answers and three batches; each but the second has a trace of its offset. */
function partition(compression: CompressionAlgorithmValue, flags = '01'): KafkaPartition {
  const made = new KafkaPartition({
    topic: 'events',
    topicId: '00000000-0000-0000-0000-000000000001',
    index: 3,
    offset: 10,
    leaderEpoch: -1,
    end: 16,
    isPinned: false,
    maxRecords: 100,
    maxBytes: 1_000_000,
    checksum: (bytes) => crc32c(bytes),
    signal: new AbortController().signal,
  });
  const batch = (baseOffset: number): Buffer => {
    const records = [baseOffset, baseOffset + 1].map((offset) => {
      const traceparent = `00-${traceId(offset)}-${SPAN}-${flags}`;
      return { value: String(offset), headers: offset === 11 ? [] : [['traceparent', traceparent] as const] };
    });
    return batchBytes({ baseOffset, records, compression });
  };
  made.add(new FetchedRecords(Buffer.concat([batch(10), batch(12)]), 7, []));
  made.add(new FetchedRecords(batch(14), 8, []));
  return made;
}

describe('a block of Kafka', () => {
  it.each(['none', 'lz4'] as const)('has the traces of its records, where somebody takes spans (%s)', async (codec) => {
    trace.setGlobalTracerProvider(new BasicTracerProvider());
    const block = await partition(codec).read();
    expect(block?.count).toBe(6);
    expect([...(block?.traces ?? [])].map(([index, context]) => [index, context.traceId])).toEqual(
      [0, 2, 3, 4, 5].map((index) => [index, traceId(10 + index)]),
    );
  });

  it('has none where none is to be recorded', async () => {
    trace.setGlobalTracerProvider(new BasicTracerProvider());
    expect(await partition('none', '00').read()).not.toHaveProperty('traces');
  });

  it('has none where nobody takes spans', async () => {
    expect(await partition('none').read()).not.toHaveProperty('traces');
  });
});
