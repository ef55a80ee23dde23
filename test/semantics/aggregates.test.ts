import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createPipeline } from '../../src/pipeline/create-pipeline.ts';
import type { MetricResults } from '../../src/results/aggregation-result.ts';
import { TestDriver } from '../../src/testing/test-driver.ts';

/** What the whole core makes of values of one window, a few at a time. */
function aggregatesOf(values: readonly number[]): MetricResults {
  const pipeline = createPipeline<{ timestamp: number; value: number }>()
    .withValue('value')
    .withAggregations('count', 'sum', 'average', 'stddev_sample', 'percentile')
    .withPercentiles([50, 95, 99])
    .withTumblingWindow(10)
    .build();
  const driver = new TestDriver(pipeline);
  const events = values.map((value) => ({ timestamp: 5, value }));
  for (let i = 0; i < events.length; i += 100) driver.sendBatch(events.slice(i, i + 100));
  driver.finish();
  const results = driver.takeResults();
  expect(results).toHaveLength(1);
  return results[0]?.results ?? {};
}

interface Certified {
  readonly mean: number;
  readonly deviation: number;
  readonly values: readonly number[];
}

function certified(name: string): Certified {
  const text = readFileSync(new URL(`../data/nist-strd/${name}.dat`, import.meta.url), 'utf8');
  const [header = '', data = ''] = text.split(/^-{5,}\r?\n/m);
  const numberAfter = (label: RegExp): number => Number(label.exec(header)?.[1]);
  return {
    mean: numberAfter(/Sample Mean.*:\s*(\S+)/),
    deviation: numberAfter(/Sample Standard Deviation.*:\s*(\S+)/),
    values: data.trim().split(/\s+/).map(Number),
  };
}

/** Digits on which two numbers agree, at most 15: the log relative error. */
function digits(found: number | null | undefined, expected: number): number {
  const error = Math.abs((found ?? Number.NaN) - expected) / Math.abs(expected);
  return error === 0 ? 15 : Math.min(15, -Math.log10(error));
}

describe('certified data of NIST', () => {
  it.each([
    ['Lew', 14],
    ['Lottery', 14],
    ['NumAcc1', 14],
    ['Mavro', 12],
    ['Michelso', 12],
    ['NumAcc2', 12],
    ['NumAcc3', 9],
    ['NumAcc4', 8],
  ])('%s: mean, and deviation to %i digits', (name, least) => {
    const { mean, deviation, values } = certified(name);
    const found = aggregatesOf(values);
    expect(found.count).toBe(values.length);
    expect(digits(found.stddev_sample, deviation)).toBeGreaterThanOrEqual(least);
    expect(digits(found.average, mean)).toBeGreaterThanOrEqual(14);
  });
});

describe('sums and percentiles', () => {
  it('keep what is small beside what is large', () => {
    expect(aggregatesOf([1, 1e100, 1, -1e100]).sum).toBe(2);
  });

  it.each([
    [
      [10, 20, 30, 40, 50],
      [30, 50, 50],
    ],
    [
      [1, 2, 3, 4],
      [2, 4, 4],
    ],
  ])('take the nearest rank: %j', (values, expected) => {
    const { p50, p95, p99 } = aggregatesOf(values);
    expect([p50, p95, p99]).toEqual(expected);
  });
});
