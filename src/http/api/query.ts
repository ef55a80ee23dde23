import { z } from 'zod';

/** A query that was understood, or what is wrong with it, for a person. */
export type ReadQuery<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** Reads a query by its shape. A parameter that is not known, or is there twice and must not be, is an error. */
export function readQuery<S extends z.ZodType>(shape: S, params: URLSearchParams): ReadQuery<z.output<S>> {
  const given = new Map<string, string | string[]>();
  for (const name of new Set(params.keys())) {
    const values = params.getAll(name);
    given.set(name, values.length === 1 ? (values[0] ?? '') : values);
  }
  const parsed = shape.safeParse(Object.fromEntries(given));
  if (parsed.success) return { ok: true, value: parsed.data };
  const { properties = {} } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' });
  const names = new Set(parsed.error.issues.flatMap((issue) => namesOf(issue)));
  const message = Array.from(names, (name) => {
    const taken = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return typeof taken === 'object'
      ? `${name} takes ${wordsFor(taken)}, found ${foundText(given.get(name))}`
      : `there is no parameter ${JSON.stringify(cut(name))}; there ${listText(Object.keys(properties))}`;
  });
  return { ok: false, message: message.join('; ') };
}

/** The parameters that an issue is about. */
function namesOf(issue: z.core.$ZodIssue): readonly string[] {
  return issue.code === 'unrecognized_keys' ? issue.keys : issue.path.slice(0, 1).map(String);
}

/** What a parameter takes, by what is documented of it. */
function wordsFor({
  type,
  minimum,
  maximum,
  maxLength,
  maxItems,
  enum: choices,
  description,
}: z.core.JSONSchema.JSONSchema): string {
  if (choices !== undefined) return `one of ${choices.join(', ')}`;
  if (type === 'integer') return `a whole number from ${String(minimum)} to ${String(maximum)}`;
  if (type === 'array') return `one value or more, ${String(maxItems)} at most`;
  if (maxLength !== undefined) return `text of ${String(maxLength)} characters at most`;
  return description === undefined || !description.includes('ISO 8601')
    ? 'text, once'
    : 'ISO 8601 with its zone such as 2026-01-31T10:00:00Z, or milliseconds since 1970';
}

function foundText(found: string | readonly string[] | undefined): string {
  if (found === undefined) return 'none';
  return typeof found === 'string' ? JSON.stringify(cut(found)) : `${String(found.length)} of them`;
}

/** What was sent is shown as far as it is needed to be known again. */
function cut(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function listText(names: readonly string[]): string {
  if (names.length === 0) return 'are none here';
  return `${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
}
