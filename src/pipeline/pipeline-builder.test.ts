import { getHeapStatistics } from 'node:v8';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import type { Aggregator } from '../aggregations/aggregator.ts';
import type { MetricResults } from '../results/aggregation-result.ts';
import { TestDriver } from '../testing/test-driver.ts';
import { createPipeline } from './create-pipeline.ts';

interface Feedback {
  readonly timestamp: number;
  readonly model: string | null;
  readonly latency: number;
  readonly cost: number;
}

const feedback: Feedback = { timestamp: 1, model: 'm', latency: 12, cost: 3 };

describe('the builder', () => {
  it('types flat results by withValue, and named ones by withValues', () => {
    const flat = new TestDriver(createPipeline<Feedback>().withValue('latency').withTumblingWindow(10).build());
    flat.send(feedback);
    flat.finish();
    const [one] = flat.takeResults();
    expectTypeOf(one?.results).toEqualTypeOf<MetricResults | undefined>();
    expect(one?.results.count).toBe(1);
    const values = { latency: 'latency', cost: (event: Feedback) => event.cost };
    const named = new TestDriver(createPipeline<Feedback>().withValues(values).withTumblingWindow(10).build());
    named.send(feedback);
    named.finish();
    const [two] = named.takeResults();
    expectTypeOf(two?.results.latency['p95']).toEqualTypeOf<number | null | undefined>();
    expect(two?.results.latency['p95']).toBe(12);
    expect(two?.results.cost.sum).toBe(3);
  });

  it('types events by what transforms make of them', () => {
    const schema = z.object({ timestamp: z.number(), model: z.string() });
    createPipeline()
      .withSchema(schema)
      .map((event) => {
        expectTypeOf(event).toEqualTypeOf<{ timestamp: number; model: string }>();
        return { ...event, length: event.model.length };
      })
      .withValue((event) => {
        expectTypeOf(event.length).toEqualTypeOf<number>();
        return event.length;
      });
    const narrowed = createPipeline<Feedback>()
      .filter((event): event is Feedback & { model: string } => event.model !== null)
      .withKey({ model: (event) => event.model.toUpperCase() })
      .withTumblingWindow(10);
    const driver = new TestDriver(narrowed.build());
    driver.sendBatch([feedback, { ...feedback, model: null }]);
    driver.finish();
    expect(driver.takeResults().map(({ key }) => key?.toString())).toEqual(['model=M']);
  });

  it('is never changed by what is built on it', () => {
    const base = createPipeline<Feedback>().withTumblingWindow(10);
    const [one, two] = [base.withSlidingWindow(10, 5), base.withKey('model').withValue('latency')];
    expect(base.build().plan).toMatchObject({ windows: [{ name: 'tumbling' }], decode: { key: [], metrics: [] } });
    expect(one.build().plan.windows).toHaveLength(2);
    expect(two.build().plan.windows).toHaveLength(1);
    expect(Object.isFrozen(base.build().plan)).toBe(true);
  });

  const base = createPipeline<Feedback>().withTumblingWindow(10);
  const max = {
    name: 'max',
    createAccumulator: () => [],
    add: () => undefined,
    merge: (left: unknown) => left,
    getResult: () => 0,
  };

  it.each<[string, () => unknown, RegExp]>([
    [
      'a transform after a value of a function',
      () => base.withValue((e) => e.cost).map((e) => e),
      /before withTimestamp/,
    ],
    [
      'a filter after a key of a function',
      () => base.withKey({ m: (e) => e.model }).filter(() => true),
      /before withT/,
    ],
    ['a schema after a whole key', () => base.withKey(() => null).withSchema(z.object({})), /call withSchema before/],
    ['no windows', () => createPipeline().build(), /withTumblingWindow/],
    ['two windows of one name', () => base.withTumblingWindow(20).build(), /two windows called "tumbling"/],
    ['a window name with a slash', () => base.withTumblingWindow(5, { name: 'a/b' }).build(), /without "\/"/],
    ['a window without a name', () => base.withTumblingWindow(5, { name: '' }).build(), /1 to 200 characters/],
    ['a pipeline name with a slash', () => createPipeline('a/b').withTumblingWindow(5).build(), /without "\/"/],
    ['aggregators without values', () => base.withAggregator({ ...max, name: 'mine' }).build(), /withValue/],
    ['an aggregator with a name of ours', () => base.withValue('cost').withAggregator(max).build(), /built-in/],
    ['a buffer of nothing', () => base.withBufferSize(0).build(), /bufferSize must be/],
    [
      'windows in no memory',
      () => base.withStateMemoryLimit(7).build(),
      /stateMemoryLimit must be from 8 to 1048576 MiB, found 7$/,
    ],
    ['windows in memory without an end', () => base.withStateMemoryLimit(Infinity).build(), /found Infinity$/],
    ['half a thread', () => base.withParallelism(0.5).build(), /parallelism must be/],
  ])('refuses %s', (_, build, message) => {
    expect(build).toThrow(message);
  });

  it('bounds windows in memory in MiB, by half of the heap where it is not told', () => {
    expect(base.withStateMemoryLimit(8.5).build().plan.stateMemoryLimitBytes).toBe(8_912_896);
    const half = getHeapStatistics().heap_size_limit / 2;
    expect(base.build().plan.stateMemoryLimitBytes).toBe(Math.floor(half));
  });

  it('lets paths be given before transforms, for they are looked up after them', () => {
    const pipeline = base.withValue('latency').map((event) => ({ ...event, latency: event.latency * 2 }));
    const driver = new TestDriver(pipeline.build());
    driver.send(feedback);
    driver.finish();
    expect(driver.takeResults()[0]?.results.sum).toBe(24);
  });
});

describe("an aggregator of one's own", () => {
  const variance: Aggregator<number, { n: number }, number> & { readonly name: 'variance' } = {
    name: 'variance',
    createAccumulator: () => ({ n: 0 }),
    add: (accumulator) => {
      accumulator.n += 1;
    },
    merge: (left, right) => ({ n: left.n + right.n }),
    getResult: ({ n }) => n,
  };

  it('has its result in the type of results, of one value and of several', () => {
    const flat = createPipeline().withValue('ms').withAggregator(variance).withTumblingWindow(10).build();
    const [one] = new TestDriver(flat).takeResults();
    expectTypeOf(one?.results.variance).toEqualTypeOf<number | undefined>();
    expectTypeOf(one?.results.p95).toEqualTypeOf<number | null | undefined>();
    const several = createPipeline().withValues({ ms: 'ms' }).withAggregator(variance).withTumblingWindow(10).build();
    const [two] = new TestDriver(several).takeResults();
    expectTypeOf(two?.results.ms.variance).toEqualTypeOf<number | undefined>();
    expect(several.plan.aggregators).toHaveLength(1);
  });
});
