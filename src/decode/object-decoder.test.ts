import { describe, expect, it } from 'vitest';
import { GroupingKey } from '../event/grouping-key.ts';
import { createBatchDecoder } from './create-batch-decoder.ts';
import {
  at,
  blockOf,
  csvOf,
  keysAt,
  metricsAt,
  NOW,
  objectsOf,
  planOf,
  run as runWith,
} from './decode-fixtures.contract.ts';
import type { DecodePlan, Selector, Transform } from './decode-plan.ts';

const run = (block: Parameters<typeof runWith>[1], plan: DecodePlan) => runWith(createBatchDecoder, block, plan);

// The types of a plan's functions are the pipeline's affair: here an event is whatever the test says it is.
const select = (apply: (event: never) => unknown): Selector => ({ type: 'function', select: apply });
const map = (apply: (event: never) => unknown): Transform => ({ type: 'map', apply: apply });

interface Event {
  readonly t: number;
  readonly k: string;
  readonly v: number;
}

function fail(message: string): never {
  throw new Error(message);
}

describe('selector functions', () => {
  const timed = (value: unknown) =>
    run(objectsOf({ t: 1 }), planOf({ timestamp: select(() => value), timestampUnit: 's', maxFutureMs: 0 }));

  it.each<[unknown, number]>([
    [new Date(-1), -1],
    [1.5, 1500],
    [1_700_158_502.979, 1_700_158_502_979],
    ['2023-11-16T18:15:02Z', 1_700_158_502_000],
  ])('may give %o as the time', (value, expected) => {
    expect(timed(value).rows[0]?.t).toBe(expected);
  });

  it.each<[unknown, string, string]>([
    [new Date(Number.NaN), 'invalid_timestamp', 'an invalid date'],
    [Number.NaN, 'invalid_timestamp', 'the number NaN'],
    [Infinity, 'invalid_timestamp', 'the number Infinity'],
    [7n, 'invalid_timestamp', 'the bigint 7'],
    [undefined, 'missing_timestamp', 'nothing'],
  ])('cannot give %o as the time', (value, code, found) => {
    const message = `timestamp: expected an RFC 3339 time or a number of seconds since 1970, found ${found}`;
    expect(timed(value).rejections).toEqual([{ record: 0, code, message, path: null }]);
  });

  it('are held to the same future', () => {
    expect(timed(new Date(NOW + 1)).rejections).toMatchObject([{ code: 'timestamp_in_future', path: null }]);
    expect(timed(new Date(NOW)).rows.length).toBe(1);
  });

  it('give key fields and metrics', () => {
    const plan = planOf({
      key: [
        { name: 'model', selector: select((event: Event) => event.k.toUpperCase()) },
        { name: 'n', selector: select(() => 1) },
        { name: 'b', selector: select(() => true) },
        { name: 'u', selector: select(() => undefined) },
      ],
      metrics: [
        { name: 'double', selector: select((event: Event) => event.v * 2) },
        { name: 'none', selector: select(() => undefined) },
      ],
    });
    const { rows, counters } = run(blockOf(['{"t":1,"k":"a","v":4}']), plan);
    expect(rows).toEqual([{ t: 1, key: 'model=A::n=1::b=true::u=%00', values: [8, Number.NaN], record: 0 }]);
    expect(counters.missingValues).toBe(1);
  });

  it('that throw or give the wrong type are named', () => {
    const metric = (apply: () => unknown): DecodePlan => planOf({ metrics: [{ name: 'm', selector: select(apply) }] });
    const key = (apply: () => unknown): DecodePlan => planOf({ key: [{ name: 'm', selector: select(apply) }] });
    const fault = (plan: DecodePlan): unknown => {
      const { code, message } = run(objectsOf({ t: 1 }), plan).rejections[0] ?? {};
      return [code, message];
    };
    expect(fault(metric(() => fail('x')))).toEqual(['transform_failed', 'the selector of the metric "m" threw: x']);
    expect(fault(metric(() => '1'))).toEqual(['invalid_value', 'metric "m": expected a number, found the text "1"']);
    expect(fault(metric(() => Number.NaN))).toEqual([
      'not_finite',
      'metric "m": expected a number within the range of a double, found the number NaN',
    ]);
    expect(fault(key(() => ({})))).toEqual([
      'invalid_key',
      'key field "m": expected text, a finite number, a boolean or null, found the object {}',
    ]);
    expect(fault(planOf({ timestamp: select(() => fail('x')) }))).toEqual([
      'transform_failed',
      'the timestamp selector threw: x',
    ]);
  });

  it('may give a whole key', () => {
    const keyed = (key: (event: Event) => unknown) => run(objectsOf({ t: 1, k: 'a' }), planOf({ key: key as never }));
    expect(keyed((event) => GroupingKey.fromFields([['x', event.k]])).rows[0]?.key).toBe('x=a');
    expect(keyed(() => null).rows[0]?.key).toBeNull();
    expect(keyed(() => 'a').rejections).toMatchObject([{ code: 'invalid_key', path: null }]);
    expect(keyed(() => fail('x')).rejections).toMatchObject([
      { code: 'transform_failed', message: 'the key function threw: x' },
    ]);
  });
});

describe('blocks of objects', () => {
  it('are read by path, whatever the plan', () => {
    const object = { t: new Date(5), k: 1, v: 2.5 };
    const { rows, batch } = run(objectsOf(object), planOf());
    expect(rows).toEqual([{ t: 5, key: 'k=1', values: [2.5], record: 0 }]);
    expect(batch.data[0]).toBe(object);
  });

  it.each([[null], ['text'], [7], [[1]], [undefined]])('refuse %o', (value) => {
    expect(run(objectsOf(value), planOf()).rejections).toMatchObject([{ code: 'not_an_object', path: null }]);
  });

  it('refuse what no JSON holds', () => {
    const cyclic: Record<string, unknown> = { t: 1 };
    cyclic['v'] = cyclic;
    const getter = Object.defineProperty({ t: 1 }, 'v', { enumerable: true, get: () => fail('gone') });
    const { rejections } = run(objectsOf({ t: 1, v: Infinity }, cyclic, { t: 1, k: 1n }, getter), planOf());
    expect(rejections.map(({ code, message }) => [code, message])).toEqual([
      ['not_finite', 'at v: expected a number within the range of a double, found the number Infinity'],
      ['invalid_value', 'at v: expected a number, found an object'],
      ['invalid_key', 'at k: expected text, a finite number, a boolean or null, found the bigint 1'],
      ['transform_failed', 'the selector of the metric "v" threw: gone'],
    ]);
  });

  it('do not take a number for that of the record of bytes before', () => {
    const decoder = createBatchDecoder(planOf({ timestampUnit: 'ns' }), { idOf: () => 0, generation: 0 } as never);
    decoder.decode(blockOf(['{"t":1,"v":9007199254740993}']), NOW);
    decoder.decode(objectsOf({ t: 1, v: 9007199254740992 }), NOW);
    expect(decoder.counters.inexactIntegers).toBe(1);
  });
});

describe('rows of CSV as objects', () => {
  it('have text cells, no prototype, and no field for an empty cell', () => {
    const plan = planOf({ key: keysAt('constructor'), transforms: [map((event: object) => event)] });
    const { batch, rows } = run(csvOf(['t', '__proto__', 'constructor', 'v'], '1,x,"a ""b""",'), plan);
    const [row] = batch.data as [object];
    expect(Object.getPrototypeOf(row)).toBeNull();
    expect(Object.entries(row)).toEqual([
      ['t', '1'],
      ['__proto__', 'x'],
      ['constructor', 'a "b"'],
    ]);
    expect(rows[0]?.key).toBe('constructor=a "b"');
  });

  it('may become numbers and nested objects on the way', () => {
    const plan = planOf({
      timestamp: at('at'),
      metrics: metricsAt('usage.cost', 'usage.text'),
      transforms: [map((row: { cost: string }) => ({ at: 5, usage: { cost: Number(row.cost), text: row.cost } }))],
    });
    expect(run(csvOf(['cost'], ' 1.5'), plan).rows[0]).toMatchObject({ t: 5, values: [1.5, 1.5] });
  });
});
