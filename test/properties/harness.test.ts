import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pipelineCases, type CaseOptions } from './arbitraries.ts';
import { check } from './check.ts';
import { RIGHT_RULES, type NaiveRules } from './naive-rules.ts';
import { naiveSubject } from './naive-subject.ts';
import type { Subject } from './subject.ts';

const SEED = 42;

const PORTION = 50;

/** The first differences within so many cases; none if the subject is right in all of them. */
async function firstDifferences(subject: Subject, cases: number, options: CaseOptions): Promise<readonly string[]> {
  for (let seed = SEED; seed < SEED + cases / PORTION; seed += 1) {
    for (const given of fc.sample(pipelineCases(options), { numRuns: PORTION, seed })) {
      const differences = await check(subject, given);
      if (differences.length > 0) return differences;
    }
  }
  return [];
}

const PLANTED: readonly (readonly [string, Partial<NaiveRules>])[] = [
  ['the late rule is off by one', { toleratesEvent: (at, watermark, lateness) => at > watermark - lateness }],
  ['a window holds its end', { holds: ({ start, end }, at) => start <= at && at <= end }],
  [
    'division cuts toward zero',
    { lastStart: (at, slide, offset) => Math.trunc((at - offset) / slide) * slide + offset },
  ],
  ['a rank is rounded to the nearest', { rank: (percent, count) => Math.max(1, Math.round((percent / 100) * count)) }],
  ['a rank is computed in binary fractions', { rank: (percent, count) => Math.ceil((percent / 100) * count) }],
  [
    'the last event of a full batch is lost',
    { ofBatch: (events) => (events.length < 8 ? events : events.slice(0, -1)) },
  ],
  [
    'the greatest watermark counts',
    {
      combine: (partitions) => {
        const left = partitions.filter(({ state }) => state !== 'finished');
        return left.length === 0 ? Infinity : Math.max(...left.map(({ watermark }) => watermark));
      },
    },
  ],
  ['sessions merge at exactly the gap', { touch: (a, b) => a.start <= b.end && b.start <= a.end }],
  [
    'idle partitions hold the watermark back',
    {
      combine: (partitions) => {
        const left = partitions.filter(({ state }) => state !== 'finished');
        return left.length === 0 ? Infinity : Math.min(...left.map(({ watermark }) => watermark));
      },
    },
  ],
  ['lateness is judged by the watermark of the pipeline', { judgedBy: (_own, pipeline) => pipeline }],
  [
    'keys are not escaped',
    { keyText: (key) => (key ?? []).map(([name, value]) => `${name}=${value ?? ''}`).join('::') },
  ],
  ['a late pane takes the index of the first', { nextPane: (fired, timing) => (timing === 'late' ? 0 : fired) }],
  ['absorbed sessions are not retracted', { retracts: () => false }],
  ['state is released one millisecond late', { isOver: (watermark, end, lateness) => watermark > end + lateness }],
];

describe('the harness', () => {
  it('finds nothing wrong with an engine that follows the rules', async () => {
    expect(await firstDifferences(naiveSubject('right'), 500, {})).toEqual([]);
  });

  it.each(PLANTED)('notices that %s', async (name, fault) => {
    expect(await firstDifferences(naiveSubject(name, fault), 1000, {})).not.toEqual([]);
  });

  // An engine that chooses the interleaving itself shows only what the whole input must give.
  it.each(PLANTED.filter(([name]) => !/idle|released|pipeline/.test(name)))(
    'notices without knowing the interleaving that %s',
    async (name, fault) => {
      const subject = { ...naiveSubject(name, fault), followsSteps: false };
      expect(await firstDifferences(subject, 2000, { idle: false })).not.toEqual([]);
    },
  );

  it('plants faults in every rule', () => {
    const planted = new Set(PLANTED.flatMap(([, fault]) => Object.keys(fault)));
    expect([...planted].toSorted()).toEqual(Object.keys(RIGHT_RULES).toSorted());
  });
});
