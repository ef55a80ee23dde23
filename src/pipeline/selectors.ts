import type { Selector } from '../decode/decode-plan.ts';
import { nameOfPath, parseFieldPath, type FieldPath } from '../event/field-path.ts';

/** Where a part of an event `E` comes from: a path into it, or a function of it. */
export type EventSelector<E, R> = FieldPath | ((event: E) => R);

/** @throws ProcessorError CONFIG_INVALID for a malformed path. */
export function selectorOf<E, R>(selector: EventSelector<E, R>): Selector {
  if (typeof selector === 'function') return { type: 'function', select: selector };
  return { type: 'path', path: parseFieldPath(selector), text: nameOfPath(selector) };
}
