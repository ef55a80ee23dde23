import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTrace, readTrace, TRACE_FILES } from './trace.ts';

/** Uniform numbers in [0, 1), the same for the same seed: mulberry32 (Tommy Ettinger, 2017, public domain). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The rows in another order, in which none comes after one that is more than `disorderMs` later than itself: each
 * row arrives up to that long after its time.
 */
export function shuffleWithin<R extends { readonly timestamp: number }>(
  rows: readonly R[],
  disorderMs: number,
  seed: number,
): readonly R[] {
  const random = seededRandom(seed);
  return rows
    .map((row) => ({ row, arrival: row.timestamp + random() * disorderMs }))
    .toSorted((a, b) => a.arrival - b.arrival)
    .map(({ row }) => row);
}

/** How far the row that is most out of order lies behind an earlier one, in ms. */
export function disorderOf(rows: readonly { readonly timestamp: number }[]): number {
  let greatest = -Infinity;
  let disorder = 0;
  for (const { timestamp } of rows) {
    greatest = Math.max(greatest, timestamp);
    disorder = Math.max(disorder, greatest - timestamp);
  }
  return disorder;
}

/** Writes the trace's files, shuffled, under the same names into another folder. */
export function writeShuffledTrace(from: string, to: string, disorderMs: number, seed: number): void {
  TRACE_FILES.forEach((file, index) => {
    const rows = shuffleWithin(readTrace(from, file), disorderMs, seed + index);
    writeFileSync(join(to, file), formatTrace(rows));
  });
}
