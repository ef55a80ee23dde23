import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPipeline } from '../../src/pipeline/create-pipeline.ts';
import type { MetricResults } from '../../src/results/aggregation-result.ts';
import { TestDriver } from '../../src/testing/test-driver.ts';
import { BoundedOutOfOrdernessWatermark } from '../../src/time/bounded-out-of-orderness-watermark.ts';

const NOW = Date.UTC(2026, 0, 1);
const SECOND = 1000;

function driverOf(key: readonly string[] = []): TestDriver<MetricResults> {
  const pipeline = createPipeline()
    .withKey(...key)
    .withValue('value')
    .withTumblingWindow('10s')
    .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0))
    .build();
  return new TestDriver(pipeline, { now: NOW });
}

describe('a record that cannot be used', () => {
  const at = NOW - 60 * SECOND;
  const deep = `${'['.repeat(65)}${']'.repeat(65)}`;
  it.each<[string, string | Uint8Array, string]>([
    ['is not JSON', '{"timestamp": 1,', 'not_json'],
    ['is JSON and more', `{"timestamp":${at}} x`, 'not_json'],
    ['is a list', '[1,2]', 'not_an_object'],
    ['is text in Latin-1', Buffer.from(`{"timestamp":${at},"model":"caf\xe9"}`, 'latin1'), 'invalid_utf8'],
    ['is nested too deep', `{"timestamp":${at},"a":${deep}}`, 'too_deep'],
    ['is over 1 MiB', `{"timestamp":${at},"a":"${'x'.repeat(1_048_576)}"}`, 'too_large'],
    ['has no timestamp', '{"value":1}', 'missing_timestamp'],
    ['has a timestamp that is null', '{"timestamp":null}', 'missing_timestamp'],
    ['has a timestamp that is none', '{"timestamp":"yesterday"}', 'invalid_timestamp'],
    ['has a timestamp that is a boolean', '{"timestamp":true}', 'invalid_timestamp'],
    ['has text for a value', `{"timestamp":${at},"value":"12"}`, 'invalid_value'],
    ['has NaN as text for a value', `{"timestamp":${at},"value":"NaN"}`, 'invalid_value'],
    ['has a value beyond the range of a double', `{"timestamp":${at},"value":1e309}`, 'not_finite'],
    ['has an object for a key', `{"timestamp":${at},"model":{}}`, 'invalid_key'],
  ])('that %s is a dead letter with its bytes, and the stream goes on', (_, record, code) => {
    const driver = driverOf(['model']);
    const good = `{"timestamp":${at},"model":"m","value":1}`;
    driver.sendRecords([good, record, good]);
    driver.finish();
    const [letter, ...others] = driver.takeDeadLetters();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ code, partition: '0', offset: 1 });
    expect(Buffer.from(letter?.raw ?? []).equals(Buffer.from(record))).toBe(true);
    expect(letter?.message).toMatch(/\w/);
    expect(driver.takeResults().map(({ results }) => results.count)).toEqual([2]);
    expect(driver.counters).toMatchObject({ records: 3, decoded: 2, rejected: 1 });
  });
});

describe('a number that a double cannot hold', () => {
  it('is used as the nearest double, and counted', () => {
    const driver = driverOf();
    driver.sendRecords([`{"timestamp":${NOW},"value":9007199254740993}`]);
    driver.finish();
    expect(driver.takeResults()[0]?.results.max).toBe(9_007_199_254_740_992);
    expect(driver.counters).toMatchObject({ inexactIntegers: 1, rejected: 0 });
  });
});

describe('a sum that overflows', () => {
  it('is null and says so, while the other aggregates are right', () => {
    const driver = driverOf();
    driver.sendRecords([`{"timestamp":${NOW},"value":1e308}`, `{"timestamp":${NOW},"value":1e308}`]);
    driver.finish();
    expect(driver.takeResults()[0]?.results).toMatchObject({
      count: 2,
      sum: null,
      overflow: true,
      average: 1e308,
      min: 1e308,
      max: 1e308,
      stddev: 0,
      p50: 1e308,
    });
  });
});

describe('a timestamp in the year 9999', () => {
  it('is a dead letter, and the next event is still on time', () => {
    const driver = driverOf();
    driver.send({ timestamp: NOW, value: 1 });
    driver.send({ timestamp: '9999-12-31T23:59:59Z', value: 1 });
    driver.send({ timestamp: NOW + SECOND, value: 1 });
    expect(driver.takeDeadLetters().map(({ code }) => code)).toEqual(['timestamp_in_future']);
    expect(driver.currentWatermark).toBe(NOW + SECOND);
    expect(driver.counters).toMatchObject({ onTime: 2, droppedLate: 0 });
  });
});

describe('timestamps before 1970', () => {
  it('fall in the windows that floor division gives', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8.64e12, max: -1 }), fc.integer({ min: 1, max: 1e7 }), (timestamp, size) => {
        const driver = new TestDriver(createPipeline().withTumblingWindow(size).build());
        driver.send({ timestamp });
        driver.finish();
        const [result] = driver.takeResults();
        const start = Number((BigInt(timestamp) / BigInt(size)) * BigInt(size));
        expect(result?.window.start).toBe(start > timestamp ? start - size : start);
      }),
    );
  });
});

describe('__proto__, constructor and toString', () => {
  it('are names of key fields, metrics and event fields like any other', () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const values = Object.create(null) as Record<string, string>;
    for (const name of names) values[name] = name;
    const pipeline = createPipeline()
      .withKey(...names)
      .withValues(values)
      .withTumblingWindow('10s')
      .withAggregations('sum')
      .build();
    const driver = new TestDriver(pipeline, { now: NOW });
    driver.sendRecords([
      `{"timestamp":${NOW},"__proto__":1,"constructor":2,"toString":3}`,
      `{"timestamp":${NOW},"toString":3,"constructor":2,"__proto__":1}`,
      `{"timestamp":${NOW}}`,
    ]);
    driver.finish();
    const results = driver.takeResults().map((result) => JSON.stringify(result));
    expect(results).toHaveLength(2);
    expect(results[0]).toContain('"key":"__proto__=%00::constructor=%00::toString=%00"');
    expect(results[1]).toContain('"key":{"__proto__":"1","constructor":"2","toString":"3"}');
    expect(results[1]).toContain('"results":{"__proto__":{"sum":2},"constructor":{"sum":4},"toString":{"sum":6}}');
  });
});
