import { messageOf } from '../errors/message-of.ts';

/** Codes of Node's errors for what passes by itself, or once somebody has seen to the network or the server. */
const CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOENT', // the Unix socket of a server that is not there
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The code of an error; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** True where the server could not be reached, or the connection to it broke. */
export function isNetworkError(error: unknown): boolean {
  return CODES.has(codeOf(error));
}

/** What an error has to say. Several addresses that were tried in vain are one error without words of its own. */
export function reasonOfError(error: unknown): string {
  const tried = error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : '';
  return [messageOf(error), tried, codeOf(error)].find((text) => text !== '') ?? 'it does not say why';
}
