import { describe, expect, it } from 'vitest';
import type { PipelineBuilder } from '../pipeline/pipeline-builder.ts';
import type { MetricResults } from '../results/aggregation-result.ts';
import { comparePlans, describePlan, type PlanChange, type StoredPlan } from './plan-fingerprint.ts';
import { readingsPipeline, type Reading } from './run-fixtures.contract.ts';

type Builder = PipelineBuilder<Reading, unknown>;

const base = (): PipelineBuilder<Reading, MetricResults> => readingsPipeline([]);
const tumbling = (): Builder => base().withTumblingWindow(10, { name: 'w', allowedLateness: 5 });

/** As read back from the state. */
function stored(builder: Builder): StoredPlan {
  return JSON.parse(JSON.stringify(describePlan(builder.build().plan))) as StoredPlan;
}

const CHANGED: readonly (readonly [string, Builder, Builder, readonly PlanChange[]])[] = [
  ['nothing', tumbling(), tumbling(), []],
  [
    'the size of a window',
    tumbling(),
    base().withTumblingWindow(20, { name: 'w', allowedLateness: 5 }),
    [{ field: 'windows.w', from: 'tumbling(size=10ms)', to: 'tumbling(size=20ms)' }],
  ],
  [
    'the name of a window',
    tumbling(),
    base().withTumblingWindow(10, { name: 'v', allowedLateness: 5 }),
    [
      { field: 'windows.w', from: 'tumbling(size=10ms)', to: 'none' },
      { field: 'windows.v', from: 'none', to: 'tumbling(size=10ms)' },
    ],
  ],
  ['a lateness that has grown', tumbling(), base().withTumblingWindow(10, { name: 'w', allowedLateness: 9 }), []],
  [
    'a lateness that has shrunk',
    tumbling(),
    base().withTumblingWindow(10, { name: 'w', allowedLateness: 4 }),
    [{ field: 'allowed lateness of windows.w', from: '5ms', to: '4ms' }],
  ],
  ['the key', tumbling(), tumbling().withKey('other'), [{ field: 'key', from: 'key=["key"]', to: 'other=["other"]' }]],
  [
    'the metrics',
    tumbling(),
    tumbling().withValues({ a: 'value', b: 'b.c' }),
    [{ field: 'metrics', from: 'value=["value"]', to: 'a=["value"], b=["b","c"]' }],
  ],
];

describe('a stored plan', () => {
  it.each(CHANGED)('is compared with the present one: %s', (_, before, after, changes) => {
    expect(comparePlans(stored(before), stored(after))).toEqual(changes);
  });
});
