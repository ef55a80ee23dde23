import { getHeapStatistics } from 'node:v8';

/** The least that windows can be given in memory, in MiB: below this, an epoch's own windows would not fit. */
export const LEAST_STATE_MEMORY_MIB = 8;
/** The most that windows can be given in memory, in MiB: 1 TiB. */
export const MOST_STATE_MEMORY_MIB = 1_048_576;

/** Bytes of so many MiB, fractions allowed. */
export function bytesOfMebibytes(mebibytes: number): number {
  return Math.round(mebibytes * 1024 * 1024);
}

/** What windows may hold in memory where nobody has said how much, in bytes: half of the heap that Node allows itself. */
export function defaultStateMemoryBytes(): number {
  const half = Math.floor(getHeapStatistics().heap_size_limit / 2);
  return Math.max(bytesOfMebibytes(LEAST_STATE_MEMORY_MIB), half);
}
