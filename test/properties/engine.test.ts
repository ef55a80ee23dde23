import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pipelineCases } from './arbitraries.ts';
import { check } from './check.ts';
import { engineSubject } from './engine-subject.ts';

describe('the engine', () => {
  it('gives what the oracle gives, for random pipelines, events, disorder and batches', async () => {
    await fc.assert(
      fc.asyncProperty(pipelineCases(), async (given) => {
        expect(await check(engineSubject, given)).toEqual([]);
      }),
      { numRuns: 2500 },
    );
  });
});
