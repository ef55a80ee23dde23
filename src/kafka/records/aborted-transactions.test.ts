import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AbortedTransactions, type AbortedTransaction } from './aborted-transactions.ts';

/** One batch of a log: records of a producer, or the marker that ends its transaction. */
interface LogBatch {
  readonly producerId: number;
  readonly first: number;
  readonly last: number;
  readonly marker?: 'commit' | 'abort';
}

/** A log, and what a broker knows of it. */
interface Log {
  readonly batches: readonly LogBatch[];
  /** Aborted transactions, with the offset of the marker. */
  readonly aborted: readonly (AbortedTransaction & { readonly markerAt: number })[];
}

/** Steps: a producer writes a batch of some records, or ends its transaction. */
type Step = readonly [producerId: number, records: number, end: 'commit' | 'abort' | null];

function logOf(steps: readonly Step[]): Log {
  const batches: LogBatch[] = [];
  const aborted: (AbortedTransaction & { markerAt: number })[] = [];
  const begun = new Map<number, number>();
  let offset = 0;
  const end = (producerId: number, marker: 'commit' | 'abort'): void => {
    const firstOffset = begun.get(producerId);
    if (firstOffset === undefined) return;
    batches.push({ producerId, first: offset, last: offset, marker });
    if (marker === 'abort') aborted.push({ producerId, firstOffset, markerAt: offset });
    begun.delete(producerId);
    offset += 1;
  };
  for (const [producerId, records, marker] of steps) {
    if (records > 0) {
      if (!begun.has(producerId)) begun.set(producerId, offset);
      batches.push({ producerId, first: offset, last: offset + records - 1 });
      offset += records;
    }
    if (marker !== null) end(producerId, marker);
  }
  // Only what lies before the first open transaction is ever answered, so all are ended.
  for (const producerId of Array.from(begun.keys())) end(producerId, 'commit');
  return { batches, aborted };
}

/** What a broker answers to a fetch at `offset` of at most so many batches. */
function answer(
  log: Log,
  offset: number,
  count: number,
): { batches: readonly LogBatch[]; aborted: AbortedTransaction[] } {
  const from = log.batches.findIndex(({ last }) => last >= offset);
  const batches = log.batches.slice(from, from + count);
  const end = batches.at(-1)?.last ?? offset;
  return {
    batches,
    aborted: log.aborted.filter(({ firstOffset, markerAt }) => markerAt >= offset && firstOffset <= end),
  };
}

/** The first offsets of the batches whose records are handed on, reading a log by fetches of so many batches. */
function offsetsRead(log: Log, counts: readonly number[]): number[] {
  const read: number[] = [];
  let offset = 0;
  for (let fetch = 0; log.batches.some(({ last }) => last >= offset); fetch += 1) {
    const { batches, aborted } = answer(log, offset, counts[fetch % counts.length] ?? 1);
    const filter = new AbortedTransactions(aborted);
    for (const { producerId, first, last, marker } of batches) {
      if (marker === 'abort') filter.end(producerId, last);
      else if (marker === undefined && !filter.includes(producerId, last)) read.push(first);
      offset = last + 1;
    }
  }
  return read;
}

/** The oracle: a batch counts if the next marker of its producer commits. */
function committed({ batches }: Log): number[] {
  return batches
    .filter(({ marker }) => marker === undefined)
    .filter(({ producerId, last }) => {
      const end = batches.find(
        (batch) => batch.producerId === producerId && batch.first > last && batch.marker !== undefined,
      );
      return end?.marker === 'commit';
    })
    .map(({ first }) => first);
}

const CASES: readonly (readonly [string, readonly Step[], readonly number[]])[] = [
  [
    'two aborts of one producer',
    [
      [1, 2, 'abort'],
      [1, 3, 'abort'],
      [1, 1, 'commit'],
    ],
    [7],
  ],
  [
    'a commit between two aborts',
    [
      [1, 1, 'abort'],
      [1, 1, 'commit'],
      [1, 1, 'abort'],
    ],
    [2],
  ],
  [
    'interleaved producers',
    [
      [1, 1, null],
      [2, 1, null],
      [1, 1, 'abort'],
      [2, 1, 'commit'],
    ],
    [1, 4],
  ],
  ['an abort with nothing behind it', [[1, 5, 'abort']], []],
  [
    'a transaction that is begun while another of the same records is aborted',
    [
      [1, 1, null],
      [2, 1, 'abort'],
      [1, 1, 'commit'],
    ],
    [0, 3],
  ],
];

describe('read_committed', () => {
  it.each(CASES)('%s, in fetches of any size', (_, steps, expected) => {
    const log = logOf(steps);
    expect(committed(log)).toEqual(expected);
    for (let count = 1; count <= log.batches.length; count += 1) expect(offsetsRead(log, [count])).toEqual(expected);
  });

  it('hands on exactly what was committed, whatever the transactions and the fetches', () => {
    const step = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.nat(3),
      fc.constantFrom<Step[2]>(null, null, 'commit', 'abort'),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1 }),
        (steps, counts) => {
          const log = logOf(steps);
          expect(offsetsRead(log, counts)).toEqual(committed(log));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
