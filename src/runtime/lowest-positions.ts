import type { Positions } from '../event/source-position.ts';

/**
 * Of each partition the lowest of some positions, by offset. A partition that one of them does not have would be read
 * from its start by that one, and is left out.
 */
export function lowestPositions(all: readonly Positions[]): Positions {
  const [first, ...others] = all;
  const lowest = new Map(first);
  for (const other of others) {
    for (const [partition, position] of lowest) {
      const found = other.get(partition);
      if (found === undefined) lowest.delete(partition);
      else if (found.offset < position.offset) lowest.set(partition, found);
    }
  }
  return lowest;
}
