import { describe, expect, it } from 'vitest';
import { PLANTED, type PlantedBug } from './planted.ts';
import { simulate } from './simulate.ts';

/** So many seeds must do to find a planted bug. */
const MOST_SEEDS = 240;

describe('the simulation', () => {
  it.each(Object.keys(PLANTED) as PlantedBug[])('finds: %s, by a seed that passes without it', async (bug) => {
    let found: number | undefined;
    for (let seed = 1; seed <= MOST_SEEDS && found === undefined; seed += 1) {
      const { failures } = await simulate(seed, bug);
      if (failures.length > 0) found = seed;
    }
    expect(found, `no seed up to ${String(MOST_SEEDS)} finds it`).toBeDefined();
    expect((await simulate(found ?? 0)).failures).toEqual([]);
  });
});
