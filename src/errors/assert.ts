import { ProcessorError } from './processor-error.ts';

/** Throws an `internal` error unless the invariant holds. For states that cannot be, never for input. */
export function assert(holds: boolean, invariant: string): asserts holds {
  if (!holds) throw new ProcessorError('internal', 'INTERNAL', `invariant broken: ${invariant}`);
}

/** The value, where the code before has made sure that there is one. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new ProcessorError('internal', 'INTERNAL', `missing: ${what}`);
  return value;
}
