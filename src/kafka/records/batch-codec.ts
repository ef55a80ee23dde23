import zlib from 'node:zlib';
import type { KafkaLibrary } from '../client-library.ts';
import type { KafkaProducerConfig } from '../kafka-settings.ts';
import type { BatchCodec } from './record-batch-writer.ts';

/** Names of the codecs, by their numbers in the attributes of a batch. */
export const CODEC_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const satisfies readonly NonNullable<
  KafkaProducerConfig['compressionType']
>[];

/** The compression of a name. */
export function batchCodec(name: (typeof CODEC_NAMES)[number], library: KafkaLibrary): BatchCodec {
  const { compressionsAlgorithms } = library;
  const compress: Record<typeof name, BatchCodec['compress']> = {
    none: (bytes) => bytes,
    gzip: (bytes) => zlib.gzipSync(bytes),
    snappy: (bytes) => compressionsAlgorithms.snappy.compressSync(asBuffer(bytes)),
    lz4: (bytes) => compressionsAlgorithms.lz4.compressSync(asBuffer(bytes)),
    zstd: (bytes) => zlib.zstdCompressSync(bytes),
  };
  return { number: CODEC_NAMES.indexOf(name), compress: compress[name] };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
