import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Transform } from './decode-plan.ts';
import { describeThrown, describeValue } from './describe-value.ts';
import type { Fault } from './field-faults.ts';

/** How many issues of a schema a message tells. */
const MAX_ISSUES = 3;

const NAMES: Readonly<Record<Transform['type'], string>> = {
  schema: 'the schema',
  filter: 'filter',
  map: 'map',
  'flat-map': 'flatMap',
};

/** Refuses a record from within a transform. */
export class TransformFault extends Error {
  readonly fault: Fault;

  constructor(code: Fault['code'], message: string, path: string | null = null) {
    super(message);
    this.fault = { code, message, path };
  }
}

/**
 * The events that a record becomes: none if it was filtered out, several after a flatMap.
 * @throws TransformFault if a transform refuses the record, or throws.
 */
export function applyTransforms(transforms: readonly Transform[], record: unknown): readonly unknown[] {
  let events: readonly unknown[] = [record];
  for (const transform of transforms) {
    try {
      events = applyTransform(transform, events);
    } catch (error) {
      if (error instanceof TransformFault) throw error;
      throw new TransformFault('transform_failed', `${NAMES[transform.type]} threw: ${describeThrown(error)}`);
    }
  }
  return events;
}

function applyTransform(transform: Transform, events: readonly unknown[]): readonly unknown[] {
  switch (transform.type) {
    case 'schema':
      return events.map((event) => validate(transform.schema, event));
    case 'filter':
      return events.filter((event) => synchronous('filter', transform.apply(event as never)));
    case 'map':
      return events.map((event) => synchronous('map', transform.apply(event as never)));
    case 'flat-map':
      return events.flatMap((event) => flatten(synchronous('flatMap', transform.apply(event as never))));
  }
}

function validate(schema: StandardSchemaV1, event: unknown): unknown {
  const result = schema['~standard'].validate(event);
  if (isThenable(result)) {
    abandon(result);
    throw new TransformFault('schema', 'async schemas are not supported: validate returned a promise');
  }
  if (result.issues === undefined) return result.value;
  const [first] = result.issues;
  const told = result.issues.slice(0, MAX_ISSUES).map(describeIssue);
  const more = result.issues.length - told.length;
  if (more > 0) told.push(`and ${String(more)} more`);
  throw new TransformFault(
    'schema',
    told.join('; ') || 'the schema gave no reason',
    first === undefined ? null : pathOf(first),
  );
}

function describeIssue(issue: StandardSchemaV1.Issue): string {
  const path = pathOf(issue);
  return path === null ? issue.message : `at ${path}: ${issue.message}`;
}

/** `usage.items[0].cost`, as paths are written in plans; null for the event itself. */
function pathOf(issue: StandardSchemaV1.Issue): string | null {
  let text = '';
  for (const segment of issue.path ?? []) {
    const step = typeof segment === 'object' ? segment.key : segment;
    if (typeof step === 'number') text += `[${String(step)}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text === '' ? null : text;
}

function flatten(events: unknown): unknown[] {
  const isIterable = typeof events === 'object' && events !== null && Symbol.iterator in events;
  if (!isIterable) {
    throw new TransformFault('transform_failed', `flatMap must return an iterable, found ${describeValue(events)}`);
  }
  return Array.from(events as Iterable<unknown>);
}

/** The value, unless it is a promise: the types forbid it, but JavaScript callers have no types. */
function synchronous<T>(name: string, value: T): T {
  if (!isThenable(value)) return value;
  abandon(value);
  throw new TransformFault('transform_failed', `${name} returned a promise; transforms are synchronous`);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Nobody waits for this promise, and the record is refused for it: its own failure must not end the process. */
function abandon(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => undefined);
}
