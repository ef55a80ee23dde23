import fc from 'fast-check';
import { expect, it } from 'vitest';
import { oracle } from '../oracle/oracle.ts';
import { oracleStepwise } from '../oracle/stepwise.ts';
import { pipelineCases } from './arbitraries.ts';
import { compare } from './compare.ts';
import { asObserved, compareStepwise } from './compare-stepwise.ts';

const RUNS = { numRuns: 400, seed: 20231116 };

it('any interleaving and any batches give what the rules say of the whole input', () => {
  fc.assert(
    fc.property(pipelineCases({ idle: false }), ({ config, partitions, steps }) => {
      const expected = oracle(config, partitions);
      const ids = partitions.map(({ id }) => id);
      expect(compare(expected, asObserved(oracleStepwise(config, ids, steps)))).toEqual([]);
    }),
    RUNS,
  );
});

it('every run, with idle partitions too, obeys the laws of conservation', () => {
  fc.assert(
    fc.property(pipelineCases(), ({ config, partitions, steps }) => {
      const stepwise = oracleStepwise(
        config,
        partitions.map(({ id }) => id),
        steps,
      );
      expect(compareStepwise(stepwise, asObserved(stepwise))).toEqual([]);
      expect(stepwise.watermarks.every((at, i) => at >= (stepwise.watermarks[i - 1] ?? -Infinity))).toBe(true);
      expect(stepwise.watermarks.at(-1)).toBe(Infinity);
    }),
    RUNS,
  );
});

it('what windows hold in the end is what was assigned and not dropped', () => {
  fc.assert(
    fc.property(pipelineCases({ idle: false }), ({ config, partitions }) => {
      const { windows, counters, sessionsDefined } = oracle(config, partitions);
      fc.pre(sessionsDefined);
      const held = windows.reduce((sum, window) => sum + window.events.length, 0);
      expect(held).toBe(counters.assigned - counters.droppedLate);
    }),
    RUNS,
  );
});
