import { validateHeaderName, validateHeaderValue } from 'node:http';
import { ProcessorError } from '../errors/processor-error.ts';

/**
 * Headers of a request, with a bearer token where one is given. `reserved` are set by whoever sends the request.
 * @throws ProcessorError CONFIG_INVALID for what is no header, with its name and never with its value.
 */
export function requestHeaders(
  headers: Readonly<Record<string, string>> | ReadonlyMap<string, string> = {},
  token?: string,
  reserved: readonly string[] = [],
): Readonly<Record<string, string>> {
  const given: readonly (readonly [string, string])[] =
    headers instanceof Map ? [...(headers as ReadonlyMap<string, string>)] : Object.entries(headers);
  const all: Record<string, string> = {};
  for (const [name, value] of given) {
    const lower = name.toLowerCase();
    if (reserved.includes(lower)) throw invalid(name, 'is set by the sink itself');
    if (lower in all) throw invalid(name, 'is there twice');
    check(name, value);
    all[lower] = value;
  }
  if (token === undefined) return all;
  if ('authorization' in all) throw invalid('Authorization', 'cannot be given together with a token');
  if (token === '') throw new ProcessorError('configuration', 'CONFIG_INVALID', 'the token is empty');
  check('Authorization', token);
  return { ...all, authorization: `Bearer ${token}` };
}

function check(name: string, value: string): void {
  try {
    validateHeaderName(name);
  } catch {
    throw invalid(name, 'has no name that HTTP takes');
  }
  try {
    validateHeaderValue(name, value);
  } catch {
    throw invalid(name, 'has a value that HTTP does not take: a line break, say');
  }
}

function invalid(name: string, what: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', `the header ${JSON.stringify(name)} ${what}`);
}
