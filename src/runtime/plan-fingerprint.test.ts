import { describe, expect, it } from 'vitest';
import { CARRIED_OVER, REFUSED, type BuildOver } from './plan-changes.contract.ts';
import {
  comparePlans,
  describePlan,
  planMismatch,
  takeOverPlan,
  type PlanChange,
  type StoredPlan,
} from './plan-fingerprint.ts';

/** As read back from the state. */
function stored(build: BuildOver): StoredPlan {
  return JSON.parse(JSON.stringify(describePlan(build([]).build().plan))) as StoredPlan;
}

describe('a stored plan', () => {
  it.each(REFUSED)('refuses %s', (_, before, after, changes) => {
    expect(comparePlans(stored(before), stored(after))).toEqual(changes);
  });

  it.each(REFUSED.filter(([name]) => name !== 'a lateness that has shrunk'))(
    'refuses %s the other way round',
    (_, before, after, changes) => {
      const turned = comparePlans(stored(after), stored(before));
      const expected = changes.map(({ field, from, to }) => ({ field, from: to, to: from }));
      expect(turned).toEqual(expect.arrayContaining(expected));
      expect(turned).toHaveLength(expected.length);
    },
  );

  it.each(CARRIED_OVER)('goes on under another: %s', (_, before, after) => {
    expect(comparePlans(stored(before), stored(after))).toEqual([]);
  });
});

describe('a lateness that has grown', () => {
  const [short, long] = [CARRIED_OVER[1]?.[1], CARRIED_OVER[1]?.[2]];
  const plans = (): readonly StoredPlan[] =>
    [short, long].flatMap((build) => (build === undefined ? [] : [stored(build)]));

  it('leaves gone what the shorter one has let go, over any number of restarts', () => {
    const [before, after] = plans() as [StoredPlan, StoredPlan];
    const taken = takeOverPlan(before, after, 100);
    expect(taken.windows).toMatchObject([{ name: 'w', allowedLatenessMs: 9, goneUntil: 95 }]);
    expect(takeOverPlan(taken, after, 101).windows).toEqual(taken.windows);
    expect(comparePlans(taken, after)).toEqual([]);
  });

  it('leaves gone what instances before had let go, as long as it matters', () => {
    const [before, after] = plans() as [StoredPlan, StoredPlan];
    const passed = [{ partitions: [1, 3], watermark: 200, goneUntil: [] }];
    const taken = takeOverPlan({ ...before, passed }, after, 100);
    expect(taken.passed).toEqual([{ partitions: [1, 3], watermark: 200, goneUntil: [['w', 195]] }]);
    expect(takeOverPlan(taken, after, 150).passed).toEqual(taken.passed);
    // The watermark is there, but the lateness reaches back to what was let go.
    expect(takeOverPlan(taken, after, 203).passed).toEqual(taken.passed);
    expect(takeOverPlan(taken, after, 204)).not.toHaveProperty('passed');
    const endless = [{ partitions: [1], watermark: 'end', goneUntil: [] }] as const;
    expect(takeOverPlan({ ...before, passed: endless }, after, 100).passed).toEqual(endless);
    expect(takeOverPlan({ ...before, passed: endless }, after, Infinity)).not.toHaveProperty('passed');
  });

  it.each([-Infinity, Infinity])('has let nothing go that could come again at the watermark %d', (watermark) => {
    const [before, after] = plans() as [StoredPlan, StoredPlan];
    expect(takeOverPlan(before, after, watermark)).toEqual(after);
  });
});

const share = (field: string, from: string, to: string): PlanChange => ({
  field: `kafka.consumer.${field}`,
  from,
  to,
});

it.each<[string, readonly PlanChange[], string]>([
  [
    'another number of instances',
    [share('instances', '2', '3'), share('instance', '0', '1')],
    `It holds what belongs to the partitions of one instance of the old number. Go back
to that number, or stop all instances and deal their states out to the new one:
processor state rescale`,
  ],
  [
    'the state of another instance',
    [share('instance', '0', '1')],
    `It is the state of another instance. Give each instance the state.path of its own, or
deal the states of all of them out anew: processor state rescale`,
  ],
  [
    'a state that is kept in another way',
    [share('instances', '1', '3'), share('partitioned_by_key', 'false', 'true')],
    `State is kept by partition from its first epoch on, or never. Go back to the old
configuration, or give the pipeline a new name and so a state of
its own, or drop the state and begin anew: processor state reset`,
  ],
])('a refusal tells the way out of %s', (_, changes, wayOut) => {
  expect(
    planMismatch('llm', changes)
      .message.split('\n')
      .slice(changes.length + 1)
      .join('\n'),
  ).toBe(wayOut);
});

it('a refusal names every change, and what can be done', () => {
  const { code, message } = planMismatch('llm', [
    { field: 'windows.tumbling', from: 'tumbling(size=5m)', to: 'tumbling(size=10m)' },
    { field: 'event.key', from: 'model', to: 'model, region' },
  ]);
  expect(code).toBe('STATE_MISMATCH');
  expect(message).toBe(`the state of "llm" does not fit this configuration:
  windows.tumbling  was tumbling(size=5m); is now tumbling(size=10m)
  event.key         was model; is now model, region
Go back to the old configuration, or give the pipeline a new name and so a state of
its own, or drop the state and begin anew: processor state reset`);
});
