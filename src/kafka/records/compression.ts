import zlib from 'node:zlib';
import { messageOf } from '../../errors/message-of.ts';
import { CorruptRecordsError } from './corrupt-records-error.ts';
import type { Content, DecompressionSpace } from './decompression-space.ts';
import { decompressLz4 } from './lz4.ts';
import { decompressSnappy } from './snappy.ts';

/** The longest content of one batch, in bytes. Brokers take batches of 1 MiB unless told otherwise; a bomb ends here. */
const MAX_CONTENT_BYTES = 268_435_456;

/**
 * The records of a batch as they were before they were compressed, in `space` where the codec can do that. `codec` is the
 * number in the attributes of the batch; 0, none, leaves them where they lie.
 *
 * @throws CorruptRecordsError where the bytes are not of that codec, there is none of that number, or the content is longer
 *   than 256 MiB.
 */
export function decompress(codec: number, data: Uint8Array, space: DecompressionSpace): Content {
  switch (codec) {
    case 0:
      return { bytes: data, start: 0, end: data.length };
    case 1:
      return unzipped(() => zlib.gunzipSync(data, { maxOutputLength: MAX_CONTENT_BYTES }));
    case 2:
      return decompressSnappy(data, MAX_CONTENT_BYTES, space);
    case 3:
      return decompressLz4(data, MAX_CONTENT_BYTES, space);
    case 4:
      return unzipped(() => zlib.zstdDecompressSync(data, { maxOutputLength: MAX_CONTENT_BYTES }));
    default:
      throw new CorruptRecordsError(`compression ${codec}, which is not known`);
  }
}

function unzipped(unzip: () => Uint8Array): Content {
  try {
    const bytes = unzip();
    return { bytes, start: 0, end: bytes.length };
  } catch (error) {
    throw new CorruptRecordsError(messageOf(error));
  }
}
