import type { StateEntry } from '../../state/state-backend.ts';

/** An entry, and the number of the state that it is from. */
export interface EntryFrom extends StateEntry {
  readonly from: number;
}

/** The entries of several states, each in the order of its keys, in the order of all keys. Holds one of each at a time. */
export async function* mergedScan(
  scans: readonly AsyncIterable<StateEntry>[],
): AsyncGenerator<EntryFrom, void, undefined> {
  const iterators = scans.map((scan) => scan[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
    for (;;) {
      let from = -1;
      let lowest: StateEntry | undefined;
      for (const [i, head] of heads.entries()) {
        if (head.done === true) continue;
        if (lowest !== undefined && Buffer.compare(lowest.key, head.value.key) <= 0) continue;
        [from, lowest] = [i, head.value];
      }
      const iterator = iterators[from];
      if (lowest === undefined || iterator === undefined) return;
      yield { ...lowest, from };
      heads[from] = await iterator.next();
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}
