import { describe, expect, it } from 'vitest';
import { murmur2, partitionOfKey } from './murmur2.ts';

/** As `org.apache.kafka.common.utils.Utils.murmur2` of kafka-clients 4.4.0 gives them, and the partition of 12. */
const VECTORS: readonly (readonly [text: string, hash: number, partition: number])[] = [
  ['', 275646681, 9],
  ['2', 648968168, 8],
  ['21', -973932308, 0],
  ['foo', 597841616, 8],
  ['foobar', -790332482, 6],
  ['model=gpt-4::region=us-west-2', 1853216058, 6],
  ['a-little-bit-long-string', -985981536, 8],
  ['ä☃', -1605100451, 9],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971, 5],
];

describe('the hash of a key', () => {
  it.each(VECTORS)('of "%s" is that of the Java client, and so is its partition', (text, hash, partition) => {
    const key = Buffer.from(text);
    expect(murmur2(key)).toBe(hash);
    expect(partitionOfKey(key, 12)).toBe(partition);
    expect(partitionOfKey(key, 1)).toBe(0);
  });

  it('is that of the bytes, whatever they are', () => {
    expect(murmur2(Uint8Array.of(0xff, 0x80, 0xfe, 0, 1, 0x90, 0xaa))).toBe(-1781445641);
  });

  it('may be that of a part of longer bytes', () => {
    expect(murmur2(Buffer.from('xxfoobaryy'), 2, 8)).toBe(-790332482);
  });
});
