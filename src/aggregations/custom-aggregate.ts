import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { Aggregator } from './aggregator.ts';
import { isAggregateName } from './parse-aggregation-spec.ts';

const PERCENTILE_FIELD = /^p\d+(?:\.\d+)?(?:e-\d+)?$/;

/**
 * A user's aggregator as the engine runs it: what it throws comes out as AGGREGATOR_FAILED, with the cause, and its
 * accumulators can be stored, as JSON unless it says how.
 */
export class CustomAggregate<V, A, R> {
  readonly name: string;
  readonly #aggregator: Aggregator<V, A, R>;

  /** @throws ProcessorError CONFIG_INVALID if its name is empty or that of a built-in field of results. */
  constructor(aggregator: Aggregator<V, A, R>) {
    const { name } = aggregator;
    if (typeof name !== 'string' || name === '') {
      throw invalid(`the name of an aggregator must be text, found ${JSON.stringify(name) ?? typeof name}`);
    }
    if (isAggregateName(name) || name === 'overflow' || PERCENTILE_FIELD.test(name)) {
      throw invalid(`an aggregator cannot be named "${name}": the built-in aggregates use that name`);
    }
    if ((aggregator.encode === undefined) !== (aggregator.decode === undefined)) {
      throw invalid(`the aggregator "${name}" must have both encode and decode, or neither`);
    }
    this.name = name;
    this.#aggregator = aggregator;
  }

  create(): A {
    try {
      return this.#aggregator.createAccumulator();
    } catch (error) {
      throw this.#failed('createAccumulator', error);
    }
  }

  add(accumulator: A, value: V): void {
    try {
      this.#aggregator.add(accumulator, value);
    } catch (error) {
      throw this.#failed('add', error);
    }
  }

  merge(left: A, right: A): A {
    try {
      return this.#aggregator.merge(left, right);
    } catch (error) {
      throw this.#failed('merge', error);
    }
  }

  result(accumulator: A): R {
    try {
      return this.#aggregator.getResult(accumulator);
    } catch (error) {
      throw this.#failed('getResult', error);
    }
  }

  /** Also throws where JSON would lose a part of the accumulator: better now than after a restart. */
  encode(accumulator: A): Uint8Array {
    try {
      if (this.#aggregator.encode !== undefined) return this.#aggregator.encode(accumulator);
      checkPlain(accumulator, 'the accumulator');
      return new TextEncoder().encode(JSON.stringify(accumulator));
    } catch (error) {
      throw this.#failed('encode', error);
    }
  }

  decode(bytes: Uint8Array): A {
    try {
      if (this.#aggregator.decode !== undefined) return this.#aggregator.decode(bytes);
      // JSON.parse makes `__proto__` a field like any other. Its value is an `A`, for encode has let through nothing else.
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as A;
    } catch (error) {
      throw this.#failed('decode', error);
    }
  }

  #failed(step: string, cause: unknown): ProcessorError {
    const reason = messageOf(cause);
    const message = `the aggregator "${this.name}" failed in ${step}: ${reason}`;
    return new ProcessorError('aggregation', 'AGGREGATOR_FAILED', message, { cause });
  }
}

function invalid(message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message);
}

/** Throws unless JSON gives a value back as it is. */
function checkPlain(value: unknown, where: string): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (typeof value !== 'object') throw notPlain(where, value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkPlain(item, `${where}[${String(index)}]`);
  } else if (prototype === null || prototype === Object.prototype) {
    for (const [name, field] of Object.entries(value)) checkPlain(field, `${where}.${name}`);
  } else {
    throw notPlain(where, 'an object of a class');
  }
}

function notPlain(where: string, found: unknown): TypeError {
  return new TypeError(`${where} is ${String(found)}, which JSON loses; give the aggregator encode and decode`);
}
