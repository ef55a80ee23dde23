import { z } from 'zod';

/** An instant as text: ISO 8601 in UTC, with milliseconds. */
export const instant = (): z.ZodString => z.string().meta({ format: 'date-time' });

/** A whole number of 0 or more. */
export const count = (): z.ZodNumber => z.number().int().min(0);

/** A length of time in seconds, to the millisecond. */
export const seconds = (): z.ZodNumber => z.number();

/** A whole number in a query, in decimal digits and nothing else. */
export function whole(least: number, most: number, usual: number, description: string) {
  const digits = (text: unknown): unknown =>
    typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text;
  const number = z.preprocess(digits, z.number().int().min(least).max(most));
  // Of what is read in a step of its own the default is left out of the document, unless it has another name.
  return number.default(usual).meta({ description, usual });
}

/** How many to leave out, and how many to give at most. */
export function page(most: number, usual: number) {
  return {
    limit: whole(1, most, usual, 'How many to give at most.'),
    offset: whole(0, 1_000_000, 0, 'How many to leave out before them.'),
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
