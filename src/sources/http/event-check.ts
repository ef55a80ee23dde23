import { messageOf } from '../../errors/message-of.ts';
import { isUtf8 } from 'node:buffer';
import { MAX_RECORD_BYTES } from '../../event/record-block.ts';
import type { IntakeRejection } from './intake-outcome.ts';

/** Objects and arrays may be nested this deep. */
const MAX_DEPTH = 64;

/** What an event is found to be: a JSON object, or why it is refused. */
export type CheckedEvent = { readonly object: Readonly<Record<string, unknown>> } | IntakeRejection;

/** Looks at what makes bytes an event at all: size, UTF-8, JSON, an object, nesting. */
export function checkEvent(bytes: Uint8Array): CheckedEvent {
  if (bytes.length > MAX_RECORD_BYTES) return refuse('too_large', 'The event has more than 1,048,576 bytes.');
  if (!isUtf8(bytes)) return refuse('invalid_utf8', 'The event is not valid UTF-8.');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
  } catch (error) {
    return refuse('not_json', `The event is not JSON: ${messageOf(error)}`);
  }
  if (!isObject(value)) return refuse('not_an_object', `An event is a JSON object; found ${kindOf(value)}.`);
  if (isDeeper(value, MAX_DEPTH)) {
    return refuse('too_deep', `Objects and arrays are nested more than ${String(MAX_DEPTH)} deep.`);
  }
  return { object: value };
}

/** True for a JSON object, as parsed. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name of a parsed value's kind, for messages. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Bounded by `depth`, unlike the value: `JSON.parse` takes any nesting. */
function isDeeper(value: object, depth: number): boolean {
  if (depth === 0) return true;
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null && isDeeper(inner as object, depth - 1)) return true;
  }
  return false;
}

function refuse(reason: IntakeRejection['reason'], message: string): IntakeRejection {
  return { reason, message };
}
