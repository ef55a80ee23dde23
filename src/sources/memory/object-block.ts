import type { ObjectBlock } from '../../event/record-block.ts';
import type { Instant } from '../../time/instant.ts';

/** A block of values whose offsets are their indexes, the first of them `offset`. */
export function objectBlock(objects: readonly unknown[], offset: number, receivedAt: Instant): ObjectBlock {
  const count = objects.length;
  const offsets = Float64Array.from({ length: count }, (_, index) => offset + index);
  return { kind: 'objects', count, objects, offsets, nextOffset: offset + count, receivedAt };
}
