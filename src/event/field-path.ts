import { ProcessorError } from '../errors/processor-error.ts';

/** One step of a path: an object's field, or an array's index. */
export type PathStep = string | number;

/**
 * Where a field stands in an event: `'a.b[0].c'`, or its steps where a name holds a dot or a bracket:
 * `['a', 'b.c', 0]`.
 */
export type FieldPath = string | readonly PathStep[];

/** A name, after a dot unless it is the first, or an index. */
const STEP = /(?:^|(?<!^)\.)([^.[\]]+)|\[(\d+)\]/y;

/**
 * The steps of a path.
 * @throws ProcessorError CONFIG_INVALID for an empty or malformed path.
 */
export function parseFieldPath(path: FieldPath): readonly PathStep[] {
  const steps = typeof path === 'string' ? stepsOfText(path) : [...path];
  const sound = steps.every((step) => typeof step === 'string' || (Number.isInteger(step) && step >= 0));
  if (steps.length === 0 || !sound) {
    throw new ProcessorError(
      'configuration',
      'CONFIG_INVALID',
      `${JSON.stringify(path)} is not a field path; use "a.b[0].c", or ["a", "b.c"] where a name has a dot`,
    );
  }
  return steps;
}

function stepsOfText(text: string): PathStep[] {
  const steps: PathStep[] = [];
  let at = 0;
  while (at < text.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    if (match === null) return [];
    steps.push(match[1] ?? Number(match[2]));
    at = STEP.lastIndex;
  }
  return steps;
}

/** The name a path goes by in keys and results: its text, or its steps joined with dots. */
export function nameOfPath(path: FieldPath): string {
  return typeof path === 'string' ? path : path.join('.');
}

/** The value at a path inside a value; undefined where there is none. Own fields only, so `__proto__` is a name; of arrays, elements only. */
export function valueAt(value: unknown, steps: readonly PathStep[]): unknown {
  let current: unknown = value;
  for (const step of steps) {
    if (typeof current !== 'object' || current === null) return undefined;
    // An index is for arrays and a name for objects: `length` of an array is no field of an event.
    if ((typeof step === 'number') !== Array.isArray(current)) return undefined;
    if (!Object.hasOwn(current, step)) return undefined;
    current = (current as Record<PathStep, unknown>)[step];
  }
  return current;
}
