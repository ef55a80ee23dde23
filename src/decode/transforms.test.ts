import type { StandardSchemaV1 } from '@standard-schema/spec';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBatchDecoder } from './create-batch-decoder.ts';
import { blockOf, metricsAt, planOf, run as runWith } from './decode-fixtures.contract.ts';
import type { DecodePlan, Transform } from './decode-plan.ts';

const run = (block: Parameters<typeof runWith>[1], plan: DecodePlan) => runWith(createBatchDecoder, block, plan);

// The types of a plan's functions are the pipeline's affair: here an event is whatever the test says it is.
const map = (apply: (event: never) => unknown): Transform => ({ type: 'map', apply: apply });
const filter = (apply: (event: never) => boolean): Transform => ({ type: 'filter', apply: apply });
const flatMap = (apply: (event: never) => Iterable<unknown>): Transform => ({ type: 'flat-map', apply: apply });
const withTransforms = (...transforms: Transform[]): DecodePlan => planOf({ transforms });

interface Event {
  readonly t: number;
  readonly k: string;
  readonly v: number;
}

function fail(message: string): never {
  throw new Error(message);
}

describe('transforms', () => {
  it('are applied in order, and the events are handed on as data', () => {
    const plan = withTransforms(
      filter((event: Event) => event.v > 0),
      map((event: Event) => ({ ...event, v: event.v * 2 })),
      flatMap((event: Event) => [event, { ...event, k: 'copy' }]),
    );
    const { rows, counters, batch } = run(blockOf(['{"t":1,"k":"a","v":1}', '{"t":2,"v":-1}', '{"t":3,"v":5}']), plan);
    expect(rows.map(({ t, key, values, record }) => [t, key, values[0], record])).toEqual([
      [1, 'k=a', 2, 0],
      [1, 'k=copy', 2, 0],
      [3, 'k=%00', 10, 2],
      [3, 'k=copy', 10, 2],
    ]);
    expect(batch.data).toEqual([
      { t: 1, k: 'a', v: 2 },
      { t: 1, k: 'copy', v: 2 },
      { t: 3, v: 10 },
      { t: 3, k: 'copy', v: 10 },
    ]);
    expect(counters).toEqual({
      records: 3,
      decoded: 3,
      rejected: 0,
      filtered: 1,
      missingValues: 0,
      inexactIntegers: 0,
    });
  });

  it('may make more events of a block than it has records', () => {
    const plan = withTransforms(flatMap((event: Event) => Array.from({ length: 50 }, (_, n) => ({ ...event, v: n }))));
    const { rows } = run(blockOf(['{"t":1}', '{"t":2}', '{"t":3}']), plan);
    expect(rows.length).toBe(150);
    expect(rows.map(({ t, values }) => [t, values[0]]).at(-1)).toEqual([3, 49]);
    expect(rows[60]).toMatchObject({ t: 2, record: 1, values: [10] });
  });

  it('refuse the whole record if one of its events is at fault, and count nothing of it', () => {
    const plan = withTransforms(flatMap((event: Event) => [event, { t: 1, k: 'b' }, { t: 2, k: 'b', v: 'x' }]));
    const { rows, rejections, counters, batch } = run(blockOf(['{"t":1,"k":"a"}']), plan);
    expect(rows).toEqual([]);
    expect(batch.data).toEqual([]);
    expect(rejections).toMatchObject([{ record: 0, code: 'invalid_value', path: 'v' }]);
    expect(counters).toMatchObject({ decoded: 0, rejected: 1, missingValues: 0, filtered: 0 });
  });

  it.each<[string, Transform, string]>([
    ['map', map(() => fail('no such model')), 'map threw: no such model'],
    ['filter', filter(() => fail('off')), 'filter threw: off'],
    ['flatMap', flatMap(() => fail('off')), 'flatMap threw: off'],
    [
      'a generator',
      flatMap(function* () {
        yield fail('half way');
      }),
      'flatMap threw: half way',
    ],
    ['flatMap without a list', flatMap(() => 7 as never), 'flatMap must return an iterable, found the number 7'],
    [
      'an async map',
      map(() => Promise.reject(new Error('late'))),
      'map returned a promise; transforms are synchronous',
    ],
    [
      'an async filter',
      filter((() => Promise.resolve(false)) as never),
      'filter returned a promise; transforms are synchronous',
    ],
    [
      'a thrown non-error',
      map(() => {
        throw Object.create(null) as Error;
      }),
      'map threw: something that cannot be shown',
    ],
  ])('%s that fails refuses the record, not the stream', (_, transform, message) => {
    const { rejections } = run(blockOf(['{"t":1}', '{"t":2}']), withTransforms(transform));
    expect(rejections).toEqual([0, 1].map((record) => ({ record, code: 'transform_failed', message, path: null })));
  });

  it('leave the exact digits of numbers that they hand on', () => {
    const plan = planOf({ timestampUnit: 'ns', transforms: [map((event: object) => ({ ...event }))] });
    const { rows, counters } = run(blockOf(['{"t":1700158503979999999,"v":9007199254740993}']), plan);
    expect(rows[0]).toMatchObject({ t: 1_700_158_503_979, values: [9007199254740992] });
    expect(counters.inexactIntegers).toBe(1);
  });
});

describe('schemas', () => {
  const Schema = z.object({ t: z.number(), usage: z.object({ cost: z.coerce.number() }) });
  const plan = planOf({ key: [], metrics: metricsAt('usage.cost'), transforms: [{ type: 'schema', schema: Schema }] });

  it('hand on what they make of the event', () => {
    const { rows, batch } = run(blockOf(['{"t":1,"usage":{"cost":"2.5"},"more":1}']), plan);
    expect(rows[0]?.values).toEqual([2.5]);
    expect(batch.data).toEqual([{ t: 1, usage: { cost: 2.5 } }]);
  });

  it('refuse with the path and the reason of each issue, up to three', () => {
    const { rejections } = run(blockOf(['{"t":"1","usage":{}}', '{}']), plan);
    expect(rejections[0]).toMatchObject({ code: 'schema', path: 't' });
    expect(rejections[0]?.message).toMatch(/^at t: .*number.*; at usage\.cost: /);
    const strict: StandardSchemaV1 = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => ({
          issues: ['a', 'b', 'c', 'd', 'e'].map((key) => ({ message: `no ${key}`, path: ['x', 0, { key }] })),
        }),
      },
    };
    expect(run(blockOf(['{}']), withTransforms({ type: 'schema', schema: strict })).rejections).toEqual([
      {
        record: 0,
        code: 'schema',
        message: 'at x[0].a: no a; at x[0].b: no b; at x[0].c: no c; and 2 more',
        path: 'x[0].a',
      },
    ]);
  });

  it('must be synchronous', () => {
    const message = 'async schemas are not supported: validate returned a promise';
    const asynchronous = z.object({}).refine(() => Promise.resolve(true));
    const { rejections } = run(blockOf(['{}']), withTransforms({ type: 'schema', schema: asynchronous }));
    expect(rejections).toEqual([{ record: 0, code: 'schema', message, path: null }]);
    const schema: StandardSchemaV1 = {
      '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(new Error('database down')) },
    };
    expect(run(blockOf(['{}']), withTransforms({ type: 'schema', schema })).rejections).toEqual([
      {
        record: 0,
        code: 'schema',
        message: 'async schemas are not supported: validate returned a promise',
        path: null,
      },
    ]);
  });
});
