import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { OracleConfig, OracleEvent, PartitionInput } from '../oracle/model.ts';
import { oracle, type Expected } from '../oracle/oracle.ts';
import { pipelineCases } from '../properties/arbitraries.ts';
import { compare } from '../properties/compare.ts';
import { builderOf } from '../properties/engine-subject.ts';
import { Instances } from './instances.ts';

/** The same events, of keys that stand in one partition each. */
function partitionedByKey(partitions: readonly PartitionInput[]): readonly PartitionInput[] {
  return partitions.map(({ events }, number) => ({
    id: `t/${String(number)}`,
    events: events.map((event): OracleEvent => ({
      ...event,
      key: [['home', String(number)], ...(event.key ?? []).filter(([name]) => name !== 'home')],
    })),
  }));
}

/** What all partitions together must give: as none shares a key with another, each is judged for itself. */
function expectedOf(config: OracleConfig, partitions: readonly PartitionInput[]): Expected {
  const each = partitions.map((partition) => oracle(config, [partition]));
  const counters = { assigned: 0, onTime: 0, outOfOrder: 0, acceptedLate: 0, droppedLate: 0, unassigned: 0 };
  for (const one of each) {
    for (const [name, count] of Object.entries(one.counters)) counters[name as keyof typeof counters] += count; // Own keys.
  }
  return {
    config,
    counters,
    events: each.reduce((sum, { events }) => sum + events, 0),
    windows: each.flatMap(({ windows }) => windows),
    drops: each.flatMap(({ drops }) => drops),
    sessionsDefined: true,
    undefinedSessions: [],
  };
}

const stretches = fc.array(
  fc.record({
    instances: fc.integer({ min: 1, max: 4 }),
    /** Of what is left of each partition, how much is there. */
    parts: fc.array(fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })), {
      minLength: 4,
      maxLength: 4,
    }),
    commits: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined, freq: 2 }),
  }),
  { minLength: 1, maxLength: 3 },
);

it('what instances give whose number changes is what the oracle says, each result once', async () => {
  const settings = fc.record({
    last: fc.integer({ min: 1, max: 4 }),
    bufferSize: fc.integer({ min: 1, max: 12 }),
    blockRecords: fc.integer({ min: 1, max: 5 }),
    stateMemoryLimitBytes: fc.constantFrom(0, 3000, Infinity),
  });
  await fc.assert(
    fc.asyncProperty(pipelineCases({ idle: false }), stretches, settings, async (drawn, before, settled) => {
      const { config } = drawn;
      const inputs = partitionedByKey(drawn.partitions);
      const { plan } = builderOf(config).build();
      const { last, blockRecords, ...sizes } = settled;
      const partitions = inputs.map(({ events }) => events);
      const instances = new Instances(
        { plan: { ...plan, ...sizes }, partitions, blockRecords },
        before[0]?.instances ?? 1,
      );
      let reached = partitions.map(() => 0);
      for (const [i, { parts, commits }] of before.entries()) {
        const from = reached;
        reached = partitions.map(({ length }, p) => {
          const done = from[p] ?? 0;
          return done + Math.round((length - done) * (parts[p] ?? 0));
        });
        await instances.run({ upTo: reached, ...(commits === undefined ? {} : { commits }) });
        await instances.rescale(before[i + 1]?.instances ?? last);
      }
      await instances.run({});
      expect(compare(expectedOf(config, inputs), instances.observed())).toEqual([]);
      for (const one of instances.counters) {
        expect(one.read).toBe(one.decoded + one.rejected);
        expect(one.assigned).toBe(one.onTime + one.outOfOrder + one.acceptedLate + one.droppedLate);
      }
    }),
    { numRuns: 300 },
  );
});
