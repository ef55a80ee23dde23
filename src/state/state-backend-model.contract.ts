import fc from 'fast-check';
import { expect } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import type { StateBackend, StateEntry } from './state-backend.ts';

export type Pair = readonly [key: readonly number[], value: readonly number[]];

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Gives an open, empty backend, with some pairs put into it. */
export type OpenBackend = (pairs?: readonly Pair[]) => Promise<StateBackend>;

/** All that a scan gives. */
export async function collect(entries: AsyncIterable<StateEntry>): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for await (const { key, value } of entries) pairs.push([[...key], [...value]]);
  return pairs;
}

/** The keys of a backend that begin with a prefix. */
export async function keysOf(backend: StateBackend, ...prefix: number[]): Promise<(readonly number[])[]> {
  return (await collect(backend.scan(bytes(...prefix)))).map(([key]) => key);
}

/** The code of the state error that a promise rejects with; undefined if it does not reject. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
  } catch (error) {
    return ProcessorError.is(error, 'state') ? error.code : String(error);
  }
  return undefined;
}

function compareBytes(left: readonly number[], right: readonly number[]): number {
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Few bytes and short keys, so that keys meet and begin with each other. */
const aKey = fc.array(fc.constantFrom(0, 1, 127, 128, 255), { maxLength: 3 });
const aValue = fc.array(fc.nat({ max: 255 }), { maxLength: 4 });
const anId = fc.constantFrom('one', 'two');
export const anAction = fc.oneof(
  fc.record({ do: fc.constant('put' as const), key: aKey, value: aValue }),
  fc.record({ do: fc.constant('delete' as const), key: aKey }),
  fc.record({
    do: fc.constant('batch' as const),
    key: aKey,
    operations: fc.array(fc.record({ key: aKey, value: fc.option(aValue, { nil: null }) }), { maxLength: 6 }),
  }),
  fc.record({ do: fc.constant('checkpoint' as const), key: aKey, id: anId }),
  fc.record({ do: fc.constant('restore' as const), key: aKey, id: anId }),
);
export type Action = typeof anAction extends fc.Arbitrary<infer A> ? A : never;

/** Does an action on a backend. */
export async function act(backend: StateBackend, action: Action): Promise<void> {
  switch (action.do) {
    case 'put':
      return backend.put(bytes(...action.key), bytes(...action.value));
    case 'delete':
      return backend.delete(bytes(...action.key));
    case 'batch':
      return backend.batch(
        action.operations.map(({ key, value }) =>
          value === null ? { key: bytes(...key) } : { key: bytes(...key), value: bytes(...value) },
        ),
      );
    case 'checkpoint':
      await backend.checkpoint(action.id);
      return;
    case 'restore': {
      const known = (await backend.listCheckpoints()).some(({ id }) => id === action.id);
      expect(await codeOf(backend.restore(action.id))).toBe(known ? undefined : 'CHECKPOINT_UNKNOWN');
    }
  }
}

/** A state backend at its plainest. */
export class Model {
  pairs: Pair[] = [];
  readonly #checkpoints = new Map<string, Pair[]>();

  act(action: Action): void {
    if (action.do === 'put') this.#write(action.key, action.value);
    else if (action.do === 'delete') this.#write(action.key, null);
    else if (action.do === 'batch') for (const { key, value } of action.operations) this.#write(key, value);
    else if (action.do === 'checkpoint') this.#checkpoints.set(action.id, this.pairs);
    else this.pairs = this.#checkpoints.get(action.id) ?? this.pairs;
  }

  scan(prefix: readonly number[]): Pair[] {
    return this.pairs
      .filter(([key]) => prefix.every((byte, i) => key[i] === byte))
      .sort(([left], [right]) => compareBytes(left, right));
  }

  #write(key: readonly number[], value: readonly number[] | null): void {
    const others = this.pairs.filter(([other]) => compareBytes(other, key) !== 0);
    this.pairs = value === null ? others : [...others, [key, value]];
  }
}
