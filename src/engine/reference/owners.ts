import type { ByteReader, ByteWriter } from '../../aggregations/accumulator-bytes.ts';

/** Numbers of the partitions whose events something holds, sorted: one as a rule, and then just that. */
export type Owners = number | readonly number[];

/** All of `owners`, and `partition`. */
export function withOwner(owners: Owners, partition: number): Owners {
  if (typeof owners === 'number') return owners === partition ? owners : sorted([owners, partition]);
  return owners.includes(partition) ? owners : sorted([...owners, partition]);
}

/** All of both. */
export function joinOwners(left: Owners, right: Owners): Owners {
  let joined = left;
  for (const partition of ownerList(right)) joined = withOwner(joined, partition);
  return joined;
}

/** The numbers one by one. */
export function ownerList(owners: Owners): readonly number[] {
  return typeof owners === 'number' ? [owners] : owners;
}

/** One takes a byte below partition 64, two below 8192. */
export function writeOwners(writer: ByteWriter, owners: Owners): void {
  if (typeof owners === 'number') {
    writer.whole(2 * owners);
    return;
  }
  writer.whole(2 * owners.length + 1);
  for (const partition of owners) writer.whole(partition);
}

/** What {@link writeOwners} wrote. @throws ProcessorError ACCUMULATOR_CORRUPT. */
export function readOwners(reader: ByteReader): Owners {
  const first = reader.whole();
  if (first % 2 === 0) return first / 2;
  const count = (first - 1) / 2;
  reader.expect(count >= 2 && count <= reader.left, 'a number of partitions that cannot be');
  return Array.from({ length: count }, () => reader.whole());
}

function sorted(owners: readonly number[]): readonly number[] {
  return owners.toSorted((a, b) => a - b);
}
