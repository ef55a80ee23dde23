import { messageOf } from '../errors/message-of.ts';
import { isInstant } from '../time/instant.ts';

/** The most characters of a value that a message shows. */
const MAX_SHOWN = 60;

/** A value as a message names it: its kind, and as much of it as is decent to show. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'nothing';
    case 'string':
      return `the text ${quoted(value)}`;
    case 'number':
      return `the number ${String(value)}`;
    case 'boolean':
      return String(value);
    case 'bigint':
      return `the bigint ${shorten(String(value))}`;
    case 'object':
      return value === null ? 'null' : describeObject(value);
    default:
      return `a ${typeof value}`;
  }
}

/** The text of a number as it stood in the record. */
export function describeNumberText(text: string): string {
  return `the number ${shorten(text)}`;
}

/** The message of whatever a user's function threw. */
export function describeThrown(thrown: unknown): string {
  try {
    return shorten(messageOf(thrown), 300);
  } catch {
    // A thrown object without a usable toString has nothing to say.
    return 'something that cannot be shown';
  }
}

function describeObject(value: object): string {
  if (value instanceof Date) {
    const at = value.getTime();
    return isInstant(at) ? `the date ${value.toISOString()}` : 'an invalid date';
  }
  const kind = Array.isArray(value) ? 'array' : 'object';
  try {
    return `the ${kind} ${shorten(JSON.stringify(value) ?? kind)}`;
  } catch {
    // Cycles, bigints and failing toJSON methods have no JSON; the kind says enough.
    return `an ${kind}`;
  }
}

function quoted(text: string): string {
  return text.length <= MAX_SHOWN ? JSON.stringify(text) : `${JSON.stringify(shorten(text)).slice(0, -1)}"`;
}

function shorten(text: string, length = MAX_SHOWN): string {
  if (text.length <= length) return text;
  // Half of a surrogate pair is not a character.
  const cut = /[\ud800-\udbff]/.test(text.charAt(length - 1)) ? length - 1 : length;
  return `${text.slice(0, cut)}…`;
}
