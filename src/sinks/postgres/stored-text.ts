/** In place of what no text of Postgres can hold: the character NUL, and halves of characters. */
const REPLACEMENT = '\u{fffd}';
const UNSTORABLE = /\0|\p{Cs}/gu;
/** JSON escapes them so. A backslash before that makes it something else, and cleaning then changes nothing. */
const UNSTORABLE_JSON = /\\u(?:0000|d[89a-f])/i;

/** The text as Postgres can hold it. */
export function plainText(text: string): string {
  return text.replace(UNSTORABLE, REPLACEMENT);
}

/** The value as JSON that a `jsonb` can hold. */
export function jsonText(value: object): string {
  const text = JSON.stringify(value);
  return UNSTORABLE_JSON.test(text) ? JSON.stringify(cleaned(JSON.parse(text))) : text;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return plainText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null) return value;
  const object = Object.create(null) as Record<string, unknown>;
  for (const [name, below] of Object.entries(value)) object[plainText(name)] = cleaned(below);
  return object;
}
