import { z } from 'zod';

/** An instant as text: ISO 8601 in UTC, with milliseconds. */
export const instant = (): z.ZodString => z.string().meta({ format: 'date-time' });

/** A whole number of 0 or more. */
export const count = (): z.ZodNumber => z.number().int().min(0);

/** A length of time in seconds, to the millisecond. */
export const seconds = (): z.ZodNumber => z.number();

/** How many to leave out, and how many to give at most. */
export function page(most: number, usual: number) {
  return {
    limit: z.coerce.number().int().min(1).max(most).default(usual).describe('How many to give at most.'),
    offset: z.coerce.number().int().min(0).max(1_000_000).default(0).describe('How many to leave out before them.'),
  };
}

/** A moment in a query: ISO 8601 with its zone, or milliseconds since 1970. */
export const moment = (description: string) =>
  z
    .union([z.iso.datetime({ offset: true }), z.string().regex(/^-?\d{1,16}$/)])
    .transform((text) => (/^-?\d+$/.test(text) ? Number(text) : Date.parse(text)))
    .optional()
    .meta({ type: 'string', description: `${description} ISO 8601, or milliseconds since 1970.` });

/** A query parameter that may be there several times. */
export const several = (most: number, description: string) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((values) => (typeof values === 'string' ? [values] : values))
    .pipe(z.array(z.string()).max(most))
    .meta({ type: 'array', items: { type: 'string' }, maxItems: most, description });

/** The body of every answer that is an error. */
export const failure = z
  .object({
    error: z.object({
      code: z.string().describe('What is wrong, for programs.'),
      message: z.string().describe('What is wrong and what to do, for people.'),
    }),
  })
  .meta({ id: 'Error', description: 'Why there is no other answer.' });
