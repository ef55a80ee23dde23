import { ProcessorError } from '../errors/processor-error.ts';

/**
 * The URL of a server.
 * @throws ProcessorError CONFIG_INVALID for any other text; its message never holds it, for there may be a password in it.
 */
export function parseServerUrl(text: string, protocols: readonly string[], what: string): URL {
  // Node takes a URL with one slash, or none, for what it is not.
  const url = /^\w+:\/\//.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !protocols.includes(url.protocol) || url.hostname === '') {
    const example = `${protocols[0] ?? ''}//host:8080/path`;
    throw new ProcessorError('configuration', 'CONFIG_INVALID', `${what} needs a URL such as ${example}`);
  }
  if (url.hash !== '') {
    throw new ProcessorError('configuration', 'CONFIG_INVALID', `the URL of ${what} takes nothing behind a "#"`);
  }
  return url;
}

/** A URL for messages: without user, password and query, where secrets may stand. */
export function describeUrl(text: string): string {
  const { protocol, host, pathname, search } = new URL(text);
  return `${protocol}//${host}${pathname}${search === '' ? '' : '?…'}`;
}
