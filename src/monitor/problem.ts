import type { RunProblem } from '../runtime/run-observer.ts';
import type { Instant } from '../time/instant.ts';

/** Something that went wrong, as a person is told of it. */
export interface Problem {
  readonly at: Instant;
  readonly level: 'warn' | 'error';
  readonly message: string;
  /** What it is about, by name; only plain values, cut short. */
  readonly details: Readonly<Record<string, string>>;
}

const MAX_DETAILS = 12;
const MAX_CHARACTERS = 1000;
/** Names of fields whose values are not shown, whatever they are. */
const SECRET = /pass(?:word|wd|phrase)|secret|token|credential|authorization|sasl|api_?key/i;

/** What is kept of a problem. Fields that are objects are left out, and those that are named like a secret masked. */
export function problemOf({ level, message, fields }: RunProblem, at: Instant): Problem {
  const shown = Object.entries(fields).flatMap(([name, value]): [string, string][] => {
    const text = textOf(value);
    return text === undefined ? [] : [[name, SECRET.test(name) ? '***' : cut(text)]];
  });
  return { at, level, message: cut(message), details: Object.fromEntries(shown.slice(0, MAX_DETAILS)) };
}

function textOf(value: unknown): string | undefined {
  if (value instanceof Error) return value.message;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return undefined;
}

function cut(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}
