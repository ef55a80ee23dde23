import type { z } from 'zod';

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
  return { ok: false, message: parsed.error.issues.map(describeIssue).join('; ') };
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const where = issue.path.map(String).join('.');
  return where === '' ? issue.message : `${where}: ${issue.message}`;
}
