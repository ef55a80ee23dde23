import { describe, expect, it } from 'vitest';
import type { Aggregator } from './aggregator.ts';
import { CustomAggregate } from './custom-aggregate.ts';

interface Spread {
  low: number;
  high: number;
}

const range: Aggregator<number, Spread, number> = {
  name: 'range',
  createAccumulator: () => ({ low: 1e9, high: -1e9 }),
  add: (accumulator, value) => {
    accumulator.low = Math.min(accumulator.low, value);
    accumulator.high = Math.max(accumulator.high, value);
  },
  merge: (left, right) => ({ low: Math.min(left.low, right.low), high: Math.max(left.high, right.high) }),
  getResult: ({ low, high }) => high - low,
};

/** An aggregator whose accumulators are what `create` makes. */
function holding<A>(create: () => A): CustomAggregate<number, A, null> {
  return new CustomAggregate({
    name: 'held',
    createAccumulator: create,
    add: () => undefined,
    merge: (left) => left,
    getResult: () => null,
  });
}

describe('CustomAggregate', () => {
  it('runs an aggregator', () => {
    const aggregate = new CustomAggregate(range);
    const [left, right] = [aggregate.create(), aggregate.create()];
    aggregate.add(left, 3);
    aggregate.add(right, 10);
    expect(aggregate.name).toBe('range');
    expect(aggregate.result(aggregate.merge(left, right))).toBe(7);
  });

  it.each(['createAccumulator', 'add', 'merge', 'getResult', 'encode', 'decode'] as const)(
    'says which aggregator failed when %s throws, and why',
    (step) => {
      const cause = new RangeError('too far');
      const fail = (): never => {
        throw cause;
      };
      const codec = { encode: () => new Uint8Array(), decode: () => ({ low: 0, high: 0 }) };
      const aggregate = new CustomAggregate<number, Spread, number>({ ...range, ...codec, [step]: fail });
      const spread = { low: 0, high: 0 };
      const calls = {
        createAccumulator: () => aggregate.create(),
        add: () => aggregate.add(spread, 1),
        merge: () => aggregate.merge(spread, spread),
        getResult: () => aggregate.result(spread),
        encode: () => aggregate.encode(spread),
        decode: () => aggregate.decode(new Uint8Array()),
      };
      expect(calls[step]).toThrow(
        expect.objectContaining({
          kind: 'aggregation',
          code: 'AGGREGATOR_FAILED',
          message: `the aggregator "range" failed in ${step}: too far`,
          cause,
        }),
      );
    },
  );

  it('stores accumulators as JSON, fields named __proto__ included', () => {
    const text = '{"__proto__":{"constructor":1},"toString":[null,true,"é",{}],"nested":{"__proto__":2}}';
    const aggregate = holding((): unknown => JSON.parse(text));
    const restored = aggregate.decode(aggregate.encode(aggregate.create()));
    expect(JSON.stringify(restored)).toBe(text);
    expect(Object.getPrototypeOf(restored)).toBe(Object.prototype);
  });

  it('stores accumulators the way the aggregator says', () => {
    const aggregate = new CustomAggregate<number, Set<number>, number>({
      name: 'distinct',
      createAccumulator: () => new Set(),
      add: (accumulator, value) => accumulator.add(value),
      merge: (left, right) => new Set([...left, ...right]),
      getResult: (accumulator) => accumulator.size,
      encode: (accumulator) => Uint8Array.from(accumulator),
      decode: (bytes) => new Set(bytes),
    });
    expect(aggregate.decode(aggregate.encode(new Set([1, 2])))).toEqual(new Set([1, 2]));
  });

  it('stores an accumulator that is null', () => {
    const aggregate = holding(() => null);
    expect(aggregate.decode(aggregate.encode(null))).toBeNull();
  });

  it.each<[string, unknown]>([
    ['the accumulator is an object of a class', new Map()],
    ['the accumulator.since is an object of a class', { since: new Date(0) }],
    ['the accumulator.low is Infinity', { low: Infinity }],
    ['the accumulator.list[1] is NaN', { list: [1, Number.NaN] }],
    ['the accumulator[0] is undefined', [undefined]],
    ['the accumulator is 1', 1n],
  ])('refuses to store what JSON would lose: %s', (message, accumulator) => {
    const aggregate = holding(() => accumulator);
    expect(() => aggregate.encode(accumulator)).toThrow(
      expect.objectContaining({
        code: 'AGGREGATOR_FAILED',
        message: `the aggregator "held" failed in encode: ${message}, which JSON loses; give the aggregator encode and decode`,
      }),
    );
  });

  it('refuses stored bytes that are not JSON', () => {
    expect(() => holding(() => null).decode(Uint8Array.of(0xff))).toThrow(
      expect.objectContaining({ code: 'AGGREGATOR_FAILED' }),
    );
  });

  it.each(['', 'count', 'percentile', 'stddev_sample', 'overflow', 'p50', 'p99.9', 'p1e-7', 7, undefined])(
    'refuses the name %s',
    (name: unknown) => {
      // Callers without types can pass anything.
      const aggregator = { ...range, name: name as string };
      expect(() => new CustomAggregate(aggregator)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );

  it.each(['variance', '__proto__', 'constructor', 'toString', 'p', 'p50_ratio'])('accepts the name %s', (name) => {
    expect(new CustomAggregate({ ...range, name }).name).toBe(name);
  });

  it('refuses an aggregator that can encode but not decode', () => {
    const aggregator = { ...range, encode: () => new Uint8Array() };
    expect(() => new CustomAggregate(aggregator)).toThrow(/both encode and decode/);
  });
});
