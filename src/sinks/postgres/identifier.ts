import { ProcessorError } from '../../errors/processor-error.ts';

/** The server cuts longer names off, in silence: two names may then be one. */
const MAX_BYTES = 63;

/**
 * A name as SQL writes it, quotes and all: the whole text is the name, whatever is in it. Case is kept.
 * @throws ProcessorError CONFIG_INVALID for what no table or column can be called.
 */
export function quoteIdentifier(name: string, what = 'name'): string {
  const bytes = Buffer.byteLength(name);
  let wrong: string | undefined;
  if (name === '') wrong = 'is empty';
  else if (name.includes('\0')) wrong = 'has a NUL character in it';
  else if (/\p{Cs}/u.test(name)) wrong = 'has half a character in it';
  else if (bytes > MAX_BYTES) wrong = `has ${String(bytes)} bytes, and Postgres takes ${String(MAX_BYTES)}`;
  if (wrong !== undefined) {
    const message = `the ${what} ${JSON.stringify(name)} ${wrong}; choose another one`;
    throw new ProcessorError('configuration', 'CONFIG_INVALID', message);
  }
  return `"${name.replaceAll('"', '""')}"`;
}
